"""/learn"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.arguments import TARGET, Kind
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.console.teaching import lessons
from smtpconsole.smtp.events import Target


def _complete(console: Console, word: str) -> Iterable[str]:
    actions = lessons.ACTIONS if console.learning is not None else ("list",)
    names = (*actions, *lessons.names())
    return (name for name in names if name.startswith(word.lower()))


LESSON = Kind("LESSON", complete=_complete)
DETAIL = Kind("NUMBER|FILE")


@command
async def learn(
    console: Console,
    what: Annotated[str, LESSON] = "",
    detail: Annotated[str, DETAIL] = "",
    *,
    at: Annotated[Target | None, TARGET] = None,
    present: bool = False,
) -> None:
    """Learn SMTP by speaking it: begin a lesson, or go on with one.

    /learn alone goes on where you were; /learn list shows the lessons; LESSON is a name or a number
    of that list, or a file of your own.  It has a sandbox of its own; --at TARGET points it at a
    server of yours, if the lesson is harmless there.

    Within a lesson: next, back (with the session as it was then), again (this step once more),
    hint (three of them, from a nod to the solution), answer NUMBER, html FILE (the lesson with
    what was said in it), leave.  Where you were is kept.  --present is for a room: the step is
    shown large, and the space bar reveals it, then does it.
    """
    if what in lessons.ACTIONS:
        await lessons.act(console, what, detail)
    elif detail:
        raise ConsoleError(f"/learn {what} takes nothing like {detail!r}", "/help learn tells more")
    elif what:
        await lessons.begin(console, what, at)
    else:
        await lessons.go_on(console)
    if present and console.learning is not None:
        console.learning.is_presented = True
