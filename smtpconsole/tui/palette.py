"""Ctrl+P: what keys do, here and everywhere, and the commands of the console."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.widget import Widget

from smtpconsole.console.actions import AREAS, Action, of
from smtpconsole.console.commands import COMMANDS
from smtpconsole.tui import keys
from smtpconsole.tui.prompt import Prompt

if TYPE_CHECKING:
    from smtpconsole.tui.app import ConsoleApp

Offer = tuple[str, str, Callable[[], Any]]  # what it is called, what it does, how


class Everything(Provider):
    """Actions are done when they are chosen, commands are typed at the prompt."""

    def _offers(self) -> Iterator[Offer]:
        for area in ("everywhere", *keys.areas_of(self.focused)):
            for each in of(area):
                if each.does not in ("command_palette", "escape"):
                    yield self._action(each)
        yield "Theme", "choose the colours", self.app.action_change_theme
        for command in COMMANDS.values():
            yield f"/{command.name}", command.sentence, partial(self._type, command.name)

    def _action(self, action: Action) -> Offer:
        key = cast("ConsoleApp", self.app).keyboard.shown(action.name)
        where = "" if action.area == "everywhere" else f"{AREAS[action.area].title}: "
        return f"{where}{action.label}  {key}", action.sentence, partial(self._do, action)

    def _do(self, action: Action) -> Awaitable[bool]:
        return self.app.run_action(action.does, self._namespace(action))

    def _namespace(self, action: Action) -> Any:
        """The widget whose action it is."""
        for widget in self.focused.ancestors_with_self if self.focused is not None else ():
            if isinstance(widget, Widget) and keys.areas_of(widget)[:1] == [action.area]:
                return widget
        return self.app

    async def discover(self) -> Hits:
        for name, told, do in self._offers():
            yield DiscoveryHit(name, do, help=told)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for name, told, do in self._offers():
            text = f"{name}  {told}"
            if (score := matcher.match(text)) > 0:
                yield Hit(score, matcher.highlight(text), do, text=text)

    def _type(self, name: str) -> None:
        self.app.query_one(Prompt).type(f"/{name} ")
