"""/rehearse"""

from __future__ import annotations

from smtpconsole.console.answers import Answer
from smtpconsole.console.commands import command
from smtpconsole.console.composing.rehearsing import rehearsal
from smtpconsole.console.console import Console


@command
async def rehearse(
    console: Console, *, chunking: bool = False, one_by_one: bool = False, insist: bool = False
) -> None:
    """Show exactly what sending the message would say, and in how many round trips.

    Nothing is sent.  --chunking rehearses BDAT (RFC 3030) instead of DATA; --one-by-one does
    without pipelining; --insist also says what the server has not offered.
    """
    found = rehearsal(console, chunking=chunking, one_by_one=one_by_one, insist=insist)
    console.front.show(Answer(found.title, tuple(found.lines()), (found.line,)))
