"""/step"""

from __future__ import annotations

from typing import Annotated

from smtpconsole.console.answers import Answer
from smtpconsole.console.arguments import choice
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console


@command
async def step(console: Console, switch: Annotated[str, choice("on", "off")] = "") -> None:
    """Hold every batch before it is sent: to be understood, edited, skipped, and let go.

    What is held is shown with what it is and what may answer it.  /next sends it, /next 1 only the
    first of its lines; /edit 2 LINE says something else instead of the second; /skip 2 leaves that
    out, and /skip alone sends nothing of it.  Typed lines, /login, /send and all the others are
    held alike.  Time stands still meanwhile.  /step alone turns it on or off; /break holds only
    what you name.
    """
    stepping = console.stepping
    stepping.is_on = not stepping.is_on if not switch else switch == "on"
    if stepping.held is not None:
        return
    if stepping.is_on:
        told = "every batch is held from now on"
        console.front.show(Answer(told, ("/next sends what is held, /skip does not",)))
    else:
        lines = tuple(f"/break {each}" for each in stepping.breakpoints)
        console.front.show(
            Answer("nothing is held any more" + (", but at" if lines else ""), lines)
        )
