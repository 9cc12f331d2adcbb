"""The engine beside other clients: messages a second, CPU and memory.

Client and sink are pinned to one CPU, since the wake-up of another CPU costs more than a client
does.  Each contender runs in a process of its own: what another has left on the heap decides how
dear the 256 KiB are that asyncio's streams allocate for a read, and moved aiosmtplib's figures by
a third.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from contenders import JOURNALLED, MEGABYTES, MESSAGE, SECTIONS, Figure
from tables import Effort, Goal, Table

HERE = Path(__file__).parent
COUNTS = {1: 600, 10: 200, 50: 60}  # messages a round, by recipients
CPU, RATE = "CPU of aiosmtplib's", "times aiosmtplib"

Results = dict[str, list[Figure]]
Wanted = tuple[str, str, int, str, float]  # words, name, field (0 rate, 1 CPU), of whom, how much

GOALS: dict[str, list[Wanted]] = {
    "one-1": [
        ("with the journal, of aiosmtplib's CPU", JOURNALLED, 1, "aiosmtplib", 0.25),
        ("with the journal, times aiosmtplib", JOURNALLED, 0, "aiosmtplib", 3.0),
        ("with the journal, times smtplib", JOURNALLED, 0, "smtplib", 1.0),
        ("batched, times aiosmtplib", "ours, batched", 0, "aiosmtplib", 6.0),
        ("one by one, times aiosmtplib", "ours, one by one", 0, "aiosmtplib", 1.9),
    ],
    "one-50": [("with the journal, times aiosmtplib", JOURNALLED, 0, "aiosmtplib", 20.0)],
    "ten": [("with the journal, times aiosmtplib", JOURNALLED, 0, "aiosmtplib", 3.0)],
    "large": [("times aiosmtplib", "ours", 0, "aiosmtplib", 8.0)],
}


def tables(effort: Effort) -> Iterator[Table]:
    """One connection with more and more recipients, ten connections, one large message."""
    is_quick = effort.is_quick
    with sink() as port:
        for people, count in COUNTS.items():
            results = measure("one", port, people, 5 if is_quick else count, effort.rounds)
            who = "one recipient" if people == 1 else f"{people} recipients"
            yield table(f"one-{people}", f"{len(MESSAGE)} octets to {who}, one connection", results)
        results = measure("ten", port, 1, 10 if is_quick else 1000, effort.rounds)
        yield table("ten", f"{len(MESSAGE)} octets, ten connections", results)
        results = measure("large", port, 1, 1, effort.rounds)
        large = table("large", f"{MEGABYTES} MB from a file", results)
        large.columns = ["MB a second", RATE, "CPU ms", CPU, "MB above idle"]
        for name, figures in results.items():
            cells = large.rows[name]
            cells[2] = median(figures, 1) / 1000
            cells.append(median(figures, 2) if name != "smtp-source" else None)
        most = max(median(results[name], 2) for name in ("ours", "ours, in BDAT"))
        large.goals.append(Goal("MB above idle", most, 4, is_most=True))
        yield large


def table(name: str, title: str, results: Results) -> Table:
    made = Table(name, title, ["messages a second", RATE, "CPU µs a message", CPU])
    for who, figures in results.items():
        made.rows[who] = [
            median(figures, 0),
            ratio(results, who),
            median(figures, 1),
            ratio(results, who, field=1),
        ]
    for words, who, field, of, wanted in GOALS.get(name, []):
        found = ratio(results, who, of, field=field)
        made.goals.append(Goal(words, found, wanted, is_most=field == 1))
    return made


def median(figures: list[Figure], field: int) -> float:
    return statistics.median(each[field] for each in figures)


def ratio(results: Results, name: str, of: str = "aiosmtplib", *, field: int = 0) -> float:
    """The median of the ratios in the same round."""
    pairs = zip(results[name], results[of], strict=True)
    return statistics.median(ours[field] / theirs[field] for ours, theirs in pairs)


@contextmanager
def sink() -> Iterator[int]:
    """A server that does as little as possible; its port."""
    command = [sys.executable, HERE / "sink.py", cpu()]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.stdout.close()
        process.wait()


def cpu() -> str:
    """The CPU that all share, where one can be chosen."""
    return str(min(os.sched_getaffinity(0))) if hasattr(os, "sched_setaffinity") else "-"


def measure(section: str, port: int, recipients: int, count: int, rounds: int) -> Results:
    results: Results = {name: [] for name in SECTIONS[section]}
    for _ in range(rounds):
        for name, figures in results.items():
            words = [section, name, str(port), str(count), str(recipients)]
            command = [sys.executable, __file__, *words]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            if done.stdout.strip():
                figures.append(Figure(*map(float, done.stdout.split())))
    return {name: figures for name, figures in results.items() if figures}


def run_one(section: str, name: str, port: str, count: str, recipients: str) -> None:
    """What a process of its own is for."""
    if (own := cpu()) != "-":
        os.sched_setaffinity(0, {int(own)})
    people = [f"user{number}@example.org" for number in range(int(recipients))]
    with suppress(FileNotFoundError):  # it is not installed
        print(*SECTIONS[section][name](int(port), int(count), people))


if __name__ == "__main__":
    run_one(*sys.argv[1:])
