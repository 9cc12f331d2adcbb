"""The console's commands in the palette."""

from __future__ import annotations

from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from smtpconsole.console.commands import COMMANDS
from smtpconsole.tui.prompt import Prompt


class ConsoleCommands(Provider):
    """Each command of the console; choosing one types it at the prompt."""

    async def discover(self) -> Hits:
        for each in COMMANDS.values():
            yield DiscoveryHit(f"/{each.name}", partial(self._type, each.name), help=each.sentence)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for each in COMMANDS.values():
            text = f"/{each.name}  {each.sentence}"
            if (score := matcher.match(text)) > 0:
                yield Hit(score, matcher.highlight(text), partial(self._type, each.name))

    def _type(self, name: str) -> None:
        self.app.query_one(Prompt).type(f"/{name} ")
