"""Which parts of the screen are seen: the side panes, or one part alone."""

from __future__ import annotations

from textual.screen import Screen
from textual.widget import Widget

_ALONE = {"side": "-zoom-side", "lesson": "-zoom-lesson"}
ZOOMS = (*_ALONE.values(), "-zoom-wire")


def toggle_panes(screen: Screen[object]) -> None:
    """Show or hide the side panes: where there is room they are shown at first, unless a lesson
    has it."""
    has_room = screen.has_class("-wide") and not screen.has_class("-lesson")
    screen.toggle_class("-hidden" if has_room else "-side")


def toggle_zoom(screen: Screen[object], focused: Widget | None) -> None:
    """The part with the focus alone, or all again; at the prompt it is the wire."""
    was_zoomed = any(map(screen.has_class, ZOOMS))
    screen.remove_class(*ZOOMS)
    if not was_zoomed:
        within = [each.id for each in focused.ancestors_with_self] if focused is not None else []
        name = next((name for name in _ALONE if name in within), "")
        screen.add_class(_ALONE.get(name, "-zoom-wire"))
