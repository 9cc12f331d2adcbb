"""The application holds the index of an hour of traffic, and with nothing to do it does nothing.

An hour of 50 events a second, a delivery every half second, is 180,000 events; time is
compressed.  `make soak-short` is five minutes of it.
"""

from __future__ import annotations

import json
import os
import select
import sys
import time
from pathlib import Path

import pexpect
import pytest

pytestmark = pytest.mark.soak

HERE = Path(__file__).parent
IS_SHORT = os.environ.get("SMTPCONSOLE_SOAK") == "short"
EVENTS = 15_000 if IS_SHORT else 180_000
INDEX = 64  # octets an event: 35 of the journal's index, the rest of the wire's
MARGIN = 2**20  # octets that caches of lines and styles may take yet
PATIENCE = 1800  # seconds for an hour of traffic, wherever this runs
QUIET, IDLE = 3.0, 5.0  # seconds without an octet; seconds that are watched
WAKEUPS = 15  # a second, of all threads: the one that reads keys looks ten times a second


def heard(terminal: int, seconds: float) -> int:
    """How many octets come for a terminal in that time."""
    until, count, said = time.monotonic() + seconds, 0, b""
    while (left := until - time.monotonic()) > 0:
        ready, _, _ = select.select([terminal], [], [], left)
        try:
            said = os.read(terminal, 65536) if ready else b""
        except OSError as error:
            raise AssertionError(f"the application has ended: {said!r}") from error
        count += len(said)
    return count


def wakeups(pid: int) -> int:
    """How often the threads of a process have gone to sleep."""
    count = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        for line in (task / "status").read_text().splitlines():
            if line.startswith("voluntary_ctxt_switches"):
                count += int(line.split()[1])
    return count


def test_an_hour_of_traffic_leaves_an_index_and_then_there_is_silence(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", str(HERE / "hour.py"), str(tmp_path), str(EVENTS)]
    environment = {**os.environ, "TERM": "xterm-256color", "SMTPCONSOLE_STATE": str(tmp_path)}
    child = pexpect.spawn(command[0], command[1:], env=environment, dimensions=(40, 120))
    terminal = child.child_fd
    try:
        until = time.monotonic() + PATIENCE
        while not (tmp_path / "looks.json").exists():
            assert child.isalive() and time.monotonic() < until
            heard(terminal, 0.5)
        early, late = json.loads((tmp_path / "looks.json").read_text())
        events = late["events"] - early["events"]
        print(json.dumps([early, late]))
        assert late["events"] >= EVENTS
        assert late["traced"] - early["traced"] < events * INDEX + MARGIN
        assert late["descriptors"] <= early["descriptors"] and late["tasks"] <= early["tasks"]
        while heard(terminal, QUIET):
            assert time.monotonic() < until
        before = wakeups(child.pid)
        assert heard(terminal, IDLE) == 0
        rate = (wakeups(child.pid) - before) / IDLE
        print(f"{rate:.1f} wakeups a second")
        assert rate <= WAKEUPS
    finally:
        child.close(force=True)
