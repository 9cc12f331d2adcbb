"""/set"""

from __future__ import annotations

from typing import Annotated

from smtpconsole.console.answers import Answer
from smtpconsole.console.arguments import TEXT, Kind, choice
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.console.settings import SENTENCES

SETTING: Kind = choice(*SENTENCES)


@command
async def set_(
    console: Console,
    name: Annotated[str, SETTING] = "",
    value: Annotated[str | None, TEXT] = None,
) -> None:
    """Show the settings, or change one."""
    if name and value is not None:
        console.settings.set(name, value)
    names = [name] if name else list(SENTENCES)
    width = max(map(len, names))
    rows = [f"{each:{width}}  {_shown(console, each):<20}  {SENTENCES[each]}" for each in names]
    console.front.show(Answer("settings" if not name else f"{name} is set", tuple(rows)))


def _shown(console: Console, name: str) -> str:
    value = getattr(console.settings, name)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value) or "-"
