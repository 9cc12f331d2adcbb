"""The journal: how fast it takes events, what they cost in memory, how fast it opens.

Each figure is measured in a process of its own.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from tables import Effort, Goal, Table

from smtpconsole.smtp.commands import CONTENT, Send
from smtpconsole.smtp.events import Answered, Event, Received, Sent
from smtpconsole.smtp.replies import Reply
from smtpconsole.transcript.journal import Journal

RATE = 50_000  # events a second, with the journal on disk
INDEX = 64  # octets an event
OPENED = 1.0  # seconds for a million
MILLION, QUICK = 1_000_000, 20_000
PIECE = b"Hello, world. This is one line of text.\r\n" * 24


def deliveries(count: int) -> Iterator[Event]:
    """Recipients, segments, replies, and a kilobyte of content for each."""
    for number in range(count // 4):
        send = Send(b"RCPT TO:<user%d@example.org>\r\n" % number, b"RCPT", about="user@example.org")
        reply = Reply(250, [b"2.1.5 Ok"])
        yield Sent(send)
        yield Received(reply.octets)
        yield Answered(reply, send)
        yield Sent(Send(PIECE, CONTENT, replies=0))


def _append(journal: Journal, count: int) -> float:
    """Events a second; making them is not counted."""
    spent = 0.0
    events = deliveries(count)
    while batch := list(islice(events, 10_000)):
        began = time.perf_counter()
        for event in batch:
            journal(event)
        spent += time.perf_counter() - began
    return count / spent


def _resident() -> int:
    """Octets of memory in use, or as many as ever were."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return pages * resource.getpagesize()


def on_disk(path: Path, count: int) -> float:
    return _append(Journal(path), count)


def with_secrets(path: Path, count: int) -> float:
    journal = Journal(path)
    journal.redactor.learn(b"correct horse battery staple")
    return _append(journal, count)


def in_memory(path: Path, count: int) -> float:
    return _append(Journal(), min(count, 16_000))


def content(path: Path, count: int) -> float:
    journal, piece = Journal(path), PIECE * 266
    number = max(4, count // 1000)
    began = time.perf_counter()
    for _ in range(number):
        journal(Sent(Send(piece, CONTENT, replies=0)))
    return number * len(piece) / 1e6 / (time.perf_counter() - began)


def memory(path: Path, count: int) -> float:
    journal = Journal(path)
    _append(journal, 20_000)
    before = _resident()
    _append(journal, count)
    return (_resident() - before) / count


def opening(path: Path, count: int) -> float:
    journal = Journal(path)
    _append(journal, count)
    journal.close()
    began = time.perf_counter()
    Journal.open(path)
    return time.perf_counter() - began


def killed(path: Path, count: int) -> float:
    """The same without an index at the end, which a killed process has not written."""
    _append(Journal(path), count + 4000)
    began = time.perf_counter()
    Journal.open(path)
    return time.perf_counter() - began


def reading(path: Path, count: int) -> float:
    journal = Journal(path)
    _append(journal, count // 10)
    journal.close()
    recorded = Journal.open(path)
    began = time.perf_counter()
    for _ in recorded.entries:
        pass
    return len(recorded) / (time.perf_counter() - began)


FIGURES: dict[str, tuple[Callable[[Path, int], float], str, tuple[float, bool] | None]] = {
    "appended, on disk": (on_disk, "events a second", (RATE, False)),
    "appended, on disk, a secret known": (with_secrets, "events a second", (RATE, False)),
    "appended, in memory": (in_memory, "events a second", None),
    "content in pieces, on disk": (content, "MB a second", None),
    "memory, on disk": (memory, "octets an event", (INDEX, True)),
    "opened": (opening, "seconds", (OPENED, True)),
    "opened after a kill": (killed, "seconds", None),
    "read one by one": (reading, "events a second", None),
}


def tables(effort: Effort) -> Iterator[Table]:
    """Each figure, once."""
    count = QUICK if effort.is_quick else MILLION
    title = f"the journal, {count:,} events with a kilobyte of content in every fourth"
    table = Table("journal", title, ["", "of what"])
    for name, (_, unit, goal) in FIGURES.items():
        words = [sys.executable, __file__, name, str(count)]
        found = float(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
        table.rows[name] = [found, unit]
        if goal is not None:
            table.goals.append(Goal(f"{name}, {unit}", found, *goal))
    yield table


def run_one(name: str, count: str) -> None:
    """What a process of its own is for."""
    with tempfile.TemporaryDirectory() as folder:
        print(FIGURES[name][0](Path(folder, "journal.jsonl"), int(count)))


if __name__ == "__main__":
    run_one(*sys.argv[1:])
