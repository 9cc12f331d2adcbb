"""What guards the speed: round trips, lines of Python and modules are counted, seconds never.

A ceiling is a tenth above what is needed today on the Python that needs most.  Whoever breaks one
has made something slower, or must say why it is worth it and raise it.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from sinking import sink

from smtpconsole import SMTP
from smtpconsole.client import Letter
from smtpconsole.transcript.journal import Journal

BENCHMARKS = Path(__file__).parent / "benchmarks"
SENDER = "a@example.org"
MESSAGE = b"Subject: counted\r\n\r\n" + b"One line of text.\r\n" * 50
DELAY = 0.025  # seconds: no answer is there before all of a batch is said


@pytest.mark.parametrize(("client", "most"), [("ours", 8), ("ours, with BDAT", 7)])
def test_a_message_to_a_hundred_recipients_takes_as_many_round_trips(
    client: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import trips

    # Whoever is held up in the middle of what it says may look as if it had waited.
    counts = (trips.count(trips.CLIENTS[client], DELAY)[0] for _ in range(5))
    assert most == next((count for count in counts if count <= most), "more")


# Lines of Python for a message of 1 KiB: the client, the engine and asyncio.


async def _lines(client: SMTP, people: list[str], messages: int) -> int:
    """Of the cheapest of several: replies may come in more pieces than they must."""
    letters = [Letter(MESSAGE, SENDER, people)] * messages
    counts = []
    for number in range(8):
        count = 0

        def look(frame: FrameType, event: str, _: object) -> Any:
            nonlocal count
            count += event == "line"
            return look

        before = sys.gettrace()
        sys.settrace(look if number > 2 else before)
        try:
            if messages > 1:
                await client.deliver_all(letters)
            else:
                await client.sendmail(SENDER, people, MESSAGE)
        finally:
            sys.settrace(before)
        if number > 2:
            counts.append(count)
        await asyncio.sleep(0)
    return min(counts)


@pytest.mark.parametrize(
    ("how", "recipients", "messages", "most"),
    [
        ("one by one", 1, 1, 1320),
        ("pipelined", 1, 1, 945),
        ("with the journal", 1, 1, 1090),
        ("with the journal", 50, 1, 6000),
        ("at once", 1, 50, 44_600),
    ],
)
async def test_a_message_takes_no_more_lines_of_python(
    how: str, recipients: int, messages: int, most: int
) -> None:
    people = [f"user{number}@example.org" for number in range(recipients)]
    with sink() as port:
        client = SMTP(
            hostname="127.0.0.1",
            port=port,
            start_tls=False,
            local_hostname="x.example",
            pipelining="one by one" not in how,
            observe=Journal() if "journal" in how else None,
        )
        async with client:
            needed = await _lines(client, people, messages)
    assert most * 0.6 < needed <= most, f"{needed} lines; if it is less now, lower the ceiling"


# Modules, beyond those of what they are built on.

NAMES = "import smtpconsole\nsmtpconsole.SMTP, smtpconsole.send\n"
HELP = "from smtpconsole.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
PAINTED = """
import asyncio
from textual.app import App
async def painted(app):
    async with app.run_test():
        pass
"""
EMPTY = PAINTED + "asyncio.run(painted(App()))\n"
APPLICATION = (
    PAINTED
    + """
from smtpconsole.console.console import Suggestions
from smtpconsole.console.settings import Settings
from smtpconsole.transcript.journal import Journal
from smtpconsole.tui.app import ConsoleApp
asyncio.run(painted(ConsoleApp(Journal(), Settings(), Suggestions())))
"""
)


def _loaded(statement: str) -> set[str]:
    script = f"import sys\n{statement}\nprint('\\n', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    return set(done.stdout.decode().rpartition("\n ")[2].split())


@pytest.mark.parametrize(
    ("statement", "beyond", "most", "forbidden"),
    [
        ("import smtpconsole", "pass", 35, "asyncio ssl socket email"),
        (NAMES, "import asyncio, ssl", 27, "smtpconsole.net smtpconsole.transcript tomllib"),
        (HELP, "import asyncio, click", 39, "textual rich prompt_toolkit smtpconsole.net.dial"),
        (
            APPLICATION,
            EMPTY,
            500,
            "prompt_toolkit aiosmtpd dkim keyring dns tomlkit click cryptography trustme pygments",
        ),
    ],
    ids=["import", "names", "help", "first paint"],
)
def test_no_more_modules_are_loaded(statement: str, beyond: str, most: int, forbidden: str) -> None:
    more = _loaded(statement) - _loaded(beyond)
    assert not {
        name for name in more for no in forbidden.split() if f"{name}.".startswith(f"{no}.")
    }
    assert len(more) <= most, sorted(more)
