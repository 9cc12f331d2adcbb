"""Round trips of a whole session over a link with a delay: STARTTLS, AUTH, 100 recipients.

The server is a thread with blocking sockets that offers all that helps.  The link counts how
often a client spoke after it had been spoken to; the handshake of TCP is not seen by it.
"""

from __future__ import annotations

import asyncio
import smtplib
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import aiosmtplib
import trustme

sys.path.insert(0, str(Path(__file__).parent.parent))
from link import Link

from smtpconsole import SMTP

DELAY = 0.025  # seconds, each way
PEOPLE = [f"user{number}@example.org" for number in range(100)]
MESSAGE = "From: a@example.org\r\nSubject: trips\r\n\r\nHello\r\n"
OFFER = b"250-x\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-SIZE 1000000\r\n"


def serve(listener: socket.socket, context: ssl.SSLContext) -> None:
    """One client after the other, until the listener is closed."""
    while True:
        try:
            sock, _ = listener.accept()
        except OSError:
            return
        try:
            _session(sock, context)
        except OSError:
            pass  # a client that leaves without QUIT
        finally:
            sock.close()


def _session(sock: socket.socket, context: ssl.SSLContext) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.sendall(b"220 x\r\n")
    file = sock.makefile("rb")
    is_secure = False
    while line := file.readline():
        verb = line[:4].upper()
        more = b"250 AUTH PLAIN LOGIN\r\n" if is_secure else b"250 STARTTLS\r\n"
        answers = {b"EHLO": OFFER + more, b"DATA": b"354 go\r\n", b"AUTH": b"235 ok\r\n"}
        answer = {b"STAR": b"220 go\r\n", b"QUIT": b"221 bye\r\n", **answers}.get(verb)
        if verb == b"BDAT":
            file.read(int(line.split()[1]))
        sock.sendall(answer or b"250 ok\r\n")
        if verb == b"STAR":
            sock = context.wrap_socket(sock, server_side=True)
            file, is_secure = sock.makefile("rb"), True
        elif verb == b"DATA":
            while file.readline() != b".\r\n":
                pass
            sock.sendall(b"250 queued\r\n")
        elif verb == b"QUIT":
            return


def with_smtplib(port: int, ca: Path) -> None:
    with smtplib.SMTP("127.0.0.1", port, local_hostname="me.example") as client:
        client.starttls(context=ssl.create_default_context(cafile=str(ca)))
        client.login("alice", "secret")
        client.sendmail("a@example.org", PEOPLE, MESSAGE)


def with_aiosmtplib(port: int, ca: Path) -> None:
    asyncio.run(
        aiosmtplib.send(
            MESSAGE,
            sender="a@example.org",
            recipients=PEOPLE,
            hostname="127.0.0.1",
            port=port,
            username="alice",
            password="secret",
            cert_bundle=str(ca),
            local_hostname="me.example",
        )
    )


def with_swaks(port: int, ca: Path) -> None:
    command = [
        *("swaks", "--server", f"127.0.0.1:{port}", "--helo", "me.example", "--tls"),
        *("--auth", "PLAIN", "--auth-user", "alice", "--auth-password", "secret"),
        *("--pipeline", "--from", "a@example.org", "--to", ",".join(PEOPLE), "--body", "Hello"),
    ]
    subprocess.run(command, check=True, capture_output=True)


def with_ours(*, chunking: bool) -> Callable[[int, Path], None]:
    async def run(port: int, ca: Path) -> None:
        client = SMTP(
            hostname="127.0.0.1",
            port=port,
            username="alice",
            password="secret",
            cert_bundle=str(ca),
            local_hostname="me.example",
            chunking=chunking,
        )
        async with client:
            await client.sendmail("a@example.org", PEOPLE, MESSAGE)

    return lambda port, ca: asyncio.run(run(port, ca))


CLIENTS: dict[str, Callable[[int, Path], None]] = {
    "aiosmtplib": with_aiosmtplib,
    "smtplib": with_smtplib,
    "swaks --pipeline": with_swaks,
    "ours": with_ours(chunking=False),
    "ours, with BDAT": with_ours(chunking=True),
}


def measure(folder: Path) -> None:
    authority = trustme.CA()
    ca = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(ca))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=serve, args=(listener, context), daemon=True).start()
    print(f"\nSTARTTLS, AUTH and a message to {len(PEOPLE)} recipients, {2000 * DELAY:.0f} ms away")
    print(f"  {'':34}{'round trips':>12}{'seconds':>10}")
    for name, send in CLIENTS.items():
        with Link(listener.getsockname()[1], delay=DELAY) as link:
            began = time.perf_counter()
            try:
                send(link.port, ca)
            except FileNotFoundError:
                print(f"  {name:34}{'not installed':>12}")
                continue
            print(f"  {name:34}{link.round_trips:>12}{time.perf_counter() - began:>10.2f}")
    listener.close()
