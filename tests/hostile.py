"""A TCP server that does as it is told, step by step: whatever a server can do to a client.

    with serve(Say(b"220 hi\\r\\n"), Hear(b"NOOP"), Reset()) as server:
        connection = await dial(Target("127.0.0.1", server.port))

1. The steps are data.  They are played once, for one client, in a thread of their own with
   blocking sockets: a server that floods or stalls starves nobody's event loop.
2. What the client said is in `server.heard`, what went wrong with it in `server.errors`; a
   client that says something else than a `Hear` expects fails the test.
3. It listens on the loopback only, no step lasts longer than LIMIT, and it ends when the steps
   are played or the `with` block is left, whichever comes first.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

HOST = "127.0.0.1"
LIMIT = 10.0  # seconds
PIECE = 65536
MOST = 32 * 2**20  # octets of a flood


class Server:
    """What a test sees of it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.heard = bytearray()  # every octet of the client; decrypted, after StartTls
        self.errors: list[Exception] = []  # of the connection and of TLS, as the server sees them
        self.said = 0  # octets, without those of TLS
        self.server_name: str | None = None  # the SNI of the client
        self.leaving = threading.Event()  # the test is over


class Step(Protocol):
    """Something the server does."""

    def play(self, peer: Peer) -> None:
        """Do it."""


class Peer:
    """The server's end of the connection."""

    def __init__(self, sock: socket.socket, server: Server) -> None:
        self.socket = sock
        self.server = server

    def say(self, data: bytes) -> None:
        self.socket.sendall(data)
        self.server.said += len(data)

    def hear(self, most: int = PIECE) -> bytes:
        """What comes next; b"" when the client is gone."""
        data = self.socket.recv(most)
        self.server.heard += data
        return data

    def hear_line(self) -> bytes:
        """One line, and nothing of the next."""
        line = b""
        while not line.endswith(b"\n") and (octet := self.hear(1)):
            line += octet
        return line


# --- steps ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Say:
    """Say octets, in one go."""

    data: bytes

    def play(self, peer: Peer) -> None:
        peer.say(self.data)


@dataclass(frozen=True)
class Hear:
    """Read one line, which begins so."""

    prefix: bytes = b""

    def play(self, peer: Peer) -> None:
        line = peer.hear_line()
        assert line.startswith(self.prefix), f"expected {self.prefix!r}, heard {line!r}"


@dataclass(frozen=True)
class HearRecord:
    """Read one TLS record as it comes, such as a ClientHello."""

    def play(self, peer: Peer) -> None:
        head = b""
        while len(head) < 5 and (data := peer.hear(5 - len(head))):
            head += data
        left = int.from_bytes(head[3:5], "big")
        while left and (data := peer.hear(left)):
            left -= len(data)


@dataclass(frozen=True)
class HearContent:
    """Read as far as the lone dot, so many octets at once, with so many seconds between."""

    piece: int = PIECE
    seconds: float = 0.0

    def play(self, peer: Peer) -> None:
        tail = b"\r\n"
        while not tail.endswith(b"\r\n.\r\n") and (data := peer.hear(self.piece)):
            tail = (tail + data)[-5:]
            peer.server.leaving.wait(self.seconds)


@dataclass(frozen=True)
class HearSome:
    """Read so many octets, and leave the rest."""

    count: int

    def play(self, peer: Peer) -> None:
        left = self.count
        while left and (data := peer.hear(min(left, PIECE))):
            left -= len(data)


@dataclass(frozen=True)
class Echo:
    """Answer each line with 250 and the line itself, until the client goes."""

    def play(self, peer: Peer) -> None:
        while line := peer.hear_line():
            peer.say(b"250 " + line)


@dataclass(frozen=True)
class Await:
    """Wait for the test."""

    event: threading.Event

    def play(self, peer: Peer) -> None:
        self.event.wait(LIMIT)


@dataclass(frozen=True)
class Silence:
    """Read all, and say nothing, until the client goes."""

    def play(self, peer: Peer) -> None:
        while peer.hear():
            pass


@dataclass(frozen=True)
class Deaf:
    """Neither read nor say anything, until the test is over."""

    def play(self, peer: Peer) -> None:
        peer.server.leaving.wait(LIMIT)


