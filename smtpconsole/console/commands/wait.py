"""/wait"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Annotated

from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.arguments import Kind, duration
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.console.scripting import expecting
from smtpconsole.console.scripting.completing import complete_expected
from smtpconsole.console.stopping import stoppable

WHAT = Kind("TIME|WHAT ...", is_rest=True, is_list=True, complete_after=complete_expected)
_REPLY = ("reply",)


@command
async def wait(console: Console, what: Annotated[tuple[str, ...], WHAT]) -> None:
    """Wait for a time, for a reply that is to come, or until something is so.

    /wait 2s; /wait reply, /wait 421, /wait text PATTERN for one that comes from now on; /wait
    closed, /wait tls on, /wait phase ready.  within 10s says how long at most; else it is as long
    as a reply is waited for (/set timeout).  The connection is read meanwhile.
    """
    if len(what) == 1 and what[0][:1].isdigit() and not _is_code(what[0]):
        with stoppable(console, f"/wait {what[0]}"):
            await asyncio.sleep(duration(what[0]))
        return
    words = ("...", *what[1:]) if what[:1] == _REPLY else what
    expected = expecting.parse(words)
    if expected.within is None:
        expected = replace(expected, within=console.how.timeout)
    if console.connection is None and not expected.state:
        raise ConsoleError("not connected; no reply can come", next=(console.connect_line,))
    with stoppable(console, f"/wait {' '.join(what)}"):
        told = await expecting.check(console, expected, since=len(console.journal))
    console.front.show(Answer(f"it has come: {told}"))


def _is_code(word: str) -> bool:
    """Three digits are a reply code; a time of so many seconds has its unit."""
    return len(word) == 3 and word.isdecimal() and "200" <= word < "600"
