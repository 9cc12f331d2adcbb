"""The side panes, one a file: a `Pane` subclass under `@pane`."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import ClassVar

from textual.containers import VerticalScroll
from textual.message import Message
from textual.widgets import TabbedContent

from smtpconsole import registry
from smtpconsole.console.answers import Answer
from smtpconsole.console.console import Console
from smtpconsole.transcript.journal import Entry


class Pane(VerticalScroll):
    """Something beside the wire.  It is told what happened, and asks the console for the rest."""

    title: ClassVar[str]
    short: ClassVar[str] = ""  # the title where there is little room
    name_: ClassVar[str]
    order: ClassVar[int]
    help_: ClassVar[str]
    is_for_recordings: ClassVar[bool] = False  # what it shows is all told by events

    class Line(Message):
        """A line to be entered, as if it had been typed."""

        def __init__(self, line: str) -> None:
            super().__init__()
            self.line = line

    def __init__(self, console: Console) -> None:
        super().__init__(id=self.name_)
        self.smtp_console = console

    def told(self, entries: Sequence[Entry]) -> None:
        """What happened since it was told last; possibly nothing."""

    @property
    def text_width(self) -> int:
        """The columns there are for text."""
        return max(24, self.scrollable_content_region.width)

    @property
    def has_trouble(self) -> bool:
        """The title gets a mark."""
        return False

    @classmethod
    def is_wanted(cls, console: Console) -> bool:
        """The pane has something to show in this session."""
        return True

    @classmethod
    def instead(cls) -> Answer | None:
        """What to say to somebody who asks for it when it has nothing to show."""
        return None


def has_tab(side: TabbedContent, pane: Pane) -> bool:
    """Whether the pane has something to show in this session, and hence a tab."""
    is_wanted, tab = pane.is_wanted(pane.smtp_console), side.get_tab(f"tab-{pane.name_}")
    if is_wanted != tab.display:
        (side.show_tab if is_wanted else side.hide_tab)(f"tab-{pane.name_}")
    return is_wanted


def hanging(text: str, indent: int, width: int) -> list[str]:
    """Text in lines that all begin at the same column."""
    margin = " " * indent
    return textwrap.wrap(text, width, initial_indent=margin, subsequent_indent=margin) or [""]


PANES: list[type[Pane]] = []


def pane(cls: type[Pane]) -> type[Pane]:
    """Register a pane."""
    PANES.append(cls)
    PANES.sort(key=lambda each: each.order)
    return cls


registry.load(__name__, __path__)
