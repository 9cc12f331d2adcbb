"""Jump mode: a letter over everything that can be gone to; pressing it goes there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from textual import events
from textual.app import ComposeResult
from textual.geometry import Offset
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Static, Tab, TabbedContent

from smtpconsole.tui import keys
from smtpconsole.tui.panes import Pane

LETTERS = "asdfghjklqwertyuiopzxcvbnm1234567890"


@dataclass(frozen=True, slots=True)
class Target:
    """Something that can be gone to."""

    widget: Widget  # what takes the focus, or the pane of a tab
    at: Offset


def targets(screen: Screen[Any]) -> list[Target]:
    """What can be gone to on a screen, from the top left on."""
    found = {each.at: each for each in _targets(screen)}
    return sorted(found.values(), key=lambda each: (each.at.y, each.at.x))[: len(LETTERS)]


def _targets(screen: Screen[Any]) -> Iterator[Target]:
    seen = screen.region
    for side in screen.query(TabbedContent):
        for tab in side.query(Tab):
            if tab.display and tab.region.area and seen.contains_region(tab.region):
                pane = side.get_pane(tab.id.rpartition("content-tab-")[2]) if tab.id else None
                if pane is not None:
                    yield Target(pane.query_one(Pane), tab.region.offset)
    for widget in screen.focus_chain:
        region = screen.find_widget(widget).visible_region
        if region.area:
            yield Target(widget, region.offset)


class JumpScreen(ModalScreen[Widget | None]):
    """The letters, over the screen as it is."""

    BINDINGS = keys.bindings("jump")
    opened_by = "jump"
    AUTO_FOCUS = None

    def __init__(self, found: list[Target]) -> None:
        super().__init__()
        self._found = dict(zip(LETTERS, found, strict=False))

    def compose(self) -> ComposeResult:
        for letter, target in self._found.items():
            label = Static(f" {letter} ", classes="jump-letter", markup=False)
            label.absolute_offset = target.at
            yield label
        yield Static(" a letter goes there, Esc stays here ", id="jump-told", markup=False)

    def on_key(self, event: events.Key) -> None:
        target = self._found.get(event.character or "")
        if target is not None:
            event.stop()
            self.dismiss(target.widget)
