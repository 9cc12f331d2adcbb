"""A street of mail servers: one port of many loopback addresses, each with its own manners.

with street(folder, {"127.0.0.2": "good", "127.0.0.3": "silent"}) as houses: ...
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import trustme

OFFERS = b"250-%b\r\n250-SIZE 1000\r\n250-8BITMIME\r\n250-PIPELINING\r\n250 STARTTLS\r\n"


@dataclass
class Street:
    """Mail servers that listen on one port of many addresses; how one behaves is its word."""

    port: int
    context: ssl.SSLContext
    ca: Path
    heard: list[tuple[str, bytes]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)  # SNI that was sent


@contextmanager
def street(folder: Path, houses: dict[str, str]) -> Iterator[Street]:
    """Servers at these addresses; the value says how they behave."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("mail.lab.test").configure_cert(context)
    with contextlib.ExitStack() as stack:
        listeners = []
        port = 0
        for address in houses:
            listener = stack.enter_context(socket.create_server((address, port)))
            port = port or listener.getsockname()[1]
            listeners.append(listener)
        found = Street(port, context, folder / "ca.pem")
        context.sni_callback = lambda _s, name, _c: found.names.append(str(name))  # type: ignore[assignment,return-value]
        threads = [
            threading.Thread(target=_house, args=(found, listener, behaviour), daemon=True)
            for listener, behaviour in zip(listeners, houses.values(), strict=True)
        ]
        for thread in threads:
            thread.start()
        try:
            yield found
        finally:
            for listener in listeners:
                listener.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join(5)
    assert not any(thread.is_alive() for thread in threads)


def _house(found: Street, listener: socket.socket, behaviour: str) -> None:
    with contextlib.suppress(OSError):
        while True:
            sock, _ = listener.accept()
            with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
                stack.callback(sock.close)
                sock.settimeout(5)
                _talk(found, sock, stack, behaviour)


def _talk(found: Street, sock: socket.socket, stack: contextlib.ExitStack, behaviour: str) -> None:
    address = sock.getsockname()[0]
    if behaviour == "silent":
        sock.recv(1)  # b"" when the client has gone
        return
    sock.sendall(b"554 No\r\n" if behaviour == "refusing" else b"220 mail.lab.test ESMTP\r\n")
    offers = OFFERS % b"mail.lab.test"
    if behaviour == "plain":
        offers = offers.replace(b"250 STARTTLS", b"250 HELP")
    while line := _line(sock):
        found.heard.append((address, line))
        verb = line.split()[0].upper()
        if verb == b"STARTTLS":
            sock.sendall(b"220 Go\r\n")
            if behaviour == "closing":
                return
            sock = found.context.wrap_socket(sock, server_side=True)
            stack.callback(sock.close)
            offers = offers.replace(b"250 STARTTLS", b"250 HELP")
        else:
            sock.sendall({b"EHLO": offers, b"QUIT": b"221 Bye\r\n"}.get(verb, b"500 What\r\n"))
        if verb == b"QUIT":
            return


def _line(sock: socket.socket) -> bytes:
    line = b""
    while not line.endswith(b"\n") and (octet := sock.recv(1)):
        line += octet
    return line


HOUSES = {
    "127.0.0.2": "good",
    "127.0.0.3": "good",
    "127.0.0.4": "silent",
    "127.0.0.5": "closing",
    "127.0.0.6": "plain",
    "127.0.0.7": "refusing",
}
LAB = """
@ MX 10 mail
@ MX 20 odd
@ MX 30 gone
@ TXT "v=spf1 mx -all"
_dmarc TXT "v=DMARC1; p=reject; rua=mailto:a@lab.test"
_smtp._tls TXT "v=TLSRPTv1; rua=mailto:a@lab.test"
mail A 127.0.0.2
mail A 127.0.0.3
odd A 127.0.0.4
odd A 127.0.0.5
odd A 127.0.0.6
odd A 127.0.0.7
gone A 127.0.0.8
sound MX 10 mail
sound TXT "v=spf1 mx -all"
half MX 10 mail
half MX 20 gone
half MX 30 plain
plain A 127.0.0.6
nullmx MX 0 .
silent MX 10 silenthost
silenthost A 127.0.0.4
"""
