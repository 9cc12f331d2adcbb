"""The table of actions as Textual and as people want it, with the keys of this person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from textual.binding import Binding, BindingType
from textual.widget import Widget

from smtpconsole.console.actions import ACTIONS, Action, of
from smtpconsole.console.configuring.keynames import all_shown, told


def bindings(area: str) -> list[BindingType]:
    """The keys of an area; their ids are the names of the actions, by which they are rebound."""
    return [
        Binding(each.keys, each.does, each.label, id=each.name, show=False, priority=each.is_first)
        for each in of(area)
    ]


# What a recorded session does in its own way.
OWN = {each.does.partition("(")[0] for each in of("everywhere")} - {"quit"}


def some(*names: str) -> list[BindingType]:
    """A few of the keys that work everywhere."""
    return [
        each for each in bindings("everywhere") if isinstance(each, Binding) and each.id in names
    ]


def areas_of(focused: Widget | None) -> list[str]:
    """Where the focus is, from the inside to the outside."""
    found = []
    for widget in focused.ancestors_with_self if focused is not None else ():
        for each in getattr(widget, "BINDINGS", ())[:1]:
            action = ACTIONS.get(getattr(each, "id", None) or "")
            if action is not None and action.area != "everywhere":
                found.append(action.area)
    return found


class Keyboard:
    """The actions with the keys that they have here."""

    def __init__(self, bound: Mapping[str, str] | None = None) -> None:
        self.bound = dict(bound or {})

    def keys(self, action: Action) -> str:
        """The keys of an action, as the table has them."""
        return self.bound.get(action.name, action.keys)

    def shown(self, name: str) -> str:
        """The first key of an action, as people write it."""
        return self.told(f"{{key {name}}}")

    def told(self, text: str) -> str:
        """A text with keys in place of each {key ACTION} in it."""
        return told(text, self.bound)

    def footer(self, width: int) -> str:
        """The keys that fit into a line; none is cut."""
        line = ""
        for each in of("everywhere"):
            entry = f" {self.shown(each.name)} {each.label} "
            if each.in_footer and len(line) + len(entry) <= width:
                line += entry
        return line

    def rows(self, area: str) -> Iterator[str]:
        """The keys of an area for the help screen: key, sentence and the command behind it."""
        for each in of(area):
            command = f"   {each.line}" if each.line else ""
            yield f"{all_shown(self.keys(each)):16} {each.sentence}{command}"
