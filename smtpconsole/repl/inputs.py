"""Where lines come from: a pipe, a terminal that can do nothing, or one that can.

1. A pipe is asked nothing: its next line is the answer.
2. A plain terminal is prompted, and nothing is drawn anew; what is secret is typed without echo.
3. One that can move its cursor gets editing, history, completion (`screen`).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Protocol

from smtpconsole.console.composing.uploading import interrupted_by
from smtpconsole.console.console import Console
from smtpconsole.console.history import History


@dataclass(frozen=True, slots=True)
class Pasted:
    """Several lines at once."""

    lines: list[str]


class Input(Protocol):
    """What gives lines."""

    prompts: bool  # somebody is there who can be asked

    def __enter__(self) -> object: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> bool | None: ...

    async def line(self, prompt: str, *, is_hidden: bool) -> str | Pasted | None:
        """The next line; None at the end."""

    async def answer(self, question: str, *, is_secret: bool) -> str:
        """The answer to a question; "" if there is none."""


def input_for(console: Console, history: History) -> Input:
    """What fits the terminal, or the pipe, and the person."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return Pipe()
    if os.environ.get("TERM", "dumb") == "dumb" or console.settings.accessible:
        return Plain()
    from smtpconsole.repl.screen import Screen  # which needs prompt_toolkit

    return Screen(console, history)


class Pipe:
    """Lines of a pipe or a file."""

    prompts = False

    def __init__(self) -> None:
        self._lines = _Lines()

    def __enter__(self) -> Pipe:
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()

    async def line(self, prompt: str, *, is_hidden: bool) -> str | Pasted | None:
        """The next line."""
        with _unseen(is_hidden):
            return await self._lines.next()

    async def answer(self, question: str, *, is_secret: bool) -> str:
        """The next line is the answer."""
        with _unseen(is_secret):
            return await self._lines.next() or ""


class Plain(Pipe):
    """Lines of a terminal, as it gives them."""

    prompts = True

    async def line(self, prompt: str, *, is_hidden: bool) -> str | Pasted | None:
        """Prompt for the next line; several that came in one go were pasted."""
        print(prompt, end="", flush=True)
        again = partial(print, f"\n{prompt}", end="", flush=True)
        with _unseen(is_hidden), interrupted_by(again):  # as in a shell: another line
            line = await self._lines.next()
        if line is None:
            print()
        more = [] if is_hidden or line is None else self._lines.waiting()
        return Pasted([line or "", *more]) if more else line

    async def answer(self, question: str, *, is_secret: bool) -> str:
        """Ask."""
        print(question, end="", flush=True)
        with _unseen(is_secret):
            return await self._lines.next() or ""


@contextlib.contextmanager
def _unseen(is_secret: bool) -> Iterator[None]:
    """A terminal does not show what is typed meanwhile."""
    if not is_secret or not sys.stdin.isatty():
        yield
        return
    try:
        import termios
    except ImportError:  # Windows: it is seen, and that is known there
        yield
        return
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    unseen = [*before]
    unseen[3] &= ~termios.ECHO
    termios.tcsetattr(descriptor, termios.TCSADRAIN, unseen)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
        print(flush=True)  # the line end was not seen either


class _Lines:
    """Lines of standard input, without a thread where the platform allows it.

    A thread that reads could not be stopped: Ctrl+C would have to wait for Enter.
    """

    def __init__(self) -> None:
        self._ready: deque[str] = deque()
        self._begun = b""
        self._is_over = False
        self._news: asyncio.Event | None = None
        self._is_watched = False

    def waiting(self) -> list[str]:
        """What has come already, and was not asked for; a terminal gives it line by line."""
        descriptor = sys.stdin.fileno()
        while not self._is_over and select.select([descriptor], [], [], 0)[0]:
            self._take(os.read(descriptor, 65536))
        lines = [*self._ready]
        self._ready.clear()
        return lines

    async def next(self) -> str | None:
        """The next line without its end; None at the end of input."""
        while not self._ready and not self._is_over:
            await self._more()
        return self._ready.popleft() if self._ready else None

    def close(self) -> None:
        """Watch no longer."""
        if self._is_watched:
            self._is_watched = False
            asyncio.get_running_loop().remove_reader(sys.stdin.fileno())

    async def _more(self) -> None:
        loop = asyncio.get_running_loop()
        if self._news is None:
            self._news = asyncio.Event()
            # A file on disk cannot be watched, and need not be.
            with contextlib.suppress(NotImplementedError, OSError, ValueError):
                loop.add_reader(sys.stdin.fileno(), self._news.set)
                self._is_watched = True
        if not self._is_watched:
            line = await asyncio.to_thread(sys.stdin.buffer.readline)
            self._take(line)
            return
        await self._news.wait()
        self._news.clear()
        if not select.select([sys.stdin.fileno()], [], [], 0)[0]:
            return  # the loop has told twice of what was read once; to read now would block it
        try:
            self._take(os.read(sys.stdin.fileno(), 65536))
        except OSError:  # the terminal is gone
            self._take(b"")

    def _take(self, data: bytes) -> None:
        if not data:
            self._is_over = True
            data = b"\n" if self._begun else b""
        *lines, self._begun = (self._begun + data).split(b"\n")
        for line in lines:
            self._ready.append(line.removesuffix(b"\r").decode("utf-8", "surrogateescape"))
