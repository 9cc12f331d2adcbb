"""A server that plays the other side of a transcript, for those who write clients.

1. Each connection plays one of the transcript, in their order, the last again and again.
2. What the client says is looked for in what is still to come: names and secrets may differ, the
   verb, the addresses and the mechanism may not.  What is passed over is told.
3. What is not to come gets a 503 that says what is; nothing is guessed.
4. Replies are the octets that were recorded, in their own time if that is wanted.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from ssl import SSLContext
from types import TracebackType
from typing import Self

from smtpconsole.sandbox import certificates
from smtpconsole.smtp.commands import CONTENT, GREETING
from smtpconsole.transcript.dialogue import UNASKED, Question, Talk
from smtpconsole.visible import visible

LINE = 64 * 1024  # octets of a line, and of what is read at once
MOST = 256 * 2**20  # octets of a chunk
SLOWEST = 600.0  # seconds that an answer takes at most

_NAMES = ("localhost", "127.0.0.1", "::1")
_CHUNK = re.compile(rb"\s*BDAT\s+(\d{1,12})\b", re.IGNORECASE)
_PATH = re.compile(r"<([^>]*)>")

Tell = Callable[[str], None]


class Replay:
    """A server on this computer that says what another one said; use it in a `with` block.

    `tell` is called, from a thread of its own, with a line for everything worth knowing.
    """

    def __init__(
        self,
        talks: Sequence[Talk],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        keeps_time: bool = False,
        tell: Tell = lambda line: None,
    ) -> None:
        assert talks, "there must be something to play"
        self._talks = list(talks)
        self._host, self._wanted = host, port
        self._keeps_time = keeps_time
        self._tell = tell
        self._count = 0
        self._identity = certificates.good(*_NAMES)
        self._directory = tempfile.TemporaryDirectory(prefix="smtpconsole-replay-")
        self.ca_file = Path(self._directory.name, "ca.pem")  # to be trusted after STARTTLS
        self.ca_file.write_bytes(self._identity.ca_pem)
        self.port = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._clients: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Listen, and return when clients can connect; OSError if the port is taken."""
        ready: Future[int] = Future()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        try:
            self.port = ready.result()
        except BaseException:
            self._directory.cleanup()
            raise

    def stop(self) -> None:
        """Close everything; nothing if it is not running."""
        if self._loop is not None and self._stopping is not None:
            with suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._stopping.set)
        if self._thread is not None:
            self._thread.join()
        self._directory.cleanup()

    def _run(self, ready: Future[int]) -> None:
        try:
            asyncio.run(self._serve(ready))
        except BaseException as error:
            if not ready.done():
                ready.set_exception(error)

    async def _serve(self, ready: Future[int]) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        implicit = any(talk.target is not None and talk.target.implicit_tls for talk in self._talks)
        server = await asyncio.start_server(
            self._accept,
            self._host,
            self._wanted,
            limit=LINE,
            ssl=self._identity.context if implicit else None,
        )
        ready.set_result(int(server.sockets[0].getsockname()[1]))
        await self._stopping.wait()
        server.close()
        for task in self._clients:
            task.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of our own: of its own, asyncio (3.11) complains when it is cancelled.
        task = asyncio.create_task(self._converse(reader, writer))
        self._clients.add(task)
        task.add_done_callback(self._clients.discard)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = self._talks[min(self._count, len(self._talks) - 1)]
        self._count += 1
        number = self._count
        player = _Player(talk, reader, writer, self._identity.context, self._keeps_time, self._tell)
        self._tell(f"client {number}: connected")
        try:
            await player.play()
        except (OSError, asyncio.IncompleteReadError):
            self._tell(f"client {number}: went away")
        finally:
            self._tell(f"client {number}: {player.summary}")
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


