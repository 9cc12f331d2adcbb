"""A server that answers by verb, keeps what it was told, and can be as odd as a test wants."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

EHLO = b"250-scripted\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250 8BITMIME\r\n"
ANSWERS = {
    b"EHLO": EHLO,
    b"DATA": b"354 go\r\n",
    b".": b"250 queued as 7\r\n",
    b"QUIT": b"221 bye\r\n",
}


class Scripted:
    """What it answers, and what it heard."""

    def __init__(self, answers: dict[bytes, bytes]) -> None:
        self.answers = {b"": b"220 scripted\r\n", **ANSWERS, **answers}
        self.heard: list[bytes] = []  # lines, without their ends
        self.port = 0

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        in_content = False
        try:
            writer.write(self.answers[b""])
            while octets := await reader.readline():
                line = octets.removesuffix(b"\r\n")
                self.heard.append(line)
                verb = line.split(b" ", 1)[0].upper()
                key = line if line in self.answers else verb
                if in_content and line != b".":
                    continue
                if verb == b"BDAT":
                    self.heard.append(await reader.readexactly(int(line.split()[1])))
                answer = self.answers.get(key, b"250 ok\r\n")
                in_content = verb == b"DATA" and answer.startswith(b"354")
                if answer == b"":
                    break
                writer.write(answer)
                if verb == b"QUIT":
                    break
        finally:
            writer.close()


@asynccontextmanager
async def scripted(answers: dict[bytes, bytes] | None = None) -> AsyncIterator[Scripted]:
    """Run it; an empty answer closes the connection."""
    script = Scripted(answers or {})
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        await script.converse(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    script.port = server.sockets[0].getsockname()[1]
    try:
        yield script
    finally:
        server.close()
        await server.wait_closed()
        if tasks:
            await asyncio.wait(set(tasks), timeout=1)
