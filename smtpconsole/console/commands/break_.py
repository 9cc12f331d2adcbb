"""/break"""

from __future__ import annotations

from typing import Annotated

from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.arguments import LIST
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.console.stepping import breakpoint_of


@command
async def break_(console: Console, where: Annotated[tuple[str, ...], LIST] = ()) -> None:
    """Hold a batch only at a verb, in a phase, after a code, or at a text; alone: list where.

    /break RCPT before such a line; /break phase auth in a phase of the session; /break 5.. before
    whatever follows such a reply; /break text PATTERN at a text of either side.  /break off takes
    all away, /break off 2 the second.  What is held is sent with /next.
    """
    places = console.stepping.breakpoints
    if where[:1] == ("off",):
        _remove(console, where[1:])
    elif where:
        console.stepping.stop_at(breakpoint_of(where))
    rows = tuple(f"{number}  {each}" for number, each in enumerate(places, 1))
    title = "a batch is held at" if rows else "no batch is held"
    hints = () if rows else ("/break RCPT", "/step")
    console.front.show(Answer(title, rows, hints))


def _remove(console: Console, which: tuple[str, ...]) -> None:
    places = console.stepping.breakpoints
    if not which:
        places.clear()
        return
    numbers = {int(word) for word in which if word.isascii() and word.isdecimal()}
    if len(numbers) != len(which) or not numbers <= set(range(1, len(places) + 1)):
        raise ConsoleError("there is no such breakpoint", "/break alone lists them")
    places[:] = [each for number, each in enumerate(places, 1) if number not in numbers]
