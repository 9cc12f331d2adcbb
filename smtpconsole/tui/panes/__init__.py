"""The side panes, one a file: a `Pane` subclass under `@pane`."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import ClassVar, Generic, Protocol, TypeVar

from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.widgets import Static, TabbedContent

from smtpconsole import registry
from smtpconsole.console.answers import Answer
from smtpconsole.console.console import Console
from smtpconsole.transcript.journal import Entry
from smtpconsole.tui.copying import copied


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

    class Marked(Message):
        """The mark of the title has changed, and not by anything that happened."""

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


class Listed(Protocol):
    """A line of a listing, and whatever its pane knows of it."""

    @property
    def content(self) -> Content:
        """What is drawn."""


L = TypeVar("L", bound=Listed)


class Listing(Pane, Generic[L]):
    """A pane of lines with a cursor, which is seen while the pane has the focus."""

    body: ClassVar[str] = "Static"  # the widget that shows the lines
    kept: ClassVar[int] = 1  # rows that a page leaves on the screen

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._lines: list[L] = []
        self._cursor = 0

    def on_focus(self) -> None:
        self._draw()

    def on_blur(self) -> None:
        self._draw()

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        lines = [line.content for line in self._lines]
        if self.has_focus and lines:
            current = lines[self._cursor]
            padding = max(0, self.text_width - len(current))
            lines[self._cursor] = current.pad_right(padding).stylize("reverse")
        self.query_one(self.body, Static).update(self._joined(lines))

    def _joined(self, lines: list[Content]) -> Content:
        return Content("\n").join(lines)

    def _to_cursor(self) -> None:
        line = self.query_one(self.body, Static).virtual_region.y + max(0, self._cursor)
        self.scroll_to_region(Region(0, line, 1, 1), animate=False, force=True)

    def action_move(self, by: int) -> None:
        """Move the cursor by lines."""
        if self._lines:
            self._cursor = max(0, min(len(self._lines) - 1, self._cursor + by))
            self._draw()
            self._to_cursor()

    def action_page(self, by: int) -> None:
        """Move the cursor by a screenful."""
        self.action_move(by * max(1, self.scrollable_content_region.height - self.kept))

    def action_copy(self) -> None:
        """Copy the line under the cursor, safe text."""
        if self._lines:
            copied(self.app, self._lines[self._cursor].content.plain.strip())


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
