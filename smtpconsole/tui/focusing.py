"""Where what is typed goes: to a pane that was asked for, else to the prompt.

1. A pane gets the focus only when it has been laid out; a person who has gone on by then wins.
2. Text that the pane with the focus has no use for is typed at the prompt: nothing is lost.
"""

from __future__ import annotations

from typing import Any

from textual import events
from textual.app import App
from textual.widget import Widget
from textual.widgets import Input, OptionList, Select, TextArea

from smtpconsole.tui.prompt import Prompt

_TAKES_TEXT = (Input, TextArea, Select, OptionList)  # the last two find by letters


class Focus:
    """The focus of an application that has a prompt."""

    def __init__(self, app: App[Any]) -> None:
        self._app = app
        self._wanted: Widget | None = None

    def pane(self, pane: Widget) -> None:
        """Focus a pane, as soon as it is on the screen."""
        self._wanted = pane
        self._app.call_after_refresh(self._arrive, pane)

    def _arrive(self, pane: Widget) -> None:
        if self._wanted is pane:
            self._wanted = None
            getattr(pane, "focus_first", pane.focus)()

    @property
    def moves(self) -> bool:
        """It is on its way to a pane."""
        return self._wanted is not None

    def prompt(self) -> bool:
        """Focus the prompt; False if it has the focus, and nothing was about to take it."""
        was_wanted, self._wanted = self._wanted is not None, None
        field = self._app.screen_stack[0].query_one(Prompt).field
        if field.has_focus:
            return was_wanted
        field.focus()
        return True

    def before(self, key: events.Key) -> None:
        """A key that is about to go to the widget with the focus."""
        screen = self._app.screen
        if len(self._app.screen_stack) > 1 or not key.is_printable:
            return
        if not isinstance(screen.focused, _TAKES_TEXT) and key.key not in screen.active_bindings:
            # At once, for the next key may be here already.
            screen.set_focus(screen.query_one(Prompt).field)
