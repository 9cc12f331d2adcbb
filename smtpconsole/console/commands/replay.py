"""/replay"""

from __future__ import annotations

from typing import Annotated

from smtpconsole.console.answers import Answer
from smtpconsole.console.arguments import ADDRESS, TARGET
from smtpconsole.console.commands import command
from smtpconsole.console.commands.diff import told
from smtpconsole.console.console import Console
from smtpconsole.console.sessions.recordings import SESSION, session
from smtpconsole.console.sessions.replaying import replay as replay_session
from smtpconsole.smtp.events import Target
from smtpconsole.transcript.diffing import compared
from smtpconsole.transcript.sidebyside import verdict
from smtpconsole.transcript.turns import turns


@command
async def replay(
    console: Console,
    journal: Annotated[str, SESSION],
    target: Annotated[Target | None, TARGET] = None,
    *,
    user: Annotated[str, ADDRESS] = "",
    diff: bool = False,
    yes: bool = False,
) -> None:
    """Do again what a client did, on the same server or another, and compare.

    JOURNAL is a file, the name of a kept session, or `this`.  What was pipelined is pipelined, and
    answers are waited for where they were.  Passwords are asked for; TLS and log-ins are done
    anew, with --user as somebody else.  Mail really is sent, so you are asked before it goes to a
    server elsewhere; --yes says it in advance.  With --diff all commands are shown side by side.
    """
    recorded = session(console, journal)
    before = list(turns(recorded))
    after = await replay_session(console, recorded, target, user=user, is_sure=yes)
    comparison = compared(before, after)
    if diff:
        console.front.show(told(comparison))
        return
    title = f"done again: {verdict(comparison)}"
    lines = ("--diff shows both side by side",) if any(comparison.all) else ()
    console.front.show(Answer(title, lines, is_trouble=not comparison.is_same))
