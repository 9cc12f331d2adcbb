"""What one writes into: lines, texts and choices that show foreign characters without obeying."""

from __future__ import annotations

import re
from typing import Any

from rich.text import Text
from textual import events
from textual.content import Content
from textual.message import Message
from textual.widgets import Static, TextArea

from smtpconsole.composer.fields import Field
from smtpconsole.tui import keys
from smtpconsole.tui.entry import Entry
from smtpconsole.visible import in_place

_FOLD = re.compile(r"\r?\n[ \t]+")


class Line(Entry):
    """One line: an address, a header, a name."""

    BINDINGS = keys.bindings("composer.field")

    class Refused(Message):
        """What was pasted cannot stand in this field."""

        def __init__(self, line: Line, reason: str) -> None:
            super().__init__()
            self.line = line
            self.reason = reason

    def __init__(self, value: str = "", **options: Any) -> None:
        super().__init__(value, compact=True, select_on_focus=False, **options)
        self.cursor_blink = False

    def _on_paste(self, event: events.Paste) -> None:
        """All that was pasted, or nothing: Textual (8.2) keeps the first line and is silent."""
        event.prevent_default()
        event.stop()
        text = self.taken(event.text)
        if text is None:
            lines = len(event.text.splitlines())
            reason = f"{lines} lines: a line break in a header would begin another header"
            self.post_message(self.Refused(self, reason))
        elif self.selection.is_empty:
            self.insert_text_at_cursor(text)
        else:
            self.replace(text, *self.selection)

    def taken(self, text: str) -> str | None:
        """What a pasted text is in this line; None if it cannot be."""
        text = _FOLD.sub(" ", text.strip("\r\n"))
        return None if len(text.splitlines()) > 1 else text


class Addresses(Line):
    """Addresses, which may be pasted one a line."""

    def taken(self, text: str) -> str | None:
        return ", ".join(filter(None, (line.strip(" \t,;") for line in text.splitlines())))


class Lines(TextArea):
    """Several lines."""

    def __init__(self, text: str = "", **options: Any) -> None:
        super().__init__(text, compact=True, soft_wrap=True, highlight_cursor_line=False, **options)
        self.cursor_blink = False

    def get_line(self, line_index: int) -> Text:
        line = self.document.get_line(line_index)
        shown = "\t".join(map(in_place, line.split("\t")))
        return Text(shown, end="", no_wrap=True)

    def show(self, text: str) -> bool:
        """Show a text; whether it can be edited here, as an editor of lines cannot hold all."""
        self.load_text(text)
        self.move_cursor(self.document.end)  # one goes on writing there
        self.read_only = self.text != text
        return not self.read_only


class Choice(Static, can_focus=True):
    """One of a few, walked through with the arrows."""

    BINDINGS = keys.bindings("composer.choice")

    class Changed(Message):
        """Another was chosen."""

        def __init__(self, choice: Choice) -> None:
            super().__init__()
            self.choice = choice

    def __init__(self, field: Field, value: str, **options: Any) -> None:
        super().__init__(**options)
        self.field = field
        self.value = value

    def on_mount(self) -> None:
        self.set(self.value)

    def set(self, value: str) -> None:
        """Show a choice."""
        self.value = value
        self.update(Content(f"< {in_place(value)} >"))

    def action_turn(self, by: int) -> None:
        """Choose the next, or the one before."""
        choices = self.field.choices
        place = choices.index(self.value) if self.value in choices else 0
        self.set(choices[(place + by) % len(choices)])
        self.post_message(self.Changed(self))

    def on_click(self) -> None:
        self.action_turn(1)
