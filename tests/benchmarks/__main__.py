"""Figures: ours beside aiosmtplib, smtplib and swaks, in one run.

    python tests/benchmarks [--rounds N] [--quick] [--instructions] [--only SECTION ...]

Rounds are interleaved, so that noise hits all alike; client and sink are pinned to one CPU, since
the wake-up of another CPU costs more than a client does.  Each contender runs in a process of its
own: what another has left on the heap decides how dear the 256 KiB are that asyncio's streams
allocate for a read, and moved aiosmtplib's figures by a third.  A ratio is the median of the ratios
to aiosmtplib in the same round.  A figure that falls short is said to; none is bent.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import imports
import instructions
import trips
from contenders import JOURNALLED, MEGABYTES, MESSAGE, SECTIONS, Figure

HERE = Path(__file__).parent
COUNTS = {1: 600, 10: 200, 50: 60}  # messages a round, by recipients
ALL = ("one", "ten", "large", "trips", "imports")

Results = dict[str, list[Figure]]


def main() -> None:
    parser = argparse.ArgumentParser(description="Figures beside other clients.")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--quick", action="store_true", help="few messages: does it run?")
    parser.add_argument("--instructions", action="store_true", help="count them; takes minutes")
    parser.add_argument("--only", nargs="+", choices=ALL, default=ALL, metavar="SECTION")
    parser.add_argument("--one", nargs=5, help=argparse.SUPPRESS)  # what a child is asked to do
    options = parser.parse_args()
    cpu = _pin()
    if options.one:
        _run_one(*options.one)
        return
    rounds = 1 if options.quick else options.rounds
    python = f"{platform.python_implementation()} {platform.python_version()}"
    print(f"{python}, CPU {cpu}, medians of {rounds} interleaved rounds")
    with _sink(cpu) as port:
        _compare(port, rounds, options.only, is_quick=options.quick)
        if options.instructions:
            instructions.measure(port, HERE)
    if "trips" in options.only:
        with tempfile.TemporaryDirectory() as folder:
            trips.measure(Path(folder))
    if "imports" in options.only:
        imports.measure(rounds)


def _compare(port: int, rounds: int, only: list[str], *, is_quick: bool) -> None:
    if "one" in only:
        for recipients, count in COUNTS.items():
            results = measure("one", port, recipients, 5 if is_quick else count, rounds)
            report(f"{len(MESSAGE)} octets, one connection, recipients: {recipients}", results)
            judge(_GOALS.get(("one", recipients), {}), results)
    if "ten" in only:
        results = measure("ten", port, 1, 10 if is_quick else 1000, rounds)
        report(f"{len(MESSAGE)} octets, ten connections", results)
        judge(_GOALS["ten", 1], results)
    if "large" in only:
        results = measure("large", port, 1, 1, rounds)
        report(f"{MEGABYTES} MB from a file, MB a second", results, is_large=True)
        judge(_GOALS["large", 1], results)


@contextmanager
def _sink(cpu: str) -> Iterator[int]:
    sink = subprocess.Popen([sys.executable, HERE / "sink.py", cpu], stdout=subprocess.PIPE)
    assert sink.stdout is not None
    try:
        yield int(sink.stdout.readline())
    finally:
        sink.kill()
        sink.stdout.close()
        sink.wait()


def _pin() -> str:
    """Stay on one CPU, and say which."""
    if not hasattr(os, "sched_setaffinity"):
        return "-"
    cpu = min(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cpu})
    return str(cpu)


def measure(section: str, port: int, recipients: int, count: int, rounds: int) -> Results:
    results: Results = {name: [] for name in SECTIONS[section]}
    for _ in range(rounds):
        for name, figures in results.items():
            words = [section, name, str(port), str(count), str(recipients)]
            command = [sys.executable, str(HERE), "--one", *words]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            figures.append(Figure(*map(float, done.stdout.split())))
    return results


def _run_one(section: str, name: str, port: str, count: str, recipients: str) -> None:
    people = [f"user{number}@example.org" for number in range(int(recipients))]
    print(*SECTIONS[section][name](int(port), int(count), people))


def ratio(results: Results, name: str, of: str = "aiosmtplib", *, field: int = 0) -> float:
    """The median of the ratios in the same round."""
    pairs = zip(results[name], results[of], strict=True)
    return statistics.median(ours[field] / theirs[field] for ours, theirs in pairs)


def report(title: str, results: Results, *, is_large: bool = False) -> None:
    print(f"\n{title}")
    last = "MB above idle" if is_large else ""
    cpu_title = "CPU ms" if is_large else "CPU µs/message"
    print(f"  {'':34}{'a second':>10}{'ratio':>8}{cpu_title:>16}{'of aiosmtplib':>15}{last:>15}")
    for name, figures in results.items():
        rate, cpu, memory = (statistics.median(field) for field in zip(*figures, strict=True))
        cpu = cpu / 1000 if is_large else cpu
        row = f"  {name:34}{rate:>10,.0f}{ratio(results, name):>8.2f}{cpu:>16,.0f}"
        row += f"{ratio(results, name, field=1):>15.2f}"
        print(row + (f"{memory:>15.1f}" if is_large else ""), flush=True)


# What was asked for: name, field (0 the rate, 1 the CPU), beside whom, and how much.
Goal = tuple[str, int, str, float]
_GOALS: dict[tuple[str, int], dict[str, Goal]] = {
    ("one", 1): {
        "a quarter of aiosmtplib's CPU": (JOURNALLED, 1, "aiosmtplib", 0.25),
        "3 times its messages": (JOURNALLED, 0, "aiosmtplib", 3.0),
        "faster than smtplib": (JOURNALLED, 0, "smtplib", 1.0),
        "6 times batched": ("ours, batched", 0, "aiosmtplib", 6.0),
        "1.9 times without pipelining": ("ours, one by one", 0, "aiosmtplib", 1.9),
    },
    ("one", 50): {"20 times with 50 recipients": (JOURNALLED, 0, "aiosmtplib", 20.0)},
    ("ten", 1): {"3 times on ten connections": (JOURNALLED, 0, "aiosmtplib", 3.0)},
    ("large", 1): {"8 times aiosmtplib": ("ours", 0, "aiosmtplib", 8.0)},
}


def judge(goals: dict[str, Goal], results: Results) -> None:
    """Say which goals are met."""
    for words, (name, field, of, wanted) in goals.items():
        found = ratio(results, name, of, field=field)
        is_met = found <= wanted if field == 1 else found >= wanted
        print(f"  {words}: {found:.2f}, {'met' if is_met else 'NOT met'}")
    if "ours, in BDAT" in results:
        most = max(
            statistics.median(f.memory for f in results[n]) for n in ("ours", "ours, in BDAT")
        )
        print(f"  at most 4 MB above idle: {most:.1f}, {'met' if most <= 4 else 'NOT met'}")


main()
