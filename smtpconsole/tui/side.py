"""The side panes with their tabs, which say the keys as far as there is room."""

from __future__ import annotations

from collections.abc import Iterator

from textual import on
from textual.widgets import TabbedContent

from smtpconsole.console.actions import of
from smtpconsole.tui.keys import Keyboard
from smtpconsole.tui.panes import Pane


class Side(TabbedContent):
    """The panes beside the wire."""

    def __init__(self, keyboard: Keyboard) -> None:
        super().__init__(id="side")
        self._keyboard = keyboard

    def on_mount(self) -> None:
        self.label()

    def on_resize(self) -> None:
        self.label()

    @on(Pane.Marked)
    def label(self) -> None:
        """Say title, key and trouble of each pane, as much as there is room for."""
        panes = [each for each in self.query(Pane) if self.get_tab(f"tab-{each.name_}").display]
        labels, gap = next(self._fitting(panes))
        for pane, label in zip(panes, labels, strict=True):
            tab = self.get_tab(f"tab-{pane.name_}")
            if tab.label_text != label:
                tab.label = label
        # Not to the side itself: the style of all that is in it would be looked up anew.
        self.query_one("ContentTabs").set_class(gap == 1, "-tight")

    def _fitting(self, panes: list[Pane]) -> Iterator[tuple[list[str], int]]:
        keyed = [f"{self._key(pane)} {pane.title}" for pane in panes]
        brief = [f"{self._key(pane)} {pane.short or pane.title}" for pane in panes]
        named = [pane.title for pane in panes]
        least = [pane.short or pane.title for pane in panes]
        for words, gap in ((keyed, 2), (keyed, 1), (brief, 1), (named, 1), (least, 1)):
            marks = (" !" if pane.has_trouble else "" for pane in panes)
            labels = [word + mark for word, mark in zip(words, marks, strict=True)]
            if sum(map(len, labels)) + gap * len(labels) <= self.size.width or words is least:
                yield labels, gap

    def _key(self, pane: Pane) -> str:
        does = f"show('{pane.name_}')"
        return next(
            self._keyboard.shown(each.name) for each in of("everywhere") if each.does == does
        )
