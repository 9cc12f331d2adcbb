"""A slow, narrow or breaking link to a server on this machine, in user space.

    with Link(server.port, delay=0.025) as link:          # a round trip takes 50 ms
        ...connect to link.port...
        assert link.round_trips == 5

1. It listens on the loopback and carries each connection to the given port, both ways.
2. A `Way` is one direction: its delay, its rate, into how many octets it cuts what passes, and
   after how many it breaks.  What is given to Link itself holds for both.
3. It runs in a thread with a loop of its own, so that a busy client does not slow it, and can
   be used from tests, benchmarks and other programs alike.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections import deque
from dataclasses import dataclass

HOST = "127.0.0.1"
_PIECE = 65536
_NARROW = 16384  # octets a narrow link takes in advance


@dataclass(frozen=True)
class Way:
    """One direction of a link."""

    delay: float = 0.0  # seconds
    rate: float | None = None  # octets a second
    piece: int | None = None  # octets a segment
    cut: int | None = None  # the link breaks after so many octets


class Link:
    """A link to a port of this machine."""

    def __init__(
        self,
        port: int,
        *,
        delay: float = 0.0,
        rate: float | None = None,
        piece: int | None = None,
        cut: int | None = None,
        up: Way | None = None,
        down: Way | None = None,
    ) -> None:
        both = Way(delay, rate, piece, cut)
        self._ways = {"up": up or both, "down": down or both}
        self._server_port = port
        self._began = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener = socket.create_server((HOST, 0))
        if self._ways["up"].rate is not None:
            # What this end's kernel took in advance would have left the sender's sight.
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _NARROW)
        self.port = int(self._listener.getsockname()[1])
        self.octets = {"up": 0, "down": 0}  # "up" is towards the server
        self.connections = 0
        self.round_trips = 0  # how often the client had to wait for what it heard

    def __enter__(self) -> Link:
        self._thread.start()
        self._began.wait(5)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(5)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._accept, sock=self._listener, limit=_NARROW)
        self._began.set()
        await self._stop.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.connections += 1
        passage = _Passage(self)
        far: asyncio.StreamWriter | None = None
        with contextlib.suppress(OSError, asyncio.CancelledError):
            far_reader, far = await asyncio.open_connection(HOST, self._server_port)
            ways = [
                asyncio.ensure_future(passage.carry("up", reader, far)),
                asyncio.ensure_future(passage.carry("down", far_reader, writer)),
            ]
            try:
                await asyncio.wait(ways)
            finally:
                for way in ways:
                    way.cancel()
        for each in (writer, far):
            if each is not None:
                each.close()


class _Passage:
    """One connection through the link."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._has_asked = False
        self._is_cut = asyncio.Event()

    async def carry(
        self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Carry one direction until its end, or until the link breaks."""
        way = self._link._ways[name]
        pieces: deque[tuple[float, bytes]] = deque()
        news = asyncio.Event()
        reading = asyncio.ensure_future(self._read(name, way, reader, pieces, news))
        loop, left = asyncio.get_running_loop(), way.cut
        try:
            while not self._is_cut.is_set():
                while not pieces:
                    news.clear()
                    await news.wait()
                due, data = pieces.popleft()
                await self._until(due - loop.time())
                if not data or self._is_cut.is_set():
                    break
                if left is not None:
                    data = data[:left]
                    left -= len(data)
                self._link.octets[name] += len(data)
                if name == "down":
                    self._answered()
                writer.write(data)
                await writer.drain()
                if left == 0:
                    self._is_cut.set()
        except OSError:
            pass  # the other end is gone, and this direction with it
        finally:
            reading.cancel()
            with contextlib.suppress(OSError):
                writer.write_eof()
            if self._is_cut.is_set():
                writer.close()

    async def _until(self, seconds: float) -> None:
        if seconds > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._is_cut.wait()

    async def _read(
        self,
        name: str,
        way: Way,
        reader: asyncio.StreamReader,
        pieces: deque[tuple[float, bytes]],
        news: asyncio.Event,
    ) -> None:
        loop, free = asyncio.get_running_loop(), 0.0
        data = b"more"
        while data:
            try:
                data = await reader.read(self._most(way))
            except OSError:
                data = b""
            if data and name == "up":
                self._has_asked = True
            now = loop.time()
            if way.rate is not None:
                free = max(now, free) + len(data) / way.rate
                # No more is taken in than the link carries in a moment: that is back-pressure.
                await asyncio.sleep(max(0.0, free - now - 0.05))
            size = way.piece or _PIECE
            due = max(now, free) + way.delay
            pieces += [(due, data[at : at + size]) for at in range(0, len(data), size)] or [
                (due, b"")
            ]
            news.set()

    def _most(self, way: Way) -> int:
        """How much to read at once: a slow link takes little."""
        return _PIECE if way.rate is None else max(1, min(_PIECE, int(way.rate / 20)))

    def _answered(self) -> None:
        """What the client had said before this comes is answered: so it could go on."""
        if self._has_asked:
            self._has_asked = False
            self._link.round_trips += 1
