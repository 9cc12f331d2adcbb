"""The ways to a server, on real servers, proxies and programs."""

from __future__ import annotations

import dovecot
import gateways
import postfix
import pytest

from smtpconsole.net.connection import Connection
from smtpconsole.net.dial import dial
from smtpconsole.net.policy import TlsPolicy
from smtpconsole.net.proxy_header import ProxyHeader
from smtpconsole.net.resumption import TlsSessions
from smtpconsole.net.route import Route
from smtpconsole.net.timeouts import Timeouts
from smtpconsole.smtp.commands import mail, rcpt
from smtpconsole.smtp.errors import Unreachable
from smtpconsole.smtp.events import Connected, Event, Noted, Target
from smtpconsole.smtp.exchanges import deliver, hello, quit, start_tls

pytestmark = pytest.mark.servers

LETTER = b"Subject: by another way\r\n\r\nx\r\n"
V4 = ("192.0.2.7", 52000)
V6 = ("2001:db8::7", 52000)


async def gone(connection: Connection) -> None:
    await connection.run(quit(), 20)
    connection.close()
    await connection.wait_closed()


async def delivered(connection: Connection, *recipients: str, lmtp: bool = False) -> list[int]:
    """Send a letter; the code of the last reply for each recipient."""
    await connection.run(hello(b"client.example", lmtp=lmtp), 20)
    sends = [rcpt(each) for each in recipients]
    outcome = await connection.run(deliver(mail(""), sends, LETTER, lmtp=lmtp), Timeouts())
    assert len(outcome.accepted) == len(recipients)
    return [reply.code for reply in outcome.content]


# --- PROXY


@pytest.mark.parametrize(
    ("header", "client"),
    [
        (ProxyHeader(version=1, source=V4, destination=("192.0.2.1", 25)), "192.0.2.7"),
        (ProxyHeader(version=1, source=V6, destination=("2001:db8::1", 25)), "2001:db8::7"),
        (ProxyHeader(source=V4), "192.0.2.7"),
        (ProxyHeader(source=V6, destination=("2001:db8::1", 25)), "2001:db8::7"),
        (ProxyHeader(source=V4, tlvs=((2, b"mail.example"), (4, bytes(20)))), "192.0.2.7"),
        (ProxyHeader(kind="local"), "127.0.0.1"),
        (ProxyHeader(version=1), "127.0.0.1"),
    ],
    ids=["v1 IPv4", "v1 IPv6", "v2 IPv4", "v2 IPv6", "v2 TLVs", "v2 local", "v1 itself"],
)
async def test_postfix_takes_the_client_from_the_proxy_header(
    mta: postfix.Postfix, header: ProxyHeader, client: str
) -> None:
    count = len(mta.letters("alice")) if (mta.folder / "mail" / "alice").exists() else 0
    connection = await dial(
        Target("localhost", mta.proxy_port), timeout=20, route=Route(family=4, header=header)
    )
    assert await delivered(connection, f"alice@{postfix.DOMAIN}") == [250]
    await gone(connection)
    letter = mta.wait_for_letters("alice", count + 1)[-1]
    address = f"[IPv6:{client}]" if ":" in client else f"[{client}]"
    assert address.encode() in letter.split(b"\nSubject:")[0]
    assert f"connect from unknown[{client}]" in mta.log() or client == "127.0.0.1"


async def test_the_proxy_header_comes_before_tls(mta: postfix.Postfix) -> None:
    policy = TlsPolicy(ca_file=str(mta.ca))
    for target in (
        Target("localhost", mta.proxy_tls_port, implicit_tls=True),
        Target("localhost", mta.proxy_port),
    ):
        route = Route(family=4, header=ProxyHeader(source=("192.0.2.99", 1)))
        connection = await dial(target, tls=policy, timeout=20, route=route)
        await connection.run(hello(b"client.example"), 20)
        if not target.implicit_tls:
            await connection.run(start_tls(), 20)
        assert connection.tls is not None and connection.tls.version == "TLSv1.3"
        await gone(connection)
    assert mta.log().count("connect from unknown[192.0.2.99]") >= 2


