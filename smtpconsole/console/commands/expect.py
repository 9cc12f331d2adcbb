"""/expect"""

from __future__ import annotations

from typing import Annotated

from smtpconsole.console.answers import Answer
from smtpconsole.console.arguments import Kind
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.console.scripting import expecting
from smtpconsole.console.scripting.completing import complete_expected

WHAT = Kind("WHAT ...", is_rest=True, is_list=True, complete_after=complete_expected)


@command
async def expect(console: Console, what: Annotated[tuple[str, ...], WHAT]) -> None:
    """Say whether the last reply, or the session, is as it should be; a script ends if it is not.

    /expect 250, /expect 5.., /expect 550 5.7.1, /expect 250 550 for the last two replies;
    /expect text PATTERN looks into the reply; /expect caps STARTTLS, caps SIZE=1000, tls on,
    phase ready, identity USER, closed ask how the session stands; not in front turns it round.
    within 2s: the reply took no longer, or it comes by then.
    """
    expected = expecting.parse(what)
    told = await expecting.check(console, expected)
    console.front.show(Answer(f"as expected: {told}"))
