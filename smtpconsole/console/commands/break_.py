"""/break"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated

from smtpconsole import knowledge
from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.arguments import Kind
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.console.holding.stepping import breakpoint_of
from smtpconsole.smtp.events import Phase


def _complete(console: Console, before: Sequence[str], word: str) -> Iterable[str]:
    places = console.stepping.breakpoints
    if not before:
        verbs = [verb.name for verb in knowledge.verbs()]
        upper = [each for each in verbs if word and each.startswith(word.upper())]
        usual = ["MAIL", "RCPT", "DATA", "4..", "5..", "phase", "text", "off"]
        return dict.fromkeys([each for each in usual if each.startswith(word)] + upper)
    behind: dict[str, Iterable[str]] = {
        "phase": (phase.value for phase in Phase),
        "off": map(str, range(1, len(places) + 1)),
    }
    return (each for each in behind.get(before[0], ()) if each.startswith(word))


WHERE = Kind("WHERE ...", is_rest=True, is_list=True, complete_after=_complete)


@command
async def break_(console: Console, where: Annotated[tuple[str, ...], WHERE] = ()) -> None:
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
