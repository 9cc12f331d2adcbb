"""The clients that are measured, each behind the same function."""

from __future__ import annotations

import asyncio
import os
import resource
import smtplib
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import aiosmtplib

from smtpconsole import SMTP
from smtpconsole.net.dial import dial
from smtpconsole.smtp.commands import mail, rcpt
from smtpconsole.smtp.events import Target
from smtpconsole.smtp.exchanges import deliver, deliver_all, hello
from smtpconsole.smtp.streams import Stream, file_size
from smtpconsole.transcript.journal import Journal

SENDER = "a@example.org"
HEAD = b"From: a@example.org\r\nTo: b@example.org\r\nSubject: bench\r\n\r\n"
LINE = b"Hello, world. This is one line of text.\r\n"
MESSAGE = HEAD + LINE * 24
BATCH = 50  # messages in one exchange


class Figure(NamedTuple):
    """What a contender did."""

    rate: float  # messages a second; for one message, its megabytes a second
    cpu: float  # microseconds a message
    memory: float = 0.0  # megabytes above idle


Contender = Callable[[int, int, list[str]], Figure]


class Stopwatch:
    """Time, CPU and memory since it was made."""

    def __init__(self) -> None:
        self._memory = _memory()
        self._started, self._cpu = time.perf_counter(), time.process_time()

    def figure(self, count: float, units: float | None = None) -> Figure:
        used, lasted = time.process_time() - self._cpu, time.perf_counter() - self._started
        grown = _memory() - self._memory
        return Figure((units or count) / lasted, used / count * 1e6, grown)


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def timed(send: Callable[[], object], count: int) -> Figure:
    for _ in range(min(20, count)):
        send()
    watch = Stopwatch()
    for _ in range(count):
        send()
    return watch.figure(count)


async def timed_async(send: Callable[[], Awaitable[object]], count: int) -> Figure:
    for _ in range(min(20, count)):
        await send()
    watch = Stopwatch()
    for _ in range(count):
        await send()
    return watch.figure(count)


# --- aiosmtplib and smtplib


def _theirs(port: int) -> aiosmtplib.SMTP:
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False)
    client.local_hostname = "bench.example"
    return client


def with_aiosmtplib(port: int, count: int, people: list[str]) -> Figure:
    async def run() -> Figure:
        async with _theirs(port) as client:
            return await timed_async(lambda: client.sendmail(SENDER, people, MESSAGE), count)

    return asyncio.run(run())


def with_smtplib(port: int, count: int, people: list[str]) -> Figure:
    with smtplib.SMTP("127.0.0.1", port, local_hostname="bench.example") as client:
        return timed(lambda: client.sendmail(SENDER, people, MESSAGE), count)


# --- Postfix's smtp-source, written in C, which speaks one by one


def smtp_source(*, connections: int = 1, octets: int = len(MESSAGE), units: int = 0) -> Contender:
    def run(port: int, count: int, people: list[str]) -> Figure:
        command = [
            *("smtp-source", "-d", "-s", str(connections), "-m", str(count), "-l", str(octets)),
            *("-r", str(len(people)), "-f", SENDER, "-t", "user@example.org", f"127.0.0.1:{port}"),
        ]
        # It would read main.cf, which need not be there.
        environment = {**os.environ, "MAIL_CONFIG": "/nonexistent"}
        began, before = time.perf_counter(), _of_children()
        subprocess.run(command, env=environment, check=True, capture_output=True)
        lasted, used = time.perf_counter() - began, _of_children() - before
        return Figure((units or count) / lasted, used / count * 1e6)

    return run


