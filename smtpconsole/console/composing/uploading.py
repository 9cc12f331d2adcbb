"""A message on its way: how far it is, and how a person ends it.

What was said cannot be unsaid, so whoever stops is told what the server may have of it.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.composing.contents import Load
from smtpconsole.console.composing.progress import Pace, Progress
from smtpconsole.smtp import exchanges
from smtpconsole.smtp.commands import CONTENT
from smtpconsole.smtp.errors import Silence
from smtpconsole.smtp.events import Phase
from smtpconsole.smtp.session import Exchange
from smtpconsole.smtp.streams import Stream

if TYPE_CHECKING:
    from smtpconsole.console.console import Console
    from smtpconsole.net.connection import Connection

T = TypeVar("T")

LOOK = 0.25  # seconds between two looks

_NOTHING = "the server has no message: its envelope alone is none"
_PART = (
    "the server has part of the message and not its end, and must forget it (RFC 5321, 4.1.1.10)"
)
_CHUNKS = "the server has some chunks and not the last, which makes no message (RFC 3030, 2)"
_ALL = (
    "the whole message was said, and its answer not awaited: the server may have taken it",
    "look for it in the server's log, or in the mailbox, before it is sent again",
)


class Upload:
    """A message under way."""

    def __init__(self, connection: Connection, load: Load) -> None:
        self._connection = connection
        self._load = load
        self._pace = Pace()
        self._is_stopped = False
        self.task: asyncio.Task[Any] | None = None
        self.leaves_no_way_back = False
        self.story: tuple[str, ...] = ()  # what the server may have, where it was stopped

    @property
    def progress(self) -> Progress:
        """How far it is, counted in octets that the peer's side has taken."""
        unsent = self._connection.taken[1]
        done = max(0, self._load.taken - unsent)
        is_over = done >= self._load.length
        note = "the server has not answered yet" if is_over else ""
        return Progress("sending", done, self._load.length, self._pace.rate(done), note)

    @property
    def _is_said(self) -> bool:
        """The end of the message is said, as far as it depends on us."""
        session = self._connection.session
        return session.streaming is None and (
            session.phase is Phase.CONTENT or any(send.is_end for send in session.unanswered)
        )

    def stop(self) -> None:
        """End it here, by the person's word."""
        if self.task is None or self._is_stopped:
            return
        self._is_stopped = True
        session = self._connection.session
        verbs = {send.verb for send in session.unanswered}
        if self._is_said:
            self.story = _ALL
        elif session.phase is Phase.CONTENT:
            self.story = (_PART,)
        elif isinstance(self._load.content, Stream) and self._load.taken:
            self.story = (_CHUNKS,)
        else:
            self.story = (_NOTHING,)
        # A 354 that comes later would want content.
        self.leaves_no_way_back = b"DATA" in verbs or CONTENT in verbs
        self.task.cancel()


async def carry(console: Console, exchange: Exchange[T], load: Load) -> T:
    """Hold an exchange that says content, and tell how far it is meanwhile.

    ConsoleError says what the server may have where a person stops it.
    """
    upload = Upload(console.connected(), load)
    task = asyncio.ensure_future(console.run(exchange))
    upload.task, console.upload = task, upload
    try:
        while not (await asyncio.wait({task}, timeout=LOOK))[0]:
            console.front.progress(upload.progress)
    finally:
        console.upload = None
        console.front.progress(None)
        if not task.done():  # whoever waits here is cancelled
            task.cancel()
            await asyncio.wait({task})
    if not task.cancelled():
        if isinstance(error := task.exception(), Silence):
            error.taken = max(0, load.taken - error.unsent)
        return task.result()
    raise await _stopped(console, upload)


async def _stopped(console: Console, upload: Upload) -> ConsoleError:
    connection = console.connection
    if connection is not None and upload.leaves_no_way_back:
        connection.abort()
    if connection is not None and connection.is_open:
        if connection.session.transaction is not None:
            await console.run(exchanges.reset())
        return ConsoleError("sending was stopped; the connection goes on", *upload.story)
    told = "sending was stopped, and the connection closed: nothing else can be said in a message"
    return ConsoleError(told, *upload.story, next=(console.connect_line,))


@contextmanager
def interrupted_by(stop: Callable[[], object]) -> Iterator[None]:
    """Ctrl+C calls this, and does not end the program."""
    loop, before = asyncio.get_running_loop(), signal.getsignal(signal.SIGINT)
    try:
        loop.add_signal_handler(signal.SIGINT, stop)
    except (NotImplementedError, RuntimeError, ValueError):  # Windows, or not the main thread
        yield
        return
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        signal.signal(signal.SIGINT, before)
