"""A link to a server on this machine that breaks at one octet, and a client's session through it.

    async with Breakable(server.port, Break("down", 120, "reset")) as link:
        ...connect to link.at...
        assert b"354" in link.carried["down"]

1. It lives in the client's own loop, since a session is broken at each of its octets: thousands
   of links, each of which must cost next to nothing.  `link.Link` is the one with a thread.
2. `carried` is what got through, `offered` what either end had handed over: the difference is
   what the link has lost.
3. What breaks is one direction after so many octets.  "fin" ends it in good order, and the other
   goes on; "reset" ends both with an RST; "silence" loses all that still comes, and tells nobody.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self, cast

SERVER = "127.0.0.1"
# Ports are few, and tests that look for one where nobody listens come by at 127.0.0.1.
HOST = "127.0.0.77" if sys.platform == "linux" else SERVER
_RST = struct.pack("ii", 1, 0)

Way = Literal["up", "down"]  # "up" is towards the server
How = Literal["fin", "reset", "silence"]
OTHER: dict[Way, Way] = {"up": "down", "down": "up"}


@dataclass(frozen=True)
class Break:
    """Where a link breaks, and how."""

    way: Way
    after: int  # octets in that direction
    how: How

    def __str__(self) -> str:
        return f"{self.how} after {self.after} octets {self.way}"


@dataclass
class Breakable:
    """A link for one connection."""

    server_port: int
    breaks: Break | None = None
    port: int = 0
    offered: dict[Way, bytearray] = field(default_factory=lambda: _both())
    carried: dict[Way, bytearray] = field(default_factory=lambda: _both())
    is_broken: bool = False

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._gone = {way: loop.create_future() for way in OTHER}
        self._ends: dict[Way, _End] = {}  # by the direction of what they hear
        sock = socket.create_server((HOST, 0), backlog=1)
        self.port = int(sock.getsockname()[1])
        await loop.create_connection(lambda: _End(self, "down"), SERVER, self.server_port)
        self._server = await loop.create_server(lambda: _End(self, "up"), sock=sock)
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Close what is still there, and wait until it is."""
        self._server.close()
        for end in self._ends.values():
            end.close()
        await asyncio.gather(*(self._gone[way] for way in self._ends))

    @property
    def at(self) -> tuple[str, int]:
        """Where to connect."""
        return HOST, self.port

    # --- what the ends tell

    def begun(self, end: _End) -> None:
        """One end is there; with both of them, what has been said goes on its way."""
        self._ends[end.way] = end
        if len(self._ends) == 2:
            for way in OTHER:
                waiting = bytes(self.offered[way])
                self.offered[way].clear()
                self.heard(way, waiting)

    def heard(self, way: Way, data: bytes) -> None:
        """Carry octets on, as far as the link goes."""
        self.offered[way] += data
        if len(self._ends) < 2:
            return
        breaks = self.breaks
        if breaks is not None and breaks.way == way:
            data = data[: max(0, breaks.after - len(self.carried[way]))]
        if data and not (self.is_broken and breaks is not None and breaks.way == way):
            self.carried[way] += data
            self._ends[OTHER[way]].transport.write(data)
        if breaks is not None and breaks.way == way and len(self.carried[way]) >= breaks.after:
            self._break(breaks)

    def ended(self, way: Way) -> None:
        """The end that speaks in this direction says no more."""
        other = self._ends.get(OTHER[way])
        is_unheard = self.is_broken and self.breaks is not None and self.breaks.way == way
        if other is not None and not is_unheard:
            other.finish()

    def lost(self, end: _End) -> None:
        """An end has gone, and the other is let go."""
        self._gone[end.way].set_result(None)
        other = self._ends.get(OTHER[end.way])
        if other is not None:
            other.close()

    def _break(self, breaks: Break) -> None:
        if self.is_broken:
            return
        self.is_broken = True
        if breaks.how == "fin":
            self._ends[OTHER[breaks.way]].finish()
        elif breaks.how == "reset":
            for end in self._ends.values():
                end.reset()


def _both() -> dict[Way, bytearray]:
    return {"up": bytearray(), "down": bytearray()}


class _End(asyncio.Protocol):
    """The link's end of one of its two connections."""

    transport: asyncio.Transport

    def __init__(self, link: Breakable, way: Way) -> None:
        self.link = link
        self.way = way  # of what is heard here
        self._is_finished = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.link.begun(self)

    def data_received(self, data: bytes) -> None:
        self.link.heard(self.way, data)

    def eof_received(self) -> bool:
        self.link.ended(self.way)
        return True

    def connection_lost(self, error: Exception | None) -> None:
        self.link.lost(self)

    def finish(self) -> None:
        """Say no more to it."""
        if not self._is_finished and not self.transport.is_closing():
            self._is_finished = True
            try:
                self.transport.write_eof()
            except OSError:  # it has gone, and asyncio will find out
                self.transport.abort()

    def reset(self) -> None:
        """End it with an RST."""
        sock = self.transport.get_extra_info("socket")
        if sock is not None and sock.fileno() >= 0:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST)
        self.transport.abort()

    def close(self) -> None:
        """End it once all is carried."""
        self.transport.close()
