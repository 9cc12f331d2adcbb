"""/import"""

from __future__ import annotations

from typing import Annotated

from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.arguments import PATH
from smtpconsole.console.commands import command
from smtpconsole.console.commands.journal import Viewer
from smtpconsole.console.console import Console
from smtpconsole.console.sessions.recordings import Recorded, keep, opened, understood
from smtpconsole.transcript.dialogue import talks
from smtpconsole.transcript.turns import turns

END = "/end"
MOST = 100_000  # lines


@command
async def import_(console: Console, file: Annotated[str, PATH] = "") -> None:
    """Read a transcript of another tool, from a file or as it is pasted, and keep it.

    What it is shows by its content: the output of swaks, smtplib's debug output, a terminal with
    telnet or openssl s_client, lines with C: and S: (or the marks of curl, msmtp, exim, sendmail),
    and our own text, json, jsonl and scripts.  It can be compared with /diff, done again with
    /replay, and exported, by the name that is told.  Without a file, paste it and end with /end.
    """
    recorded = opened(file) if file else understood(await _pasted(console), "what was pasted")
    answer = kept(console, recorded)
    console.front.show(answer)
    if isinstance(console.front, Viewer):
        console.front.view(recorded.journal)


async def _pasted(console: Console) -> str:
    lines: list[str] = []
    question = f"Paste the transcript; a line with {END} ends it."
    while (line := await console.front.ask(question)) != END:
        question = ""
        lines.append(line)
        if len(lines) > MOST or lines[-3:] == [""] * 3:  # a front end that has no more lines
            break
    return "\n".join(lines)


def kept(console: Console, recorded: Recorded) -> Answer:
    """Keep a session that was read, and tell of it."""
    told = [talk for talk in talks(turns(recorded.journal)) if talk.questions]
    if not told:
        raise ConsoleError("nothing was said in that session")
    name = keep(recorded, console.now())
    commands = sum(len(talk.questions) for talk in told)
    servers = ", ".join(dict.fromkeys(str(talk.target) for talk in told if talk.target is not None))
    where = f" with {servers}" if servers else ""
    return Answer(
        f"read as {recorded.format}: {commands} replies and commands{where}, kept as {name}",
        recorded.problems,
        (f"/diff {name}", f"/replay {name}"),
        is_trouble=bool(recorded.problems),
    )
