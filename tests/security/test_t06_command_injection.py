"""T6: no argument becomes a second command, whichever way it is said."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpconsole.net.proxy_header import ProxyHeader
from smtpconsole.smtp import commands, exchanges, parameters
from smtpconsole.smtp.commands import Send

INJECTED = ["a\r\nRSET", "a\nRSET", "a\rRSET", "a\0b", "a\x7f", "\r\n", "a@b>\r\nRCPT TO:<c@d"]

SAYINGS: dict[str, Callable[[str], Send]] = {
    "MAIL": lambda text: commands.mail(text, encoding="utf-8"),
    "MAIL, option": lambda text: commands.mail("a@b", options=[text], encoding="utf-8"),
    "RCPT": lambda text: commands.rcpt(text, encoding="utf-8"),
    "RCPT, option": lambda text: commands.rcpt("a@b", options=[text], encoding="utf-8"),
    "ETRN": commands.etrn,
    "XCLIENT": lambda text: commands.xclient(name=text),
    "XFORWARD": lambda text: commands.xforward(helo=text),
    "AUTH": lambda text: commands.command(b"AUTH", b"PLAIN", text.encode()),
    "VRFY": lambda text: commands.command(b"VRFY", text.encode()),
    "EHLO": lambda text: next(exchanges.hello(text.encode()))[0],
    "a free parameter": lambda text: commands.mail("a@b", options=[parameters.free(text)]),
}


def _is_one_line(data: bytes) -> bool:
    return data.endswith(b"\r\n") and not any(octet < 0x20 for octet in data[:-2])


@pytest.mark.parametrize("name", SAYINGS)
@pytest.mark.parametrize("text", INJECTED)
def test_t6_what_would_be_a_second_command_is_refused(name: str, text: str) -> None:
    try:
        send = SAYINGS[name](text)
    except ValueError:
        return
    assert name in ("XCLIENT", "XFORWARD")  # xtext (RFC 3461, 4) makes it harmless
    assert _is_one_line(send.data)


@pytest.mark.parametrize("name", SAYINGS)
@given(text=st.text(max_size=30))
def test_t6_a_command_is_one_line_or_is_refused(name: str, text: str) -> None:
    try:
        send = SAYINGS[name](text)
    except ValueError:
        return
    assert _is_one_line(send.data)


_HOSTS = st.one_of(
    st.text(max_size=30),
    st.ip_addresses().map(str),
    st.builds("{}{}".format, st.ip_addresses(v=6), st.text(max_size=10)),
)


@given(host=_HOSTS, port=st.integers(-5, 70000))
def test_t6_a_proxy_header_holds_addresses_only(host: str, port: int) -> None:
    with socket.socket() as sock:
        try:
            octets = ProxyHeader(version=1, source=(host, port), destination=(host, 25)).octets(
                sock
            )
        except ValueError:
            return
    assert _is_one_line(octets) and b"%d" % port in octets
