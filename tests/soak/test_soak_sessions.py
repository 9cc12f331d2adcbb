"""Ten thousand sessions and a hundred thousand messages through one process leave nothing in it.

`make soak` does all of them; `make soak-short` a twentieth, as CI does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sinking

from smtpconsole.sandbox import Sandbox

pytestmark = pytest.mark.soak

TESTS = Path(__file__).parents[1]
IS_SHORT = os.environ.get("SMTPCONSOLE_SOAK") == "short"
SESSIONS, MESSAGES = (1000, 5) if IS_SHORT else (10_000, 10)
INDEX = 35  # octets of memory that an event of a journal on disk takes
MARGIN = 256 * 1024  # octets that Python's caches may take yet
LATEST = 8 * 2**20  # octets for the latest events, and what is hunted for in them
RESIDENT = 6 * 2**20  # octets that the C library may keep of what was freed


@pytest.fixture
def sink() -> Iterator[int]:
    with sinking.sink() as port:
        yield port


def soak(sink: int, **plan: Any) -> tuple[dict[str, int], dict[str, int]]:
    """What the process held after a fifth and at the end; it has ended well and said nothing."""
    with Sandbox() as sandbox:
        servers = {"sink": sink, "sandbox": sandbox.port, "ca": str(sandbox.ca_file)}
        command = [sys.executable, "-W", "error", str(TESTS / "soak" / "sessions.py")]
        command.append(json.dumps(servers | plan))
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["remarks"] == []
    early, late = found["looks"]
    assert late["sent"] == plan["sessions"] * plan["messages"]
    print(json.dumps(found["looks"]))
    assert late["descriptors"] <= early["descriptors"] and late["tasks"] == 1
    return early, late


def test_sessions_leave_no_memory_no_descriptor_and_no_task(sink: int) -> None:
    early, late = soak(sink, sessions=SESSIONS, messages=MESSAGES)
    assert late["traced"] - early["traced"] < MARGIN
    assert late["resident"] - early["resident"] < RESIDENT


def test_asyncio_in_debug_mode_has_nothing_to_say(sink: int) -> None:
    soak(sink, sessions=SESSIONS // 10, messages=MESSAGES, is_debug=True)


def test_a_journal_on_disk_takes_its_index_and_nothing_else(sink: int, tmp_path: Path) -> None:
    """It keeps everything: on the disk, and 35 octets an event in memory; of the latest more."""
    plan = {"sessions": SESSIONS // 8, "messages": MESSAGES}
    early, late = soak(sink, journal=str(tmp_path / "soak.jsonl"), **plan)
    events = late["events"] - early["events"]
    assert events > SESSIONS // 8 * MESSAGES * 8
    assert late["traced"] - early["traced"] < events * INDEX * 1.2 + LATEST
