"""The line mode: lines in and out, over ssh, in dumb terminals, from pipes, for screen readers.

`C:` is what was said, `S:` what the server said, `*:` what happened.  Nothing is drawn.  From a
pipe there are no prompts, and the status tells whether all went well.
"""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import TYPE_CHECKING

from smtpconsole.console import clipboard, opening, pasting, paths
from smtpconsole.console.agreeing import agrees
from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.coach import advise
from smtpconsole.console.composing import drafting, editing
from smtpconsole.console.composing.folding import Fold
from smtpconsole.console.composing.progress import Progress, ProgressLine
from smtpconsole.console.composing.uploading import interrupted_by
from smtpconsole.console.console import Console, Suggestions
from smtpconsole.console.history import History
from smtpconsole.console.known import Known
from smtpconsole.console.settings import Settings
from smtpconsole.console.stopping import stop
from smtpconsole.console.teaching.standing import Standing
from smtpconsole.repl.inputs import Input, Pasted, input_for
from smtpconsole.repl.looks import Looks
from smtpconsole.smtp.events import Answered, Phase
from smtpconsole.transcript.journal import Journal
from smtpconsole.transcript.turns import Teller
from smtpconsole.visible import visible

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator
    from typing import Any

PROMPT, SECRET, HELD = "smtp> ", "secret> ", "held> "
NEXT = "/next"  # what Enter alone says to a held batch


class Repl:
    """A front end in lines."""

    def __init__(
        self,
        journal: Journal,
        settings: Settings,
        suggestions: Suggestions,
        *,
        known: Known | None = None,
        history: History | None = None,
        standing: Standing | None = None,
    ) -> None:
        self._console = Console(
            self,
            journal,
            settings=settings,
            suggestions=suggestions,
            known=known,
            standing=standing,
        )
        self._teller = Teller(journal)
        self._told = 0
        self._failures = 0
        self._has_left = False
        self._doing: asyncio.Future[None] | None = None
        self._line_of_progress = ProgressLine()
        self._fold = Fold()
        self._looks = Looks.of(settings)
        self._history = history if history is not None else History(paths.history_file())
        self._console.history = self._history
        self._input: Input = input_for(self._console, self._history)

    async def run(self) -> int:
        """Read lines until the end of input or /quit; 1 if something failed and nobody saw it."""
        console = self._console
        console.journal.subscribe(self._tell)
        drafting.kept(console)
        with ExitStack() as stack:
            stack.enter_context(self._input)
            try:
                await self._do(opening.begin(console, offers=self._input.prompts))
                while not self._has_left and await self._turn():
                    pass
            finally:
                await console.end()
                if self._doing is not None:  # something was held
                    await asyncio.wait({self._doing})
        return 1 if self._failures and not self._input.prompts else 0

    async def _turn(self) -> bool:
        """Read and do one line; False at the end of input."""
        console = self._console
        is_hidden = console.phase is Phase.AUTH
        if self._input.prompts and console.settings.coach:
            self._print(self._looks.happened(f"*: {visible(advise(console).text)}"))
        prompt = HELD if console.held is not None else SECRET if is_hidden else PROMPT
        line = await self._input.line(prompt, is_hidden=is_hidden)
        if line is None:
            return False
        if isinstance(line, Pasted):
            await self._stage(line.lines)
            return True
        if console.learning is not None and console.held is None:
            line = console.learning.meant(line)
        if line or console.phase is Phase.CONTENT or console.held is not None:
            self._keep(line)
            await self._do(console.execute(line or (NEXT if console.held is not None else "")))
        return True

    def _keep(self, line: str) -> None:
        """Keep a line that somebody typed, unless it is content or holds a secret."""
        console = self._console
        is_typed = self._input.prompts and console.phase is not Phase.CONTENT
        if is_typed and not console.is_secret(line):
            self._history.add(line)

    async def _stage(self, lines: list[str]) -> None:
        """Show what was pasted, and say it if that is meant."""
        self.show(pasting.staged(self._console, lines))
        if await agrees(self, pasting.QUESTION):
            await self._do(pasting.enter(self._console, lines))
        else:
            self.show(Answer("nothing was said"))

    async def _do(self, action: Coroutine[Any, Any, None]) -> None:
        """Do something, until it is done or step mode holds it."""
        console = self._console
        if console.held is not None and self._doing is not None:
            await action
        else:
            self._doing = asyncio.ensure_future(action)
        with interrupted_by(self._stop):
            await console.stepping.settled(self._doing)
        if self._doing.done() and self._doing.cancelled():
            self.show(Answer("stopped; what is still owed is shown when it comes"))
        if (held := console.held) is not None:
            self.show(held.answer())

    def _stop(self) -> None:
        """Ctrl+C ends what is being done, and not the program."""
        if not stop(self._console) and self._doing is not None:
            self._doing.cancel()

    def _tell(self) -> None:
        entries = self._console.journal.since(self._told)
        self._told += len(entries)
        for entry in entries:
            event = entry.event
            is_refused = isinstance(event, Answered) and event.reply.is_negative
            self._failures += is_refused and self._console.learning is None  # there it teaches
        for turn in self._teller.tell(entries):
            held = [f"C: {line}" for line in self._fold.before(turn)]
            told = [f"{turn.side.value}: {visible(line)}" for line in self._fold.lines(turn)]
            for line in (*held, *told):
                self._print(self._looks.turn(turn, line))

    # --- what the console asks of a front end

    def show(self, answer: Answer) -> None:
        """Print an answer."""
        self._failures += answer.is_trouble
        for line in _told(answer):
            self._print(self._looks.answer(answer, visible(line)))

    async def ask(self, question: str, *, secret: bool = False) -> str:
        """Ask; from a pipe the next line is the answer."""
        if not self._input.prompts:
            self._print(visible(question))
        return await self._input.answer(f"{visible(question)} ", is_secret=secret)

    async def edit(self, text: str, *, suffix: str) -> str | None:
        """Let a person edit a text, if there is a terminal to do it in."""
        if not self._input.prompts:
            raise ConsoleError("there is no terminal in which somebody could edit")
        return await editing.edited(text, suffix=suffix)

    def progress(self, progress: Progress | None) -> None:
        """Tell how far it is on a terminal, in one line."""
        self._line_of_progress.tell(progress)

    def teach(self, answer: Answer) -> None:
        """Print what the lesson says."""
        self.show(answer)

    def copy(self, text: str) -> str:
        """To the clipboard of this machine; else what is printed can be copied."""
        return clipboard.put(text)

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
