"""What the sandbox has received."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from smtpconsole.console.console import Console
from smtpconsole.transcript.journal import Entry
from smtpconsole.tui.panes import Pane, pane
from smtpconsole.visible import visible

_LINES = 200  # of a letter; the rest is in the sandbox


@pane
class MailboxPane(Pane):
    """The letters, the newest first, as they arrived."""

    title: ClassVar[str] = "F7 Mailbox"
    name_: ClassVar[str] = "mailbox"
    order: ClassVar[int] = 4
    help_: ClassVar[str] = "The other end of the wire: what the sandbox has received, as it came."

    @classmethod
    def is_wanted(cls, console: Console) -> bool:
        return console.sandbox is not None

    def compose(self) -> ComposeResult:
        self._count = 0
        yield Static(_EMPTY)

    def told(self, entries: Sequence[Entry]) -> None:
        sandbox = self.smtp_console.sandbox
        if sandbox is None:
            return
        mailbox = sandbox.mailbox
        if len(mailbox) == self._count:
            return
        self._count = len(mailbox)
        self.query_one(Static).update(Content("\n").join(self._rows()))

    def _rows(self) -> Iterator[Content]:
        assert self.smtp_console.sandbox is not None
        for letter in reversed(self.smtp_console.sandbox.mailbox.letters()):
            under = "under TLS" if letter.tls else "in the clear"
            people = " ".join(f"<{visible(each)}>" for each in letter.recipients)
            yield Content(f"letter {letter.number}").stylize("bold")
            yield Content(f"  from <{visible(letter.sender)}> to {people}, {under}")
            yield Content("")
            for line in letter.content.splitlines()[:_LINES]:
                yield Content(f"  {visible(line)}")
            yield Content("")


_EMPTY = Content("The mailbox is empty.\n\nSend a message, and see here how it arrived.")
