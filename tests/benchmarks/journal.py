"""The journal: how fast it takes events, what they cost in memory, how fast it opens.

    python tests/benchmarks/journal.py [--quick]

Each figure is measured in a process of its own, in a folder that is on a disk (`--folder`).
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from smtpconsole.smtp.commands import CONTENT, Send
from smtpconsole.smtp.events import Answered, Event, Received, Sent
from smtpconsole.smtp.replies import Reply
from smtpconsole.transcript.journal import Journal

RATE = 50_000  # events a second, with the journal on disk
INDEX = 64  # octets an event
OPENED = 1.0  # seconds for a million
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


def on_disk(path: Path, count: int) -> str:
    rate = _append(Journal(path), count)
    return f"{rate:>12,.0f} events/s   at least {RATE:,}: {_verdict(rate >= RATE)}"


def with_secrets(path: Path, count: int) -> str:
    journal = Journal(path)
    journal.redactor.learn(b"correct horse battery staple")
    rate = _append(journal, count)
    return f"{rate:>12,.0f} events/s   at least {RATE:,}: {_verdict(rate >= RATE)}"


def in_memory(path: Path, count: int) -> str:
    return f"{_append(Journal(), min(count, 16_000)):>12,.0f} events/s"


def content(path: Path, count: int) -> str:
    journal, piece = Journal(path), PIECE * 266
    number = max(4, count // 1000)
    began = time.perf_counter()
    for _ in range(number):
        journal(Sent(Send(piece, CONTENT, replies=0)))
    rate = number * len(piece) / 1e6 / (time.perf_counter() - began)
    return f"{rate:>12,.0f} MB/s"


def memory(path: Path, count: int) -> str:
    journal = Journal(path)
    _append(journal, 20_000)
    before = _resident()
    _append(journal, count)
    each = (_resident() - before) / count
    return f"{each:>12,.1f} octets an event   at most {INDEX}: {_verdict(each <= INDEX)}"


def opening(path: Path, count: int) -> str:
    journal = Journal(path)
    _append(journal, count)
    journal.close()
    began = time.perf_counter()
    opened = len(Journal.open(path))
    spent = time.perf_counter() - began
    return f"{spent:>12.3f} s for {opened:,}   at most {OPENED}: {_verdict(spent <= OPENED)}"


def killed(path: Path, count: int) -> str:
    """The same without an index at the end, which a killed process has not written."""
    journal = Journal(path)
    _append(journal, count + 4000)
    began = time.perf_counter()
    opened = len(Journal.open(path))
    return f"{time.perf_counter() - began:>12.3f} s for {opened:,}"


def reading(path: Path, count: int) -> str:
    journal = Journal(path)
    _append(journal, count // 10)
    journal.close()
    recorded = Journal.open(path)
    began = time.perf_counter()
    for _ in recorded.entries:
        pass
    return f"{len(recorded) / (time.perf_counter() - began):>12,.0f} events/s"


FIGURES: dict[str, Callable[[Path, int], str]] = {
    "appended, on disk": on_disk,
    "appended, on disk, a secret known": with_secrets,
    "appended, in memory": in_memory,
    "content in pieces, on disk": content,
    "memory, on disk": memory,
    "opened": opening,
    "opened after a kill": killed,
    "read one by one": reading,
}


def _verdict(is_met: bool) -> str:
    return "met" if is_met else "NOT met"


def main() -> None:
    parser = argparse.ArgumentParser(description="How fast the journal is.")
    parser.add_argument("--quick", action="store_true", help="few events: does it run?")
    parser.add_argument("--folder", default=None, help="where the files are")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    count = 20_000 if options.quick else 1_000_000
    if options.one:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            print(FIGURES[options.one](Path(folder, "journal.jsonl"), count))
        return
    print(f"the journal, {count:,} events with a kilobyte of content in every fourth")
    for name in FIGURES:
        words = [sys.executable, __file__, "--one", name]
        words += ["--quick"] if options.quick else []
        words += ["--folder", options.folder] if options.folder else []
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        print(f"  {name:36}{done.stdout.rstrip()}", flush=True)


main()
