"""/copy"""

from __future__ import annotations

from typing import Annotated

from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.arguments import Kind, choice
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.smtp.events import Answered, Sent
from smtpconsole.transcript.formats import FORMATS, exported
from smtpconsole.transcript.turns import Teller
from smtpconsole.visible import visible

WHAT: Kind = choice("reply", "exchange", "command", *sorted(FORMATS))


@command
async def copy(console: Console, what: Annotated[str, WHAT] = "reply") -> None:
    """Copy to the clipboard: the last reply, command or exchange, or the session in a format.

    /copy markdown is what a bug tracker takes.  Passwords are never among it.
    """
    text = _text(console, what)
    if not text:
        raise ConsoleError(f"there is no {what} yet; nothing was copied")
    lines = text.splitlines()
    count = f"{len(lines)} line{'s' if len(lines) > 1 else ''}"
    if where := console.front.copy(text):
        console.front.show(Answer(f"{count}: {where}"))
    else:
        console.front.show(Answer("there is no clipboard here", tuple(lines)))


def _text(console: Console, what: str) -> str:
    journal = console.journal
    if what in FORMATS:
        return exported(journal, what)
    if what == "exchange":
        return exported(journal, "text", last_exchange=True)
    kind = Answered if what == "reply" else Sent
    last = [journal.entry(number) for number in journal.since(0, kind).numbers[-1:]]
    return "\n".join(visible(line) for turn in Teller(journal).tell(last) for line in turn.lines)
