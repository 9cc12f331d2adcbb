"""/message"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated

from smtpconsole.composer.messages import MESSAGES, Message
from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.arguments import SIZE, Kind
from smtpconsole.console.commands import command
from smtpconsole.console.composing.drafting import measured
from smtpconsole.console.console import Console


def _parse(text: str) -> Message:
    found = MESSAGES.get(text.lower())
    if found is None:
        raise ConsoleError(f"there is no ready-made message {text!r}", next=("/message",))
    return found


def _complete(console: Console, word: str) -> Iterable[str]:
    return (name for name in MESSAGES if name.startswith(word.lower()))


READY_MADE = Kind("NAME", _parse, _complete)


@command
async def message(
    console: Console,
    name: Annotated[Message | None, READY_MADE] = None,
    *,
    size: Annotated[int, SIZE] = 0,
) -> None:
    """Put a ready-made test message into the composer, or list them.

    Sender and recipients stay as they are.  --size, such as 30M, is for `huge`.
    """
    if name is None:
        width = max(map(len, MESSAGES)) + 2
        rows = [f"{each.name:{width}}{each.tests}" for each in MESSAGES.values()]
        console.front.show(Answer("ready-made messages", tuple(rows), ("/message plain",)))
        return
    console.draft = name.of(replace(console.draft, filler=size))
    lines = [name.tests, f"A sound server answers {name.expects}."]
    if name.warning:
        lines.append(f"Beware: {name.warning}.")
    if console.draft.recipients:
        lines.append(str(measured(console)))
    else:
        lines.append("It has no recipient yet: /send ADDRESS names one.")
    console.front.show(
        Answer(f"{name.name} is in the composer", tuple(lines), ("/rehearse", "/send"))
    )
