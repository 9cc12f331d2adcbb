"""A front end for programs: answers go to standard error, questions to a terminal if there is one.

Passwords come from SMTP_PASSWORD, or are asked for.  Where nobody can be asked, the answer is
empty, which is a no.
"""

from __future__ import annotations

import asyncio
import getpass
import os
import sys

from smtpconsole.console import agreeing
from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.composing import editing
from smtpconsole.console.composing.progress import Progress, ProgressLine
from smtpconsole.visible import visible

PASSWORD = "SMTP_PASSWORD"


async def at_terminal(question: str, *, secret: bool) -> str:
    """Ask whoever sits there; who ends the input or interrupts has nothing to say."""
    ask = getpass.getpass if secret else input
    try:
        return await asyncio.to_thread(ask, f"{visible(question)} ")
    except (EOFError, KeyboardInterrupt):
        return ""


class Headless:
    """Nobody watches, but somebody may be there to be asked."""

    def __init__(self) -> None:
        self.troubles: list[Answer] = []
        self._line = ProgressLine()

    def show(self, answer: Answer) -> None:
        """Tell an answer on standard error."""
        if answer.is_trouble:
            self.troubles.append(answer)
        for line in (answer.title, *(f"  {line}" for line in answer.lines)):
            print(visible(line), file=sys.stderr)

    async def ask(self, question: str, *, secret: bool = False) -> str:
        """Ask at the terminal."""
        if secret and PASSWORD in os.environ:
            return os.environ[PASSWORD]
        if not sys.stdin.isatty():
            print(f"{visible(question)} (nobody to ask: no)", file=sys.stderr)
            return ""
        return await at_terminal(question, secret=secret)

    async def edit(self, text: str, *, suffix: str) -> str | None:
        """Let a person edit a text, if there is a terminal to do it in."""
        if not sys.stdin.isatty():
            raise ConsoleError("there is no terminal in which somebody could edit")
        return await editing.edited(text, suffix=suffix)

    def progress(self, progress: Progress | None) -> None:
        """Tell how far it is on a terminal, in one line."""
        self._line.tell(progress)

    def copy(self, text: str) -> str:
        """There is no clipboard."""
        return ""

    def teach(self, answer: Answer) -> None:
        """Tell what a lesson says, as any answer."""
        self.show(answer)

    def leave(self) -> None:
        """There is nothing to leave."""


class Quiet(Headless):
    """Only what is asked for is told; yes/no questions can be answered in advance."""

    def __init__(self, *, says_yes: bool = False) -> None:
        super().__init__()
        self._says_yes = says_yes

    def show(self, answer: Answer) -> None:
        """Keep it to itself."""

    async def ask(self, question: str, *, secret: bool = False) -> str:
        """As was decided, or as else."""
        if self._says_yes and not secret and agreeing.is_put(question):
            return "yes"
        return await super().ask(question, secret=secret)
