"""The views of a message: what is attached, its parts, its source; and which is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static

from smtpconsole.composer.draft import Draft
from smtpconsole.composer.tree import Part, tree
from smtpconsole.console.composing.drafting import Source, source_of
from smtpconsole.console.composing.offers import pasted_path
from smtpconsole.tui import keys
from smtpconsole.tui.panes.composer.entry import Lines
from smtpconsole.visible import visible

NAMES = ("Text", "HTML", "Calendar", "Files", "Parts", "Source")


class Views(Static, can_focus=True):
    """The names of the views; the arrows walk through them."""

    BINDINGS = keys.bindings("composer.views")

    class Changed(Message):
        """Another view is wanted."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self) -> None:
        super().__init__(id="composer-views")
        self.shown = NAMES[0]
        self._filled: frozenset[str] = frozenset()

    def on_mount(self) -> None:
        self._draw()

    def take(self, draft: Draft) -> None:
        """Mark the views that hold something."""
        held = {"Text": draft.body, "HTML": draft.html, "Calendar": draft.calendar}
        held |= {"Files": draft.attachments, "Source": draft.source}  # type: ignore[dict-item]  # what is asked is whether it is empty
        self._filled = frozenset(name for name, what in held.items() if what)
        self._draw()

    def action_turn(self, by: int) -> None:
        """Show the next view, or the one before."""
        self.shown = NAMES[(NAMES.index(self.shown) + by) % len(NAMES)]
        self._draw()
        self.post_message(self.Changed(self.shown))

    def on_click(self, event: events.Click) -> None:
        at = 0
        for name in NAMES:
            at += len(name) + 3
            if event.x < at:
                self.action_turn(NAMES.index(name) - NAMES.index(self.shown))
                return

    def _draw(self) -> None:
        parts = [
            (
                f" {name}{'*' if name in self._filled else ' '} ",
                "reverse" if name == self.shown else "",
            )
            for name in NAMES
        ]
        self.update(Content.assemble(*parts))


class Listed(OptionList):
    """Rows with a cursor; where there are none, a sentence that says what could be."""

    def rows(self, rows: Sequence[str]) -> None:
        """Show these, the cursor where it was."""
        place = self.highlighted or 0
        self.set_options([Content(visible(row)) for row in rows])
        self.highlighted = min(place, len(rows) - 1) if rows else None


class Files(Listed):
    """What is attached."""

    BINDINGS = keys.bindings("composer.files")
    EMPTY: ClassVar[str] = "a attaches a file, i an image that the HTML shows; or paste a path"

    class Wanted(Message):
        """A file is to be picked."""

        def __init__(self, is_inline: bool) -> None:
            super().__init__()
            self.is_inline = is_inline

    class Pasted(Message):
        """These are to be attached."""

        def __init__(self, paths: list[str]) -> None:
            super().__init__()
            self.paths = paths

    class Dropped(Message):
        """The one of the name is to be taken away."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def take(self, draft: Draft) -> None:
        """Show what is attached to a draft."""
        self._names = [each.name for each in draft.attachments]
        rows = [
            f"{each.name}  {each.kind}  {len(each.data):,} octets"
            + (f"  inline: cid:{each.content_id}" if each.is_inline else "")
            for each in draft.attachments
        ]
        self.rows([*rows, "x takes away · " + self.EMPTY] if rows else [self.EMPTY])

    def action_want(self, how: str) -> None:
        """Ask which file."""
        self.post_message(self.Wanted(how == "inline"))

    def action_drop(self) -> None:
        """Take the one under the cursor away."""
        if self.highlighted is not None and self.highlighted < len(self._names):
            self.post_message(self.Dropped(self._names[self.highlighted]))

    def on_paste(self, event: events.Paste) -> None:
        """A path that is pasted is attached; several stand on a line each."""
        event.stop()
        paths = [pasted_path(line) for line in event.text.splitlines() if line.strip()]
        self.post_message(self.Pasted(paths))


class Parts(Listed):
    """The MIME tree; Enter opens a part."""

    class Opened(Message):
        """A part is to be shown."""

        def __init__(self, number: str) -> None:
            super().__init__()
            self.number = number

    def take(self, octets: bytes) -> None:
        """Show the parts of a message."""
        self._parts: list[Part] = tree(octets)
        self.rows([f"{'  ' * each.depth}{each.number}  {each}" for each in self._parts])

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(self.Opened(self._parts[event.option_index].number))


class SourceView(Lines):
    """The message as it goes out, to be read, and to be written by hand."""

    source: Source | None = None
    known = ""  # the text that was shown, or that the pane has been told of

    def take(self, octets: bytes) -> None:
        """Show what would be sent; what was typed since, and not told yet, goes first."""
        if self.text != self.known:
            return
        self.source = source_of(octets)
        shown = self.source.text if self.source.is_editable else visible_lines(octets)
        if self.text == shown:
            return
        with self.prevent(Lines.Changed):
            is_whole = self.show(shown)
            self.move_cursor((0, 0))
        self.known = self.text
        self.read_only = not (is_whole and self.source.is_editable)


def visible_lines(octets: bytes, most: int = 2000) -> str:
    """The lines of a message with everything in them that does not print."""
    lines = octets.split(b"\r\n", most)
    return "\n".join(visible(line) for line in lines[:most])
