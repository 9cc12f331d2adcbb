"""/help"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from smtpconsole.console.answers import Answer
from smtpconsole.console.arguments import Kind
from smtpconsole.console.commands import COMMANDS, Command, command, find
from smtpconsole.console.console import Console


def _names(console: Console, word: str) -> Iterable[str]:
    return (name for name in COMMANDS if name.startswith(word))


def _kinds(found: Command) -> Iterable[str]:
    """What the command's arguments are, each kind once."""
    kinds = [each.kind for each in found.parameters if not each.is_flag]
    told = {each.name: each.sentence for each in kinds if each.sentence}
    width = max(map(len, told), default=0)
    return ("", *(f"{name:{width}}  {sentence}" for name, sentence in told.items())) if told else ()


NAME = Kind("COMMAND", complete=_names)


@command
async def help_(console: Console, name: Annotated[str, NAME] = "") -> None:
    """List the commands, or tell all about one."""
    if name:
        found = find(name.removeprefix("/").lower())
        lines = (found.sentence, *found.details.splitlines(), *_kinds(found))
        console.front.show(Answer(found.usage, lines))
        return
    width = max(len(each) for each in COMMANDS) + 1
    rows = [f"/{each.name:{width}} {each.sentence}" for each in COMMANDS.values()]
    rows += [
        "",
        "What you type without a slash is said to the server as it is.",
        "//text says a line that begins with a slash; # notes.",
        "? tells what is going on; ?550 5.7.1 explains a reply, ?PIPELINING a word.",
    ]
    console.front.show(Answer("commands", tuple(rows), ("/help connect", "/help send")))
