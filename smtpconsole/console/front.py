"""What the console asks of whoever shows it: the application, the line mode, a script, a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from smtpconsole.console.answers import Answer

if TYPE_CHECKING:
    from smtpconsole.console.composing.progress import Progress


class Front(Protocol):
    """What the console asks of whoever shows it."""

    def show(self, answer: Answer) -> None:
        """Show an answer."""

    async def ask(self, question: str, *, secret: bool = False) -> str:
        """Ask a person; what is secret is not shown while it is typed, nor kept."""

    async def edit(self, text: str, *, suffix: str) -> str | None:
        """Let a person edit a text in $VISUAL or $EDITOR; None if it is as it was.

        ConsoleError if that cannot be done, with what to do.
        """

    def progress(self, progress: Progress | None) -> None:
        """Show how far something is that takes its time; None: it is over."""

    def copy(self, text: str) -> str:
        """Put a text on the clipboard, and say where it went; empty where there is none."""

    def teach(self, answer: Answer) -> None:
        """Tell what a lesson says; who shows the lesson beside the wire need not."""

    def leave(self) -> None:
        """The person wants to go."""
