"""The server's end of a real socket, in a thread, as odd as a test wants."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from smtpconsole.net.connection import Connection
from smtpconsole.net.dial import dial
from smtpconsole.smtp.events import Event, Target

Play = Callable[["Peer"], None]


class Peer:
    """The server's end, in a thread; `heard` is all it was sent."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.heard = b""
        self.errors: list[Exception] = []

    def say(self, octets: bytes) -> None:
        self.sock.sendall(octets)

    def hear(self) -> bytes:
        """One line, and nothing of the next; b"" when the client is gone."""
        line = b""
        while not line.endswith(b"\n"):
            octet = self.sock.recv(1)
            if not octet:
                break
            line += octet
        self.heard += line
        return line

    def until_gone(self) -> None:
        while piece := self.sock.recv(65536):
            self.heard += piece

    def reset(self) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.sock.close()


@contextmanager
def server(play: Play) -> Iterator[tuple[int, list[Peer]]]:
    """A server for one connection; its port, and the peer once there is one."""
    peers: list[Peer] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def run() -> None:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            with sock:
                sock.settimeout(10)
                peer = Peer(sock)
                peers.append(peer)
                try:
                    play(peer)
                except OSError as error:
                    peer.errors.append(error)
                finally:
                    peer.sock.close()

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield listener.getsockname()[1], peers
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(15)
            assert not thread.is_alive()


async def connected(port: int, **options: object) -> tuple[Connection, list[Event]]:
    events: list[Event] = []
    target = Target("127.0.0.1", port, implicit_tls=bool(options.pop("implicit", False)))
    options = {"timeout": 5, **options}
    return await dial(target, observe=events.append, **options), events  # type: ignore[arg-type]


def of(events: list[Event], kind: type) -> list[Event]:
    return [event for event in events if isinstance(event, kind)]


async def turn() -> None:
    """Let asyncio close the sockets it has given up."""
    for _ in range(3):
        await asyncio.sleep(0)


async def gone(connection: Connection) -> None:
    connection.close()
    await connection.lost
