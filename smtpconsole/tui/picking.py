"""A list over the screen to choose one thing from, with what is said of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static

from smtpconsole.console.composing.offers import Offer, pasted_path
from smtpconsole.tui import keys
from smtpconsole.tui.panes.composer.entry import Line
from smtpconsole.visible import visible

List = Callable[[str], Sequence[Offer]]  # what there is, by what was typed


class Picking(ModalScreen[str]):
    """Type to narrow the list down, arrows to walk, Enter to choose; Escape chooses nothing."""

    BINDINGS = keys.bindings("picking")

    def __init__(
        self,
        title: str,
        list_: List,
        *,
        text: str = "",
        placeholder: str = "",
        is_free: bool = False,
    ) -> None:
        super().__init__()
        self._title = title
        self._list = list_
        self._text = text
        self._placeholder = placeholder
        self._is_free = is_free  # what is typed may be something new
        self._offers: Sequence[Offer] = ()

    def compose(self) -> ComposeResult:
        with Vertical(id="picking") as box:
            box.border_title = Content(visible(self._title))
            box.border_subtitle = "Enter chooses, arrows walk, Tab completes, Esc closes"
            yield _Words(self._text, id="picking-words", placeholder=self._placeholder)
            yield OptionList(id="picking-list", compact=True)
            yield Static(id="picking-told")

    def on_mount(self) -> None:
        self.query_one(OptionList).can_focus = False
        self.query_one(Line).focus()
        self._fill()

    @on(Input.Changed)
    def _fill(self) -> None:
        self._offers = self._list(self.query_one(Line).value)
        rows = self.query_one(OptionList)
        rows.clear_options()
        rows.add_options([Content(visible(each.name)) for each in self._offers])
        rows.highlighted = 0 if self._offers else None
        self._tell(rows.highlighted)

    @on(OptionList.OptionHighlighted)
    def _walked(self, event: OptionList.OptionHighlighted) -> None:
        self._tell(event.option_index)

    def _tell(self, place: int | None) -> None:
        told = self._offers[place].told if place is not None else ("nothing of that name",)
        text = Content("\n").join([Content(visible(line)) for line in told])
        self.query_one("#picking-told", Static).update(text)

    @property
    def _highlighted(self) -> Offer | None:
        place = self.query_one(OptionList).highlighted
        return self._offers[place] if place is not None else None

    def action_walk(self, by: int) -> None:
        """Move the cursor."""
        rows = self.query_one(OptionList)
        if self._offers:
            rows.highlighted = max(0, min(len(self._offers) - 1, (rows.highlighted or 0) + by))

    def action_complete(self) -> None:
        """Take what the cursor is on into the line."""
        if (offer := self._highlighted) is not None:
            line = self.query_one(Line)
            line.value = offer.value if self._is_path(offer) else offer.name
            line.cursor_position = len(line.value)

    def _is_path(self, offer: Offer) -> bool:
        return offer.value.rstrip("/").endswith(offer.name.rstrip("/"))

    @on(Input.Submitted)
    def _entered(self) -> None:
        typed, offer = self.query_one(Line).value.strip(), self._highlighted
        is_exact = any(each.value == typed for each in self._offers)
        if self._is_free and typed and not is_exact and not typed.endswith("/"):
            self.dismiss(typed)
        elif offer is not None and offer.leads_on:
            self.action_complete()
        elif offer is not None:
            self.dismiss(offer.value)

    @on(OptionList.OptionSelected)
    def _clicked(self) -> None:
        self._entered()


class _Words(Line):
    """What narrows the list down; a path that is pasted is taken as what it means."""

    BINDINGS = []  # noqa: RUF012  # the arrows walk the list

    def taken(self, text: str) -> str | None:
        return pasted_path(text)


def narrowed(offers: Sequence[Offer]) -> List:
    """These, as far as they hold what was typed."""

    def matching(text: str) -> Sequence[Offer]:
        words = text.lower().split()
        return [
            each
            for each in offers
            if all(word in " ".join((each.name, *each.told)).lower() for word in words)
        ]

    return matching
