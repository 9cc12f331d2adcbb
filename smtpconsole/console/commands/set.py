"""/set"""

from __future__ import annotations

from typing import Annotated

from smtpconsole.console.answers import Answer
from smtpconsole.console.arguments import Kind, choice
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.console.settings import SENTENCES
from smtpconsole.console.targets import password_of

SETTING: Kind = choice(*SENTENCES)
VALUE = Kind("VALUE", hides=password_of)


@command
async def set_(
    console: Console,
    name: Annotated[str, SETTING] = "",
    value: Annotated[str | None, VALUE] = None,
) -> None:
    """Show the settings, or change one."""
    if name and value is not None:
        console.settings.set(name, value)
    names = [name] if name else list(SENTENCES)
    width = max(map(len, names))
    rows = [
        f"{each:{width}}  {console.settings.shown(each):<20}  {SENTENCES[each]}" for each in names
    ]
    console.front.show(Answer("settings" if not name else f"{name} is set", tuple(rows)))
