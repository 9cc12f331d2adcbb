"""/diff"""

from __future__ import annotations

from typing import Annotated

from smtpconsole.console.answers import Answer
from smtpconsole.console.arguments import NUMBER, choice
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.console.sessions.recordings import SESSION, session
from smtpconsole.transcript.diffing import HEEDED, KINDS, Comparison, compared
from smtpconsole.transcript.sidebyside import report, verdict
from smtpconsole.transcript.turns import turns


@command
async def diff(
    console: Console,
    first: Annotated[str, SESSION],
    second: Annotated[str, SESSION] = "this",
    *,
    heed: Annotated[str, choice(*KINDS)] = "",
    ignore: Annotated[str, choice(*KINDS)] = "",
    width: Annotated[int, NUMBER] = 100,
) -> None:
    """Compare two sessions, command by command; with one name, it with this session.

    Dates, identifiers, addresses and the names of both ends make no difference.  What counts
    (`!`) are commands, codes, capabilities, tls and certificates; texts and times are told (`~`).
    --heed KIND lets another kind count, --ignore KIND does not.
    """
    before, after = (list(turns(session(console, name))) for name in (first, second))
    heeded = (HEEDED | {heed}) - {ignore, ""}
    console.front.show(told(compared(before, after, heeded=heeded), width))


def told(comparison: Comparison, width: int = 100) -> Answer:
    """A comparison as an answer."""
    return Answer(
        verdict(comparison),
        tuple(report(comparison, width=width)),
        is_trouble=not comparison.is_same,
    )
