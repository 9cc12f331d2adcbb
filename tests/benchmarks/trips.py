"""Round trips of a whole session over a link with a delay: STARTTLS, AUTH, 100 recipients.

The server is a thread with blocking sockets that offers all that helps.  The link counts how
often a client waited for an answer; the handshake of TCP is not seen by it.
"""

from __future__ import annotations

import asyncio
import contextlib
import smtplib
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import aiosmtplib
import trustme
from tables import Effort, Goal, Table

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
        with contextlib.suppress(OSError), contextlib.ExitStack() as open_:  # without QUIT
            _session(sock, context, open_)


def _session(sock: socket.socket, context: ssl.SSLContext, open_: contextlib.ExitStack) -> None:
    open_.enter_context(sock)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.sendall(b"220 x\r\n")
    file = open_.enter_context(sock.makefile("rb"))
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
            sock = open_.enter_context(context.wrap_socket(sock, server_side=True))
            file, is_secure = open_.enter_context(sock.makefile("rb")), True
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


def count(client: Callable[[int, Path], None], delay: float) -> tuple[int, float]:
    """The round trips that a client makes, and its seconds."""
    with served() as (port, ca), Link(port, delay=delay) as link:
        began = time.perf_counter()
        client(link.port, ca)
        return link.round_trips, time.perf_counter() - began


@contextmanager
def served() -> Iterator[tuple[int, Path]]:
    """The server's port, and whom to trust."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with tempfile.TemporaryDirectory() as folder:
        ca = Path(folder, "ca.pem")
        authority.cert_pem.write_to_path(str(ca))
        with socket.create_server(("127.0.0.1", 0)) as listener:
            threading.Thread(target=serve, args=(listener, context), daemon=True).start()
            yield listener.getsockname()[1], ca
            listener.shutdown(socket.SHUT_RDWR)


def tables(effort: Effort) -> Iterator[Table]:
    """Each client once: the count is exact."""
    title = f"STARTTLS, AUTH and a message to {len(PEOPLE)} recipients, {2000 * DELAY:.0f} ms away"
    table = Table("trips", title, ["round trips", "seconds"])
    for name, client in CLIENTS.items():
        try:
            table.rows[name] = [*count(client, DELAY)]
        except FileNotFoundError:
            table.rows[name] = [None, None]
    for name, most in (("ours", 8), ("ours, with BDAT", 7)):
        trips, _ = table.rows[name]
        assert isinstance(trips, int)
        table.goals.append(Goal(f"{name}, round trips", trips, most, is_most=True))
    yield table