@pytest.mark.parametrize("header", [b"PROXY WRONG\r\n", b"\r\n\r\n\0\r\nQUIT\nnonsense", None])
async def test_postfix_has_no_greeting_for_a_wrong_header(
    mta: postfix.Postfix, header: bytes | None
) -> None:
    connection = await dial(
        Target("localhost", mta.proxy_port), timeout=20, route=Route(family=4, header=header)
    )
    assert connection.session.last_reply is not None
    assert connection.session.last_reply.code == 421
    await connection.wait_closed()


# --- programs and sockets


async def test_sendmail_speaks_on_its_stdin_and_stdout(mta: postfix.Postfix) -> None:
    events: list[Event] = []
    connection = await dial(
        Target("", 0), observe=events.append, timeout=20, route=Route(command=mta.sendmail)
    )
    assert await delivered(connection, f"bob@{postfix.DOMAIN}") == [250]
    await gone(connection)
    notes = [event.text for event in events if isinstance(event, Noted)]
    assert notes[-1] == "env ended with status 0"
    log = mta.log()
    assert "status=sent (delivered to maildir)" in log or "removed" in log


@pytest.mark.parametrize("way", ["TCP", "UNIX"])
async def test_lmtp_to_dovecot_answers_for_each_recipient(mda: dovecot.Dovecot, way: str) -> None:
    target = Target("localhost", mda.lmtp_port, lmtp=True)
    if way == "UNIX":
        target = Target("", 0, lmtp=True, path=str(mda.lmtp_socket))
    connection = await dial(target, timeout=20, route=Route(family=4) if way == "TCP" else None)
    codes = await delivered(connection, "alice@example.test", dovecot.FULL, lmtp=True)
    assert codes == [250, 552]
    await gone(connection)
    assert LETTER.split(b"\r\n")[0] in mda.letters("alice")[-1]


# --- proxies


@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "http"])
@pytest.mark.parametrize("implicit_tls", [False, True], ids=["plain", "TLS"])
async def test_through_a_real_proxy(
    mta: postfix.Postfix, proxies: gateways.Gateways, scheme: str, implicit_tls: bool
) -> None:
    events: list[Event] = []
    port = mta.tls_port if implicit_tls else mta.port
    connection = await dial(
        Target("localhost", port, implicit_tls),
        observe=events.append,
        tls=TlsPolicy(ca_file=str(mta.ca)),
        timeout=20,
        route=Route(proxy=proxies.url(scheme), family=4),
    )
    assert (await connection.run(hello(b"client.example"), 20)).code == 250
    await gone(connection)
    (connected,) = (event for event in events if isinstance(event, Connected))
    assert connected.peer.endswith(proxies.url(scheme, user=""))
    assert gateways.PASSWORD not in repr(events)


@pytest.mark.parametrize("scheme", ["socks5h", "http"])
async def test_a_real_proxy_refuses_with_its_reason(
    mta: postfix.Postfix, proxies: gateways.Gateways, scheme: str
) -> None:
    cases = (
        (proxies.url(scheme, user=""), mta.port),
        (proxies.url(scheme, password="wrong"), mta.port),
        (proxies.url(scheme), 1),  # where nobody listens
    )
    for url, port in cases:
        with pytest.raises(Unreachable, match="does not connect to") as caught:
            await dial(Target("127.0.0.1", port), timeout=20, route=Route(proxy=url))
        assert len(caught.value.attempts) == 1
        assert gateways.PASSWORD not in str(caught.value)


# --- TLS


async def test_postfix_resumes_a_session(mta: postfix.Postfix) -> None:
    policy = TlsPolicy(ca_file=str(mta.ca), sessions=TlsSessions())
    resumed = []
    for _ in range(2):
        connection = await dial(
            Target("localhost", mta.tls_port, implicit_tls=True), tls=policy, timeout=20
        )
        await connection.run(hello(b"client.example"), 20)
        await gone(connection)
        assert connection.tls is not None
        resumed.append(connection.tls.is_resumed)
    assert resumed == [False, True]