@dataclass(frozen=True)
class Drip:
    """Say octet by octet, with so many seconds between, until the client goes."""

    data: bytes
    seconds: float = 0.0

    def play(self, peer: Peer) -> None:
        for octet in self.data:
            peer.say(bytes([octet]))
            if peer.server.leaving.wait(self.seconds):
                return


@dataclass(frozen=True)
class Flood:
    """Say the same until the client goes, or so many octets are said."""

    data: bytes
    most: int = MOST

    def play(self, peer: Peer) -> None:
        chunk = self.data * max(1, PIECE // len(self.data))
        begun = time.monotonic()
        while peer.server.said < self.most and time.monotonic() - begun < LIMIT:
            peer.say(chunk)


@dataclass(frozen=True)
class Close:
    """Close: what is unread by then makes a reset of it; under TLS, there is no close_notify."""

    def play(self, peer: Peer) -> None:
        peer.socket.close()


@dataclass(frozen=True)
class HalfClose:
    """Say no more, and go on reading."""

    def play(self, peer: Peer) -> None:
        bare(peer).shutdown(socket.SHUT_WR)


@dataclass(frozen=True)
class Reset:
    """End the connection with an RST."""

    def play(self, peer: Peer) -> None:
        peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.socket.close()


@dataclass(frozen=True)
class ReceiveBuffer:
    """Let the kernel take no more than so many octets in advance."""

    octets: int

    def play(self, peer: Peer) -> None:
        peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.octets)


@dataclass(frozen=True)
class StartTls:
    """Shake hands."""

    context: ssl.SSLContext

    def play(self, peer: Peer) -> None:
        def note(_socket: ssl.SSLSocket, name: str | None, _context: ssl.SSLContext) -> None:
            peer.server.server_name = name

        self.context.sni_callback = note  # type: ignore[assignment]  # typeshed wants an int
        peer.socket = self.context.wrap_socket(peer.socket, server_side=True)


@dataclass(frozen=True)
class EndTls:
    """Say close_notify, and go on in the clear; with the rest in the same segment."""

    data: bytes = b""

    def play(self, peer: Peer) -> None:
        assert isinstance(peer.socket, ssl.SSLSocket)
        cork = getattr(socket, "TCP_CORK", None)
        if cork is not None:
            peer.socket.setsockopt(socket.IPPROTO_TCP, cork, 1)
        peer.socket.setblocking(False)
        with contextlib.suppress(ssl.SSLWantReadError):
            peer.socket.unwrap()
        peer.socket = bare(peer)
        peer.socket.settimeout(LIMIT)
        peer.say(self.data)
        if cork is not None:
            peer.socket.setsockopt(socket.IPPROTO_TCP, cork, 0)


def bare(peer: Peer) -> socket.socket:
    """The socket under TLS."""
    if isinstance(peer.socket, ssl.SSLSocket):
        return socket.socket(fileno=peer.socket.detach())
    return peer.socket


# --- playing ----------------------------------------------------------------------------------


@contextmanager
def serve(*steps: Step) -> Iterator[Server]:
    """Play the steps for the first client that comes."""
    failures: list[AssertionError] = []
    with socket.create_server((HOST, 0)) as listener:
        server = Server(listener.getsockname()[1])
        thread = threading.Thread(target=_play, args=(listener, server, steps, failures))
        thread.start()
        try:
            yield server
        finally:
            server.leaving.set()
            _wake(server.port)
            thread.join(LIMIT + 5)
    assert not thread.is_alive(), "the server does not end"
    for failure in failures:
        raise failure


def _play(
    listener: socket.socket,
    server: Server,
    steps: tuple[Step, ...],
    failures: list[AssertionError],
) -> None:
    sock, _ = listener.accept()
    sock.settimeout(LIMIT)
    peer = Peer(sock, server)
    try:
        for step in steps if not server.leaving.is_set() else ():
            step.play(peer)
    except OSError as error:  # of TLS, too
        server.errors.append(error)
    except AssertionError as failure:
        failures.append(failure)
    finally:
        peer.socket.close()
        sock.close()


def _wake(port: int) -> None:
    """Where no client came, be the client; where one came, nobody notices."""
    with contextlib.suppress(OSError):
        socket.create_connection((HOST, port), timeout=1).close()
