"""A small real proxy: SOCKS5 with and without a login, and HTTP CONNECT, told apart by octets.

It connects only to this machine, and keeps what it was asked.  `glued=True` sends its last
answer in one segment with the first octets of the server, which is how greetings get lost.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Proxy:
    """What it wants, and what it was asked."""

    login: tuple[str, str] | None = None
    refuses: int | None = None  # a SOCKS reply or an HTTP status
    glued: bool = False
    port: int = 0
    asked: list[tuple[str, int]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            first = await reader.readexactly(1)
            serve = self._socks if first == b"\5" else self._http
            await serve(reader, writer)
        writer.close()

    async def _socks(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        methods = await reader.readexactly((await reader.readexactly(1))[0])
        method = 0 if self.login is None else 2
        writer.write(bytes((5, method if method in methods else 255)))
        if method not in methods:
            return
        if self.login is not None and not await self._is_login(reader, writer):
            return
        _, _, _, kind = await reader.readexactly(4)
        length = {1: 4, 4: 16}.get(kind) or (await reader.readexactly(1))[0]
        octets = await reader.readexactly(length)
        port = int.from_bytes(await reader.readexactly(2), "big")
        host = octets.decode() if kind == 3 else ".".join(map(str, octets))
        self.asked.append((host, port))
        if self.refuses is not None:
            writer.write(bytes((5, self.refuses, 0, 1)) + bytes(6))
            return
        await self._relay(reader, writer, port, b"\5\0\0\3\4host\0\7")

    async def _is_login(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        await reader.readexactly(1)
        user = await reader.readexactly((await reader.readexactly(1))[0])
        password = await reader.readexactly((await reader.readexactly(1))[0])
        is_right = (user.decode(), password.decode()) == self.login
        writer.write(bytes((1, 0 if is_right else 1)))
        return is_right

    async def _http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        host, _, port = head[0].split()[1].rpartition(":")
        self.asked.append((host, int(port)))
        if self.login is not None:
            token = base64.b64encode(":".join(self.login).encode()).decode()
            if f"Proxy-Authorization: Basic {token}" not in head:
                writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
                return
        if self.refuses is not None:
            writer.write(b"HTTP/1.1 %d No Way\r\nX: y\r\n\r\n" % self.refuses)
            return
        answer = b"HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n"
        await self._relay(reader, writer, int(port), answer)

    async def _relay(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, answer: bytes
    ) -> None:
        far_reader, far = await asyncio.open_connection("127.0.0.1", port)
        if self.glued:
            answer += await far_reader.read(1000)
        writer.write(answer)
        ways = [
            asyncio.ensure_future(_carry(reader, far)),
            asyncio.ensure_future(_carry(far_reader, writer)),
        ]
        await asyncio.wait(ways)
        far.close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
        writer.write_eof()


@asynccontextmanager
async def proxy(
    *, login: tuple[str, str] | None = None, refuses: int | None = None, glued: bool = False
) -> AsyncIterator[Proxy]:
    """Run it."""
    running = Proxy(login, refuses, glued)
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        await running.serve(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    running.port = server.sockets[0].getsockname()[1]
    try:
        yield running
    finally:
        server.close()
        await server.wait_closed()
        if tasks:
            await asyncio.wait(set(tasks), timeout=1)
