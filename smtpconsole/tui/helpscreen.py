"""F1: the screen, the keys, the commands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

from smtpconsole.console.actions import AREAS
from smtpconsole.console.commands import COMMANDS
from smtpconsole.tui import keys
from smtpconsole.tui.keys import Keyboard


class HelpScreen(ModalScreen[None]):
    """All there is to know, starting with what has the focus."""

    BINDINGS = keys.bindings("help")
    opened_by = "help"

    def __init__(self, focused: Widget | None, keyboard: Keyboard, preface: str = "") -> None:
        super().__init__()
        told = f"{preface}\n\n{about(focused)}" if preface else about(focused)
        self._about = keyboard.told(told)
        self._areas = keys.areas_of(focused)
        self._keyboard = keyboard

    def compose(self) -> ComposeResult:
        box = VerticalScroll(Static(Content("\n").join(self._rows())), id="help")
        box.border_title = "help"
        box.border_subtitle = "Esc closes, arrows scroll"
        yield box

    def on_mount(self) -> None:
        self.query_one("#help").focus()

    def _rows(self) -> Iterator[Content]:
        yield from (Content(line) for line in self._about.split("\n"))
        for area in self._areas:
            yield from self._keys(area)
        yield Content("")
        yield Content("At the prompt").stylize("bold")
        yield from (Content(self._keyboard.told(line)) for line in _PROMPT)
        yield from self._keys("everywhere")
        for area in AREAS:
            if area not in ("everywhere", "help", "jump", *self._areas):
                yield from self._keys(area)
        yield Content("")
        yield Content("Commands").stylize("bold")
        width = max(len(name) for name in COMMANDS) + 1
        for each in COMMANDS.values():
            yield Content(f"  /{each.name:{width}} {each.sentence}")

    def _keys(self, area: str) -> Iterator[Content]:
        yield Content("")
        title = AREAS[area].title
        yield Content(f"Keys: {title[0].lower()}{title[1:]}").stylize("bold")
        yield from (Content(f"  {row}") for row in self._keyboard.rows(area))


_PROMPT = (
    "  What you type is said to the server as it is; Enter sends it.",
    "  {key prompt.complete} on an empty line types what the coach suggests, else it completes.",
    "  /name is a command of the console, //text says a line with a slash,",
    "  ? tells what is going on, ?550 5.7.1 explains, # notes in the transcript.",
    "  {key prompt.older} and {key prompt.newer} walk through what was entered, "
    "{key prompt.search} searches it.",
    "  To select with the mouse, hold Shift: the terminal does it then.",
)


def about(focused: Widget | None) -> str:
    """What to say of the widget with the focus."""
    widget: Any = focused
    while widget is not None:
        if text := getattr(widget, "help_", ""):
            return str(text)
        widget = widget.parent
    return (
        "Above is the state of the connection, then the wire with every line in both "
        "directions, and beside it what the server can do, TLS and a composer."
    )
