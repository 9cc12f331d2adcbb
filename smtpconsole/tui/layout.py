"""What stands where: the side panes shown or not, one alone, the divider, what is brought to front.

Where the divider was left is kept, as a share of the width, for the next time.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual import events
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import TabbedContent

from smtpconsole.tui.jumping import JumpScreen, targets
from smtpconsole.tui.panes import Pane

_ALONE = {"side": "-zoom-side", "lesson": "-zoom-lesson"}
_ZOOMED = (*_ALONE.values(), "-zoom-wire")
_LEAST, _MOST = 20, 80  # percent of the width


class Divider(Widget):
    """The line between the wire and the side panes; the mouse drags it."""

    def __init__(self, layout: Layout) -> None:
        super().__init__(id="divider")
        self._layout = layout

    def render(self) -> str:
        return "\n".join("│" * max(1, self.size.height))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self.capture_mouse()
        event.stop()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self.app.mouse_captured is self:
            self._layout.divide_at(event.screen_x)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        if self.app.mouse_captured is self:
            self.release_mouse()
            self._layout.keep()


class Layout:
    """The arrangement of a screen with a wire and side panes."""

    def __init__(
        self, screen: Callable[[], Screen[Any]], focus: Callable[[Widget], None], file: Path
    ) -> None:
        self._screen = screen
        self._focus = focus
        self._file = file
        self._share: int | None = None  # of the side panes, in percent; None: as it comes

    @property
    def _side(self) -> TabbedContent:
        return self._screen().query_one("#side", TabbedContent)

    def recall(self) -> None:
        """Put the divider where it was left."""
        with contextlib.suppress(OSError, ValueError):
            self._set(int(self._file.read_text()))

    def keep(self) -> None:
        """Remember where the divider is."""
        if self._share is not None:
            with contextlib.suppress(OSError):  # then it is forgotten, which does no harm
                self._file.write_text(f"{self._share}\n")

    def divide(self, by: int) -> None:
        """Give the side panes more columns, or fewer."""
        self.show_all()
        screen = self._screen()
        if screen.has_class("-wide"):
            screen.remove_class("-hidden")
            self.divide_at(screen.size.width - self._side.size.width - by - 1)
            self.keep()

    def divide_at(self, column: int) -> None:
        """Put the divider into a column of the screen."""
        width = max(1, self._screen().size.width)
        self._set(round((width - column - 1) * 100 / width))

    def _set(self, share: int) -> None:
        self._share = max(_LEAST, min(_MOST, share))
        self._side.styles.width = f"{self._share}%"
        self._screen().add_class("-divided")

    def show_all(self) -> None:
        """No pane is alone on the screen."""
        self._screen().remove_class(*_ZOOMED)

    @property
    def is_zoomed(self) -> bool:
        """One pane has the whole screen."""
        return any(self._screen().has_class(each) for each in _ZOOMED)

    def toggle_side(self) -> None:
        """Show or hide the side panes: where there is room they are shown at first, unless a
        lesson has it."""
        self._screen().toggle_class("-hidden" if self._has_room else "-side")

    def zoom(self, focused: Widget | None) -> None:
        """The part with the focus alone, or all again; at the prompt it is what lies over the
        wire, or the wire."""
        was_zoomed = self.is_zoomed
        self.show_all()
        if not was_zoomed:
            within = [each.id for each in focused.ancestors_with_self] if focused else []
            if self._is_over and "wire-pane" not in within and "lesson" not in within:
                within = ["side"]
            name = next((name for name in _ALONE if name in within), "")
            self._screen().add_class(_ALONE.get(name, "-zoom-wire"))

    @property
    def _is_over(self) -> bool:
        """A side pane lies over the wire."""
        return self._screen().has_class("-side") and not self._has_room

    @property
    def _has_room(self) -> bool:
        screen = self._screen()
        return screen.has_class("-wide") and not screen.has_class("-lesson")

    def to_main(self, widget: Widget) -> None:
        """To what is no side pane; at 80 columns those lie over it."""
        self.bare()
        self._focus(widget)

    def to_side(self, pane: Pane) -> None:
        """Bring a side pane to the front."""
        self.show_all()
        self._screen().add_class("-side").remove_class("-hidden")
        self._side.active = f"tab-{pane.name_}"
        self._focus(pane)

    def step_back(self) -> None:
        """Nothing is alone, and no side pane lies over the wire."""
        self.show_all()
        if self._is_over:
            self.bare()

    def bare(self) -> None:
        """No side pane lies over the wire, and nothing is alone."""
        self.show_all()
        self._screen().remove_class("-side")

    def jump(self) -> None:
        """Letters over everything that can be gone to."""
        screen = self._screen()
        screen.app.push_screen(JumpScreen(targets(screen)), self._go)

    def _go(self, widget: Widget | None) -> None:
        if isinstance(widget, Pane):
            self.to_side(widget)
        elif widget is not None:
            self._focus(widget)
