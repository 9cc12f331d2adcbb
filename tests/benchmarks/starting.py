"""How long it takes until something is there: an import, the help, the first paint.

Each is a process of its own.  A first paint is measured from the start of Python to the octets of
the prompt on a terminal; the empty application has nothing but a word to look for.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Iterator

from tables import Effort, Goal, Table

IMPORTS = {
    "Python itself": "pass",
    "aiosmtplib": "import aiosmtplib; aiosmtplib.SMTP, aiosmtplib.send",
    "ours": "import smtpconsole; smtpconsole.SMTP, smtpconsole.send",
}
EMPTY = """
from textual.app import App
from textual.widgets import Static
class Empty(App):
    def compose(self):
        yield Static("smtp>")
Empty().run()
"""
PROMPT = b"smtp>"
PAINTS = {
    "an empty application of Textual": [sys.executable, "-c", EMPTY],
    "ours": [sys.executable, "-m", "smtpconsole"],
}
IMPORT_GOAL, PAINT_GOAL = 1.3, 1.9  # times the other's
PATIENCE = 60  # seconds


def tables(effort: Effort) -> Iterator[Table]:
    """Imports, then the program."""
    commands = {name: [sys.executable, "-c", code] for name, code in IMPORTS.items()}
    spent = interleaved(commands, ended, effort.rounds)
    base, *_ = spent.values()
    above = {
        name: [max(each - least, 1e-4) for each, least in zip(times, base, strict=True)]
        for name, times in spent.items()
    }
    del above["Python itself"]
    yield table("import", "importing, above starting Python", above, IMPORT_GOAL)
    spent = interleaved(PAINTS, painted, effort.rounds)
    yield table("paint", "from the shell to the first paint", spent, PAINT_GOAL)
    commands = {"Python itself": [sys.executable, "-c", "pass"]}
    commands["--help"] = [sys.executable, "-m", "smtpconsole", "--help"]
    spent = interleaved(commands, ended, effort.rounds)
    yield table("help", "from the shell to the help", spent, None)


def table(name: str, title: str, spent: dict[str, list[float]], goal: float | None) -> Table:
    """Medians, and ratios to the first in the same round."""
    first, *_ = spent
    made = Table(name, title, ["ms", f"times {first}"])
    for who, times in spent.items():
        pairs = zip(times, spent[first], strict=True)
        ratio = statistics.median(ours / theirs for ours, theirs in pairs)
        made.rows[who] = [statistics.median(times) * 1000, ratio]
    if goal is not None:
        made.goals.append(Goal(f"times {first}", ratio, goal, is_most=True))
    return made


def interleaved(
    commands: dict[str, list[str]], run: Callable[[list[str]], float], rounds: int
) -> dict[str, list[float]]:
    spent: dict[str, list[float]] = {name: [] for name in commands}
    for command in commands.values():
        run(command)  # the files are in memory from now on
    for _ in range(rounds):
        for name, command in commands.items():
            spent[name].append(run(command))
    return spent


def ended(command: list[str]) -> float:
    """Seconds until a program has ended."""
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def painted(command: list[str]) -> float:
    """Seconds until a program has the prompt on a terminal."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    with tempfile.TemporaryDirectory() as folder:
        own = {"TERM": "xterm-256color", "SMTPCONSOLE_STATE": folder, "SMTPCONSOLE_CONFIG": folder}
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            env={**os.environ, **own},
        )
        os.close(theirs)
        try:
            _await(ours)
            return time.perf_counter() - began
        finally:
            process.kill()
            process.wait()
            os.close(ours)


def _await(terminal: int) -> None:
    seen = b""
    while PROMPT not in seen:
        ready, _, _ = select.select([terminal], [], [], PATIENCE)
        assert ready, "nothing was painted"
        seen += os.read(terminal, 65536)