class _Player:
    """Plays one connection to one client."""

    def __init__(
        self,
        talk: Talk,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        context: SSLContext,
        keeps_time: bool,
        tell: Tell,
    ) -> None:
        self._left = list(talk.questions)
        self._reader, self._writer = reader, writer
        self._context = context
        self._keeps_time = keeps_time
        self._tell = tell
        self._mismatches = 0

    @property
    def summary(self) -> str:
        """How it went."""
        if not self._mismatches and not self._left:
            return "said all that the transcript has"
        parts = []
        if self._mismatches:
            parts.append(f"{self._mismatches} times something else than the transcript")
        if self._left:
            parts.append(f"not to its end: {_told(self._left[0])} was still to come")
        return "; ".join(parts)

    async def play(self) -> None:
        """The greeting, then an answer for each command."""
        if self._left and self._left[0].verb == GREETING:
            await self._answer(self._left.pop(0))
        else:
            await self._say(b"220 the transcript begins behind its greeting\r\n")
        while True:
            await self._unasked()
            line = await self._line()
            if not line:
                return
            question = await self._found(line)
            if question is None:
                if line.strip().upper() == b"QUIT":
                    return
                continue
            await self._listen(line, question)
            await self._answer(question)
            if question.verb == b"QUIT" or not question.answers:
                return  # the connection was lost here

    async def _found(self, line: bytes) -> Question | None:
        """The question that this is, looked for in those to come; None if it is none of them."""
        due = next((at for at, each in enumerate(self._left) if each.verb != UNASKED), None)
        found = (at for at, each in enumerate(self._left) if _is(line, each, is_due=at == due))
        at = next(found, None)
        if at is None:
            self._mismatches += 1
            wanted = f"has {_told(self._left[due])} here" if due is not None else "ends here"
            self._tell(f"the client says {_shown(line)}; the transcript {wanted}")
            code = "221 2.0.0" if line.strip().upper() == b"QUIT" else "503 5.5.1"
            text = f"{code} The transcript {wanted}\r\n"
            await self._say(text.encode("ascii", "replace"))
            return None
        for passed in self._left[:at]:
            if passed.verb != UNASKED:
                self._tell(f"passed over: {_told(passed)}")
        question = self._left[at]
        del self._left[: at + 1]
        return question

    async def _listen(self, line: bytes, question: Question) -> None:
        """Take what belongs to a command or is a message."""
        if question.verb == CONTENT:
            is_start = True  # of a line; a long one comes in parts
            while line and not (is_start and line.rstrip(b"\r\n") == b"."):
                is_start = line.endswith(b"\n")
                line = await self._line()
        elif (found := _CHUNK.match(line)) is not None:
            left = min(int(found[1]), MOST)
            while left:
                left -= len(await self._reader.readexactly(min(left, LINE)))

    async def _line(self) -> bytes:
        """The next line, of a long one a part; b"" at the end."""
        try:
            return await self._reader.readuntil(b"\n")
        except asyncio.IncompleteReadError as error:
            return error.partial
        except asyncio.LimitOverrunError as error:
            return await self._reader.readexactly(max(1, error.consumed))

    async def _answer(self, question: Question) -> None:
        before = question.ended
        for turn in question.answers:
            if self._keeps_time:
                await self._writer.drain()
                await asyncio.sleep(min(SLOWEST, max(0.0, turn.at - before)))
                before = turn.at
            await self._say(turn.data)
        if question.verb == b"STARTTLS" and question.code == 220:
            await self._writer.start_tls(self._context)

    async def _unasked(self) -> None:
        """What the server says by itself."""
        while self._left and self._left[0].verb == UNASKED:
            await self._answer(self._left.pop(0))

    async def _say(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()


def _is(line: bytes, question: Question, *, is_due: bool) -> bool:
    """What the client says is what was said then."""
    if question.verb in (GREETING, UNASKED):
        return False
    if question.verb == CONTENT:
        return is_due
    text = line.decode("utf-8", "surrogateescape").strip()
    words, then = text.upper().split(), question.line.upper().split()
    if question.verb == b"AUTH":
        # A response to a challenge is any line; a command has the mechanism that it had.
        return words[:2] == then[:2] if then[:1] == ["AUTH"] else is_due
    if not words or not then or words[0] != then[0]:
        return False
    if question.verb in (b"MAIL", b"RCPT"):
        paths = [_PATH.search(each) for each in (text, question.line)]
        return all(paths) and len({path[1].lower() for path in paths if path is not None}) == 1
    if question.verb in (b"EHLO", b"HELO", b"LHLO"):
        return True
    if question.verb == b"BDAT":
        return words[2:] == then[2:]
    return words == then


def _told(question: Question) -> str:
    if question.verb == CONTENT:
        return "the message"
    return visible(question.line) or "an empty line"


def _shown(line: bytes) -> str:
    """A line of a client, which may be a secret."""
    text = visible(line.rstrip(b"\r\n"))
    verb, blank, rest = text.partition(" ")
    if verb.upper() == "AUTH" and " " in rest:
        return f"{verb} {rest.split(' ')[0]} …"
    return f"{verb}{blank}{rest}"[:80]
