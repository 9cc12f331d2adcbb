"""One script, three faces: application, line mode and `smtpconsole run` do the same."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path

from driving import driving

from smtpconsole.console.console import Suggestions
from smtpconsole.console.settings import Settings
from smtpconsole.sandbox import Sandbox
from smtpconsole.smtp import events
from smtpconsole.transcript.journal import Journal
from smtpconsole.transcript.redaction import masked

SCRIPT = """\
# one script
/connect localhost:{port}
/expect 220
EHLO client.example
/expect 250
/expect caps PIPELINING STARTTLS
/starttls
/expect tls on
/login PLAIN {user} {password}
/expect 235
/pipeline "MAIL FROM:<{user}>" "RCPT TO:<bob@sandbox.example>" "RCPT TO:<nobody@sandbox.example>"
/expect 550 5.1.1
DATA
/expect 354
Subject: one script

# no remark
//dots
.
/expect 250
/step on
NOOP
/next
/step off
/repeat 2 RSET
/raw 'XYZZY\\r\\n'
/expect 500
QUIT
/expect 221
/expect closed within 5s
"""
_OTHERWISE = re.compile(r"kept as \d+|localhost:\d+")


def told(journal: Journal) -> list[str]:
    """What happened, without times, and without how the script was begun."""
    return [row for entry in journal.entries if (row := _row(entry.event))]


def _row(event: events.Event) -> str:
    match event:
        case events.Sent(send):
            text = repr(masked(send))
        case events.Proposed(batch):
            text = repr([masked(send) for send in batch])
        case events.Answered(reply, send):
            text = f"{reply} to {send.verb if send is not None else None!r}"
        case events.Entered(line) if line.startswith("/run "):
            return ""
        case events.Entered(text) | events.Noted(text):
            pass
        case events.Anomaly(kind, detail):
            text = f"{kind} {detail}"
        case events.Received() | events.Resolved() | events.Connected() | events.Alerted():
            return ""  # in pieces, and of ports
        case events.Closed() | events.Tried():
            return ""  # when the server does it, perhaps behind our next line
        case _:
            text = ""
    return f"{type(event).__name__} {_OTHERWISE.sub('*', text)}"


async def _program(*words: str, stdin: Path, state: Path, code: int) -> None:
    environment = {
        **os.environ,
        "SMTPCONSOLE_STATE": str(state),
        "SMTPCONSOLE_CONFIG": str(state),
    }
    with stdin.open("rb") as lines:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "smtpconsole", *words),
            stdin=lines,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=environment,
        )
        out, _ = await process.communicate()
    assert process.returncode == code, out.decode()


async def test_one_script_drives_all_faces_to_the_same_journal(
    sandbox: Sandbox, settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "one.smtp"
    words = {"port": sandbox.port, "user": sandbox.user, "password": sandbox.password}
    file.write_text(SCRIPT.format(**words))
    options = ("--ca", str(sandbox.ca_file), "--name", "client.example")

    async with driving("", settings=settings, suggestions=Suggestions()) as driver:
        await driver.enter(f"/run {file}")
        await driver.until("one.smtp: 2", "all as they should be")
        in_application = told(driver.journal)

    kept = tmp_path / "run.journal"
    await _program(
        "run", str(file), "--journal", str(kept), *options, stdin=file, state=tmp_path, code=0
    )
    from_shell = told(Journal.open(kept))

    state = tmp_path / "state"
    # A refusal is a failure there, as nobody watches.
    await _program("repl", *options, stdin=file, state=state, code=1)
    (of_lines,) = [each for each in state.rglob("*") if each.name.endswith(".jsonl")] or [None]
    assert of_lines is not None, list(state.rglob("*"))
    in_lines = told(Journal.open(of_lines))

    assert from_shell == in_application
    assert in_lines == in_application
    assert len(in_application) > 50
