"""Messages a second on one connection: ours beside aiosmtplib and smtplib, in one run.

    python tests/benchmarks [--rounds N] [--quick]

Rounds are interleaved, so that noise hits all alike; client and sink are pinned to one CPU, since
the wake-up of another CPU costs more than a client does.  Each contender runs in a process of its
own: what another has left on the heap decides how dear the 256 KiB are that asyncio's streams
allocate for a read, and moved aiosmtplib's figures by a third.  A ratio is the median of the ratios
to aiosmtplib in the same round.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import smtplib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiosmtplib

from smtpconsole import SMTP
from smtpconsole.transcript.journal import Journal

HERE = Path(__file__).parent
SENDER = "a@example.org"
MESSAGE = (
    b"From: a@example.org\r\nTo: b@example.org\r\nSubject: bench\r\n\r\n"
    + b"Hello, world. This is one line of text.\r\n" * 24
)
COUNTS = {1: 600, 10: 200, 50: 60}  # messages a round, by recipients
TARGET = 2.7  # times aiosmtplib, with the journal attached, at a third of its CPU

Figure = tuple[float, float]  # messages a second, CPU microseconds a message
Contender = Callable[[int, int, list[str]], Figure]


def timed(send: Callable[[], object], count: int) -> Figure:
    for _ in range(min(20, count)):
        send()
    started, cpu = time.perf_counter(), time.process_time()
    for _ in range(count):
        send()
    return _figure(started, cpu, count)


async def timed_async(send: Callable[[], Awaitable[object]], count: int) -> Figure:
    for _ in range(min(20, count)):
        await send()
    started, cpu = time.perf_counter(), time.process_time()
    for _ in range(count):
        await send()
    return _figure(started, cpu, count)


def _figure(started: float, cpu: float, count: int) -> Figure:
    used = time.process_time() - cpu
    return count / (time.perf_counter() - started), used / count * 1e6


def with_aiosmtplib(port: int, count: int, people: list[str]) -> Figure:
    async def run() -> Figure:
        client = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False)
        client.local_hostname = "bench.example"
        async with client:
            return await timed_async(lambda: client.sendmail(SENDER, people, MESSAGE), count)

    return asyncio.run(run())


def with_smtplib(port: int, count: int, people: list[str]) -> Figure:
    with smtplib.SMTP("127.0.0.1", port, local_hostname="bench.example") as client:
        return timed(lambda: client.sendmail(SENDER, people, MESSAGE), count)


def ours(*, pipelining: bool, journal: str = "") -> Contender:
    def run(port: int, count: int, people: list[str]) -> Figure:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "journal.jsonl") if journal == "disk" else None
            observe = Journal(path) if journal else None
            figure = asyncio.run(_ours(port, count, people, pipelining, observe))
            if observe is not None:
                observe.close()
            return figure

    return run


async def _ours(
    port: int, count: int, people: list[str], pipelining: bool, observe: Journal | None
) -> Figure:
    client = SMTP(
        hostname="127.0.0.1",
        port=port,
        start_tls=False,
        local_hostname="bench.example",
        pipelining=pipelining,
        observe=observe,
    )
    async with client:
        return await timed_async(lambda: client.sendmail(SENDER, people, MESSAGE), count)


JOURNALLED = "ours, pipelined, journal"
CONTENDERS: dict[str, Contender] = {
    "aiosmtplib": with_aiosmtplib,
    "smtplib": with_smtplib,
    "ours, one by one": ours(pipelining=False),
    "ours, pipelined": ours(pipelining=True),
    JOURNALLED: ours(pipelining=True, journal="memory"),
    "ours, pipelined, journal on disk": ours(pipelining=True, journal="disk"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Messages a second on one connection.")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--quick", action="store_true", help="few messages: does it run?")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)  # what a child is asked to do
    options = parser.parse_args()
    cpu = _pin()
    if options.one:
        _run_one(*options.one)
        return
    sink = subprocess.Popen([sys.executable, HERE / "sink.py", cpu], stdout=subprocess.PIPE)
    assert sink.stdout is not None
    try:
        port = int(sink.stdout.readline())
        rounds = 1 if options.quick else options.rounds
        print(f"{platform.python_implementation()} {platform.python_version()}, CPU {cpu}")
        print(f"{len(MESSAGE)} octets a message, medians of {rounds} interleaved rounds")
        for recipients, count in COUNTS.items():
            results = measure(port, recipients, 5 if options.quick else count, rounds)
            report(recipients, results, is_judged=not options.quick)
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


def measure(port: int, recipients: int, count: int, rounds: int) -> dict[str, list[Figure]]:
    results: dict[str, list[Figure]] = {name: [] for name in CONTENDERS}
    for _ in range(rounds):
        for name, figures in results.items():
            words = [name, str(port), str(count), str(recipients)]
            command = [sys.executable, str(HERE), "--one", *words]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            rate, cpu = done.stdout.split()
            figures.append((float(rate), float(cpu)))
    return results


def _run_one(name: str, port: str, count: str, recipients: str) -> None:
    people = [f"user{number}@example.org" for number in range(int(recipients))]
    print(*CONTENDERS[name](int(port), int(count), people))


def report(recipients: int, results: dict[str, list[Figure]], *, is_judged: bool) -> None:
    base = results["aiosmtplib"]
    print(f"\n{recipients} recipient{'s' * (recipients > 1)}")
    print(f"  {'':34}{'messages/s':>12}{'ratio':>8}{'CPU µs/message':>18}{'of aiosmtplib':>16}")
    for name, figures in results.items():
        rate = statistics.median(rate for rate, _ in figures)
        cpu = statistics.median(cpu for _, cpu in figures)
        ratio = statistics.median(a[0] / b[0] for a, b in zip(figures, base, strict=True))
        share = statistics.median(a[1] / b[1] for a, b in zip(figures, base, strict=True))
        print(f"  {name:34}{rate:>12,.0f}{ratio:>8.2f}{cpu:>18,.0f}{share:>16.2f}")
        if name == JOURNALLED and recipients == 1:
            met = "met" if ratio >= TARGET and share <= 1 / 3 else "NOT met"
            verdict = f"at least {TARGET} times aiosmtplib at a third of its CPU: {met}"
    if recipients == 1 and is_judged:
        print(f"  {verdict}")


main()
