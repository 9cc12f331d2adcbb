"""The line mode: plain lines in and out, for pipes, dumb terminals and screen readers.

`C:` is what was said, `S:` what the server said, `*:` what happened.  Nothing is drawn.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession
from prompt_toolkit.patch_stdout import patch_stdout

from smtpconsole.console import editing
from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.coach import advise
from smtpconsole.console.console import Console, Suggestions
from smtpconsole.console.known import Known
from smtpconsole.console.progress import Progress, ProgressLine
from smtpconsole.console.settings import Settings
from smtpconsole.console.uploading import interrupted_by
from smtpconsole.smtp.events import Phase
from smtpconsole.transcript.journal import Journal
from smtpconsole.transcript.turns import Teller
from smtpconsole.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator


class Repl:
    """A front end in lines."""

    def __init__(
        self,
        journal: Journal,
        settings: Settings,
        suggestions: Suggestions,
        *,
        known: Known | None = None,
    ) -> None:
        self._console = Console(
            self, journal, settings=settings, suggestions=suggestions, known=known
        )
        self._teller = Teller(journal)
        self._told = 0
        self._has_left = False
        self._doing: asyncio.Future[None] | None = None
        self._line_of_progress = ProgressLine()
        self._is_terminal = sys.stdin.isatty() and sys.stdout.isatty()
        self._prompt: PromptSession[str] | None = PromptSession() if self._is_terminal else None

    async def run(self) -> None:
        """Read lines until the end of input or /quit."""
        console = self._console
        console.journal.subscribe(self._tell)
        with patch_stdout():
            if console.suggestions.target:
                await console.execute(console.connect_line)
            while not self._has_left:
                line = await self._line()
                if line is None:
                    break
                if console.held is not None:
                    await self._do(line or "/next")
                elif line or console.phase is Phase.CONTENT:
                    await self._do(line)
        await console.end()
        if self._doing is not None:  # something was held
            await asyncio.wait({self._doing})

    async def _do(self, line: str) -> None:
        """Do what a line says, until it is done or step mode holds it."""
        console = self._console
        if console.held is not None and self._doing is not None:
            await console.execute(line)
        else:
            self._doing = asyncio.ensure_future(console.execute(line))
        with interrupted_by(self._stop):
            await console.stepping.settled(self._doing)
        if self._doing.done() and self._doing.cancelled():
            self.show(Answer("stopped; what is still owed is shown when it comes"))
        if (held := console.held) is not None:
            self.show(held.answer())

    def _stop(self) -> None:
        """Ctrl+C ends what is being done, and not the program."""
        if self._console.upload:
            self._console.upload.stop()
        elif self._doing is not None:
            self._doing.cancel()

    async def _line(self) -> str | None:
        """The next line; None at the end."""
        if self._prompt is None:
            line = await asyncio.to_thread(sys.stdin.readline)
            return line.rstrip("\r\n") if line else None
        console = self._console
        if console.settings.coach:
            self._print(f"*: {advise(console).text}")
        is_hidden = console.phase is Phase.AUTH
        try:
            line = await self._prompt.prompt_async(
                "held> " if console.held is not None else "smtp> ", is_password=is_hidden
            )
        except (EOFError, KeyboardInterrupt):
            return None
        return str(line)

    def _tell(self) -> None:
        entries = self._console.journal.since(self._told)
        self._told += len(entries)
        for turn in self._teller.tell(entries):
            for line in turn.lines:
                self._print(f"{turn.side.value}: {visible(line)}")

    # --- what the console asks of a front end

    def show(self, answer: Answer) -> None:
        """Print an answer."""
        for line in _told(answer):
            self._print(visible(line))

    async def ask(self, question: str, *, secret: bool = False) -> str:
        """Ask; from a pipe the next line is the answer."""
        if self._prompt is None:
            self._print(visible(question))
            return str(await asyncio.to_thread(sys.stdin.readline)).rstrip("\r\n")
        try:
            answer = await self._prompt.prompt_async(f"{visible(question)} ", is_password=secret)
        except (EOFError, KeyboardInterrupt):
            return ""
        return str(answer)

    async def edit(self, text: str, *, suffix: str) -> str | None:
        """Let a person edit a text, if there is a terminal to do it in."""
        if not self._is_terminal:
            raise ConsoleError("there is no terminal in which somebody could edit")
        return await editing.edited(text, suffix=suffix)

    def progress(self, progress: Progress | None) -> None:
        """Tell how far it is on a terminal, in one line."""
        self._line_of_progress.tell(progress)

    def leave(self) -> None:
        """No more lines."""
        self._has_left = True

    def _print(self, line: str) -> None:
        print(line, flush=True)


def _told(answer: Answer) -> Iterator[str]:
    yield f"{'! ' if answer.is_trouble else ''}{answer.title}"
    yield from (f"  {line}" for line in answer.lines)
    if answer.next:
        yield f"  next: {'   '.join(answer.next)}"
