"""A line that can be edited, whatever is in it: an escape in it is seen, and not obeyed."""

from __future__ import annotations

from collections.abc import Callable

from rich.text import Text
from textual.widgets import Input

from smtpconsole.visible import in_place


class Entry(Input):
    """Textual's input draws a control character as it is; this one its picture."""

    may_be_seen: Callable[[str], bool] | None = None  # else it is hidden as a password is

    @property
    def _value(self) -> Text:  # where Textual (8.2) takes what it draws from
        if self.password:
            return super()._value
        is_hidden = self.may_be_seen is not None and not self.may_be_seen(self.value)
        shown = "•" * len(self.value) if is_hidden else in_place(self.value)
        return Text(shown, no_wrap=True, overflow="ignore", end="")