def _of_children() -> float:
    """Seconds of CPU that children have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


# --- ours


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


def _client(port: int, *, pipelining: bool = True, observe: Journal | None = None) -> SMTP:
    return SMTP(
        hostname="127.0.0.1",
        port=port,
        start_tls=False,
        local_hostname="bench.example",
        pipelining=pipelining,
        observe=observe,
    )


async def _ours(
    port: int, count: int, people: list[str], pipelining: bool, observe: Journal | None
) -> Figure:
    async with _client(port, pipelining=pipelining, observe=observe) as client:
        return await timed_async(lambda: client.sendmail(SENDER, people, MESSAGE), count)


def batched(*, chunking: bool) -> Contender:
    """Fifty messages in one exchange of the engine."""

    async def run(port: int, count: int, people: list[str]) -> Figure:
        connection = await dial(Target("127.0.0.1", port))
        await connection.run(hello(b"bench.example"))
        rounds = max(1, count // BATCH)

        async def send() -> None:
            letters = [
                (mail(SENDER, size=len(MESSAGE)), [rcpt(who) for who in people], MESSAGE)
                for _ in range(BATCH)
            ]
            outcomes = await connection.run(deliver_all(letters, chunking=chunking))
            assert all(outcome.is_delivered for outcome in outcomes)

        await send()
        watch = Stopwatch()
        for _ in range(rounds):
            await send()
        figure = watch.figure(rounds * BATCH)
        connection.close()
        await connection.lost
        return figure

    return lambda port, count, people: asyncio.run(run(port, count, people))


JOURNALLED = "ours, pipelined, journal"
ONE_CONNECTION: dict[str, Contender] = {
    "aiosmtplib": with_aiosmtplib,
    "smtplib": with_smtplib,
    "smtp-source": smtp_source(),
    "ours, one by one": ours(pipelining=False),
    "ours, pipelined": ours(pipelining=True),
    JOURNALLED: ours(pipelining=True, journal="memory"),
    "ours, pipelined, journal on disk": ours(pipelining=True, journal="disk"),
    "ours, batched": batched(chunking=False),
    "ours, batched in BDAT": batched(chunking=True),
}


# --- ten connections

CONNECTIONS = 10


def _ten(make: Callable[[int], aiosmtplib.SMTP | SMTP]) -> Contender:
    async def run(port: int, count: int, people: list[str]) -> Figure:
        clients = [make(port) for _ in range(CONNECTIONS)]
        for client in clients:
            await client.connect()
        each = max(1, count // CONNECTIONS)

        async def many(client: aiosmtplib.SMTP | SMTP) -> None:
            for _ in range(each):
                await client.sendmail(SENDER, people, MESSAGE)

        await asyncio.gather(*map(many, clients))
        watch = Stopwatch()
        await asyncio.gather(*map(many, clients))
        figure = watch.figure(each * CONNECTIONS)
        for client in clients:
            await client.quit()
        return figure

    return lambda port, count, people: asyncio.run(run(port, count, people))


TEN_CONNECTIONS: dict[str, Contender] = {
    "aiosmtplib": _ten(_theirs),
    "smtp-source": smtp_source(connections=CONNECTIONS),
    "ours, pipelined": _ten(_client),
    JOURNALLED: _ten(lambda port: _client(port, observe=Journal())),
}


# --- one large message, from a file

MEGABYTES = 25


def _large(folder: str) -> Path:
    path = Path(folder, "large.eml")
    with path.open("wb") as file:  # in pieces: what was in memory once counts as idle
        file.write(HEAD)
        for _ in range(MEGABYTES * 16):
            file.write(LINE * (2**16 // len(LINE)))
    return path


def _from_file(send: Callable[[int, Path], Awaitable[Figure]]) -> Contender:
    def run(port: int, count: int, people: list[str]) -> Figure:
        with tempfile.TemporaryDirectory() as folder:
            return asyncio.run(send(port, _large(folder)))

    return run


async def _theirs_large(port: int, path: Path) -> Figure:
    async with _theirs(port) as client:
        await client.sendmail(SENDER, ["b@example.org"], MESSAGE)
        watch = Stopwatch()
        await client.sendmail(SENDER, ["b@example.org"], path.read_bytes())
        return watch.figure(1, MEGABYTES)


async def _smtplib_large(port: int, path: Path) -> Figure:
    with smtplib.SMTP("127.0.0.1", port, local_hostname="bench.example") as client:
        client.sendmail(SENDER, ["b@example.org"], MESSAGE)
        watch = Stopwatch()
        client.sendmail(SENDER, ["b@example.org"], path.read_bytes())
        return watch.figure(1, MEGABYTES)


def _ours_large(*, chunking: bool) -> Callable[[int, Path], Awaitable[Figure]]:
    async def send(port: int, path: Path) -> Figure:
        connection = await dial(Target("127.0.0.1", port))
        await connection.run(hello(b"bench.example"))
        people = [rcpt("b@example.org")]
        await connection.run(deliver(mail(SENDER), people, MESSAGE, pipelining=True))
        watch = Stopwatch()
        with path.open("rb") as file:
            content = Stream(file, size=file_size(file))
            opening = mail(SENDER, size=content.size)
            outcome = await connection.run(
                deliver(opening, people, content, pipelining=True, chunking=chunking)
            )
        figure = watch.figure(1, MEGABYTES)
        assert outcome.is_delivered
        connection.close()
        await connection.lost
        return figure

    return send


LARGE_MESSAGE: dict[str, Contender] = {
    "aiosmtplib": _from_file(_theirs_large),
    "smtplib": _from_file(_smtplib_large),
    "smtp-source": smtp_source(octets=MEGABYTES * 2**20, units=MEGABYTES),
    "ours": _from_file(_ours_large(chunking=False)),
    "ours, in BDAT": _from_file(_ours_large(chunking=True)),
}

SECTIONS = {"one": ONE_CONNECTION, "ten": TEN_CONNECTIONS, "large": LARGE_MESSAGE}
