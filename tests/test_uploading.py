"""A message on its way: how far it is, and what a person is told who stops it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from test_console import Person

from smtpconsole.console.coach import advise
from smtpconsole.console.composing.progress import Progress
from smtpconsole.console.console import Console
from smtpconsole.console.settings import Settings
from smtpconsole.transcript.journal import Journal

PATIENCE = 20  # seconds
LARGE = "/message huge --size 30M"
OFFER = b"250-slow\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 SIZE\r\n"


class Slow:
    """A server that reads content, or answers its end, only when it is let."""

    def __init__(self) -> None:
        self.port = 0
        self.may_read = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.heard: list[bytes] = []
        self.has_all = asyncio.Event()
        self.is_over = asyncio.Event()
        self.is_asked = asyncio.Event()  # for content
        self.is_hesitant = False  # to ask for it

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._converse(reader, writer)
        finally:
            writer.transport.abort()
            self.is_over.set()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 slow\r\n")
        while line := await reader.readline():
            self.heard.append(line.strip())
            verb = line.split()[0].upper()
            if verb == b"DATA":
                self.is_asked.set()
                if self.is_hesitant:
                    await self.may_read.wait()
                writer.write(b"354 go\r\n")
                await self._content(reader)
            elif verb == b"BDAT":
                await self.may_read.wait()
                await reader.readexactly(int(line.split()[1]))
            writer.write(OFFER if verb == b"EHLO" else b"250 ok\r\n")

    async def _content(self, reader: asyncio.StreamReader) -> None:
        await self.may_read.wait()
        end = b""
        while end != b"\r\n.\r\n":
            piece = await reader.read(2**16)
            if not piece:
                return
            end = (end + piece)[-5:]
        self.has_all.set()
        await self.may_answer.wait()


@asynccontextmanager
async def at() -> AsyncIterator[tuple[Console, Person, Slow]]:
    """A console connected to a slow server."""
    slow, person = Slow(), Person()
    server = await asyncio.start_server(slow.converse, "127.0.0.1", 0)
    slow.port = server.sockets[0].getsockname()[1]
    console = Console(person, Journal(), settings=Settings(name="me"))
    try:
        await console.execute(f"/connect 127.0.0.1:{slow.port}")
        yield console, person, slow
    finally:
        slow.may_read.set()
        slow.may_answer.set()
        await console.end()
        server.close()
        await slow.is_over.wait()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)  # nothing to be awaited: the console looks by itself


async def test_a_large_message_tells_how_far_it_is_until_it_is_over() -> None:
    async with at() as (console, person, slow):
        await console.execute(LARGE)
        sending = asyncio.create_task(console.execute("/send b@x"))
        await until(lambda: len(person.looks) > 2)
        (*_, look) = person.looks
        assert look is not None and look.total and 0 < look.done < look.total
        assert "MB" in str(look) and "Esc" in advise(console).key
        slow.may_read.set()
        await slow.has_all.wait()
        await until(lambda: "not answered yet" in str(person.looks[-1]))
        slow.may_answer.set()
        await sending
        assert person.looks[-1] is None and console.upload is None
        assert "has taken the message" in person.last


async def test_stopped_in_the_middle_of_the_content_it_is_no_message() -> None:
    async with at() as (console, person, slow):
        await console.execute(LARGE)
        sending = asyncio.create_task(console.execute("/send b@x"))
        await until(lambda: person.looks)
        assert console.upload is not None
        console.upload.stop()
        await sending
        assert "the connection closed" in person.last and "must forget it" in person.last
        assert f"/connect 127.0.0.1:{slow.port}" in person.last
        assert console.connection is not None and not console.connection.is_open


async def test_stopped_while_the_answer_is_awaited_the_server_may_have_taken_it() -> None:
    async with at() as (console, person, slow):
        slow.may_read.set()
        sending = asyncio.create_task(console.execute("/send b@x"))
        await slow.has_all.wait()
        assert console.upload is not None
        console.upload.stop()
        await sending
        assert "may have taken it" in person.last and "log" in person.last


async def test_stopped_before_the_server_wants_content_it_is_not_left_to_want_it() -> None:
    """A 354 that nobody waits for would make content of the next command."""
    async with at() as (console, person, slow):
        slow.is_hesitant = True
        sending = asyncio.create_task(console.execute("/send b@x"))
        await slow.is_asked.wait()
        assert console.upload is not None
        console.upload.stop()
        await sending
        assert "the connection closed" in person.last and "envelope alone" in person.last
        assert console.connection is not None and not console.connection.is_open


async def test_stopped_between_chunks_the_session_goes_on_in_step() -> None:
    async with at() as (console, person, slow):
        await console.execute(LARGE)
        sending = asyncio.create_task(console.execute("/send b@x --chunking"))
        await until(lambda: person.looks)
        assert console.upload is not None
        console.upload.stop()
        slow.may_read.set()
        await sending
        assert "the connection goes on" in person.last and "RFC 3030" in person.last
        assert slow.heard[-1] == b"RSET" and not any(b"LAST" in each for each in slow.heard)
        await console.execute("NOOP")
        assert console.connection is not None and console.connection.session.surplus is None
        assert str(console.connection.session.last_reply) == "250 ok"


async def test_a_cancelled_caller_leaves_no_upload_behind() -> None:
    async with at() as (console, person, _):
        await console.execute(LARGE)
        sending = asyncio.create_task(console.execute("/send b@x"))
        await until(lambda: person.looks)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert console.upload is None and person.looks[-1] is None
        assert console.connection is not None and not console.connection.is_open


@pytest.mark.parametrize(
    ("progress", "told"),
    [
        (Progress("sending", 0, 500), "[............] sending: 0 of 500 octets"),
        (
            Progress("sending", 5_000_000, 20_000_000, 1_000_000.0),
            "[###.........] sending: 5.0 of 20.0 MB, 1.0 MB/s, 15 s left",
        ),
        (
            Progress("sending", 10, 9_000_000_000, 50_000.0),
            "[............] sending: 0.0 of 9.0 GB, 50.0 kB/s, 50.0 h left",
        ),
        (Progress("sending", 5, None, 7.0), "sending: 5 octets, 7 octets/s"),
        (Progress("sending", 9, 9, 0.0, "waiting"), "sending: 9 of 9 octets; waiting"),
    ],
)
def test_progress_reads_at_a_glance(progress: Progress, told: str) -> None:
    assert str(progress) == told
