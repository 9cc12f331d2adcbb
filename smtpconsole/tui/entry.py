"""A line that can be edited, whatever is in it: an escape in it is seen, and not obeyed."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Input

from smtpconsole.visible import in_place


class Entry(Input):
    """Textual's input draws a control character as it is; this one its picture."""

    @property
    def _value(self) -> Text:  # where Textual (8.2) takes what it draws from
        if self.password:
            return super()._value
        return Text(in_place(self.value), no_wrap=True, overflow="ignore", end="")
