"""A process that is killed at any moment leaves a journal that can be read, and loses nothing.

The child writes down, outside of the journal, each event whose call has returned; that much must
be in the file.  A hundred children are killed at random points, a few at a time.
"""

from __future__ import annotations

import mmap
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from smtpconsole.smtp.events import Answered, Received, Sent
from smtpconsole.transcript.journal import Journal

pytestmark = pytest.mark.faults

KILLS = 100
AT_ONCE = 4

# One fork for each kill: an interpreter of its own would take a hundred times as long.
CHILD = """
import mmap, os, pathlib, struct, sys, time
from smtpconsole.smtp.commands import CONTENT, Send
from smtpconsole.smtp.events import Answered, Received, Sent
from smtpconsole.smtp.replies import Reply
from smtpconsole.transcript import storage
from smtpconsole.smtp.events import Answered, Received, Sent
from smtpconsole.transcript.journal import Journal

storage.ROWS = 64  # so that some die while they write an index


def write(path, counted):
    journal = Journal(pathlib.Path(path))
    journal.redactor.learn(b"tanstaaf")
    content = b"line of a message\\r\\n" * 2000
    number = 0
    while True:
        send = Send(b"RCPT TO:<%d@example.org>\\r\\n" % number, b"RCPT")
        reply = Reply(250, [b"%d tanst" % number])
        for event in (
            Sent(send), Received(reply.octets[:-7]), Received(reply.octets[-7:]),
            Answered(reply, send), Sent(Send(content, CONTENT, replies=0)),
        ):
            journal(event)
            number += 1
            counted[:] = struct.pack("<Q", number)


children = {}
for line in sys.stdin:
    what, *words = line.split()
    if what == "start":
        path = words[0]
        with open(path + ".count", "w+b") as file:
            file.truncate(8)
            counted = memoryview(mmap.mmap(file.fileno(), 8))
        pid = os.fork()
        if not pid:
            write(path, counted)
        print(pid, flush=True)
    else:
        os.waitpid(int(words[0]), 0)
        print("gone", flush=True)
"""


def test_a_hundred_killed_processes_lose_no_event(tmp_path: Path) -> None:
    random.seed(6)
    # In memory where that can be had: the disk is not what is tested, and it would be full soon.
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as folder:
        with subprocess.Popen(
            [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as parent:
            lengths = [
                _kill_some(parent, [Path(folder, f"{each}.jsonl") for each in range(AT_ONCE)])
                for _ in range(KILLS // AT_ONCE)
            ]
            parent.stdin.close()
    assert max(map(max, lengths)) > 200, "some lived long enough to write an index"


def _kill_some(parent: subprocess.Popen[str], paths: list[Path]) -> list[int]:
    """Let some processes write, kill each, and look at what is there; how much that is."""
    assert parent.stdin is not None and parent.stdout is not None
    pids = []
    for path in paths:
        path.unlink(missing_ok=True)
        print("start", path, file=parent.stdin, flush=True)
        pids.append(int(parent.stdout.readline()))
    lengths = []
    for pid, path in zip(pids, paths, strict=True):
        time.sleep(random.uniform(0.001, 0.03))  # the moment is what is random
        _kill(parent, pid)
        lengths.append(_looked_at(path))
    return lengths


def _kill(parent: subprocess.Popen[str], pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    print("wait", pid, file=parent.stdin, flush=True)
    assert parent.stdout is not None and parent.stdout.readline() == "gone\n"


def _looked_at(path: Path) -> int:
    with open(f"{path}.count", "rb") as file:
        (completed,) = struct.unpack("<Q", mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ)[:])
    if not path.exists():
        assert not completed
        return 0
    journal = Journal.open(path)
    assert len(journal) >= completed
    for problem in journal.problems:
        assert "was cut off" in problem or not completed  # killed before its first line
    for entry in journal.entries:
        _check(entry.number, entry.event)
    return completed


def _check(number: int, event: object) -> None:
    """It is the event that was told as that number."""
    of = number - number % 5
    match number % 5, event:
        case 0, Sent(send):
            assert send.data == b"RCPT TO:<%d@example.org>\r\n" % of
        case 1, Received(data):
            assert data == (b"250 %d tanst\r\n" % of)[:-7]
        case 2, Received(data):
            assert data == b"tanst\r\n"
        case 3, Answered(reply, send):
            assert reply.lines == [b"%d tanst" % of] and send.data.startswith(b"RCPT TO:<%d@" % of)
        case 4, Sent(send):
            assert len(send.data) == 19 * 2000
        case _:
            raise AssertionError(f"{event} as entry {number}")
