"""Every front on a sandbox that fails: what it ends with, what it tells, its time and its memory.

1. A `Front` makes the words of a command line for a fault, and what it reads; `inside` runs them
   in this process, many at once in threads of their own, `outside` in a process of its own, whose
   memory the kernel tells.
2. A front waits a short time only where a fault leaves it nothing else to do, so that a slow
   machine makes nobody late.
"""

from __future__ import annotations

import asyncio
import io
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import click
from brittle import Guarded
from spoilt import UPGRADED

from smtpconsole.cli import main
from smtpconsole.client import SMTP
from smtpconsole.client.errors import SMTPException
from smtpconsole.sandbox.faults import Fault

SILENT = 1.5  # seconds for a reply that never comes
PATIENCE = 25.0  # for one that does
SIDE_BY_SIDE = 8
PEOPLE = ("bob@sandbox.example", "carol@sandbox.example")


@dataclass(frozen=True)
class Outcome:
    """What came of one front on one fault."""

    front: str
    fault: Fault
    end: str  # an exit status in words of the front, or an exception
    text: str
    seconds: float
    octets: int = 0  # of memory at most; 0 where nobody has looked
    kept: int = 0  # messages that the server has of it

    @property
    def row(self) -> str:
        """For the table."""
        memory = f"{self.octets / 2**20:5.0f} MB" if self.octets else ""
        return f"{self.fault.name:28} {self.front:8} {self.end:28} {self.seconds:6.2f} s {memory}"


@dataclass(frozen=True)
class Place:
    """A sandbox with a fault, and a folder for files."""

    sandbox: Guarded
    fault: Fault
    folder: Path
    is_silent: bool

    @property
    def patience(self) -> float:
        return self.fault.wait + (SILENT if self.is_silent else PATIENCE)

    @property
    def at(self) -> str:
        # No thread looks up a name, but where two addresses are what it is about.
        return f"{'localhost' if self.fault.deaf else '127.0.0.1'}:{self.sandbox.port}"

    @property
    def ca(self) -> str:
        return str(self.sandbox.ca_file)

    @property
    def wants_tls(self) -> bool:
        fault = self.fault
        is_upgraded = bool(set(fault.at) & UPGRADED or fault.withdraw)
        return is_upgraded or fault.plain or fault.end == "cut"

    @property
    def wants_login(self) -> bool:
        at = set(self.fault.at) & {"AUTH", "challenge", "EHLO-TLS"}
        return bool(at) or "AUTH" in self.fault.withdraw

    @property
    def mechanism(self) -> str:
        return "SCRAM-SHA-256" if self.fault.name == "auth-no-proof" else "LOGIN"

    @property
    def chunking(self) -> bool:
        return "BDAT" in self.fault.at

    def message(self) -> Path:
        """A message; a large one where the fault is in the middle of it."""
        is_large = "content" in self.fault.at and not self.fault.lax
        count = (120_000 if self.fault.end == "reset" else 15_000) if is_large else 3
        path = self.folder / f"message-{count}.eml"
        if not path.exists():
            path.write_bytes(b"Subject: x\r\n\r\n" + (b"y" * 70 + b"\r\n") * count)
        return path


# --- what each front is told to do


def send(place: Place) -> list[str]:
    """`smtpconsole send`"""
    words = ["send", place.at, "--from", place.sandbox.user, "--to", ",".join(PEOPLE)]
    words += ["--helo", "client.example", "--timeout", f"{place.patience:g}s"]
    words += ["--data", f"@{place.message()}"]
    if place.wants_tls:
        words += ["--tls", "--ca", place.ca]
    if place.wants_login and place.fault.name != "tls-capability-drop":
        words += ["--auth", place.mechanism, "--user", place.sandbox.user]
    return words + (["--chunking"] if place.chunking else [])


def run(place: Place) -> list[str]:
    """`smtpconsole run`"""
    lines = ["EHLO client.example"]
    if place.wants_tls:
        lines.append("/starttls")
    if place.wants_login and place.fault.name != "tls-capability-drop":
        user, password = place.sandbox.user, place.sandbox.password
        lines.append(f"/login {place.mechanism} {user} {password}")
    if "NOOP" in place.fault.at:
        lines.append("NOOP")
    chunking = " --chunking" if place.chunking else ""
    people = " ".join(PEOPLE)
    lines.append(f'/send "{people}" --from {place.sandbox.user} --file {place.message()}{chunking}')
    script = place.folder / f"{place.fault.name}.smtp"
    script.write_text("\n".join([*lines, "QUIT", ""]))
    words = ["run", str(script), place.at, "--ca", place.ca, "--name", "client.example"]
    return [*words, "--timeout", f"{place.patience:g}s"]


def probe(place: Place) -> list[str]:
    """`smtpconsole probe`"""
    words = ["probe", place.at, "--no-dns", "--ca", place.ca, "--name", "client.example"]
    return [*words, "--timeout", f"{place.patience + (0 if place.is_silent else 30):g}"]


COMMANDS: dict[str, Callable[[Place], list[str]]] = {"send": send, "run": run, "probe": probe}


def inside(front: str, place: Place) -> Outcome:
    """A command in this thread."""
    with heard() as said:
        began, status = time.monotonic(), 0
        try:
            main.main(COMMANDS[front](place), prog_name="smtpconsole", standalone_mode=False)
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
        except click.ClickException as error:
            status = error.exit_code
            said.write(f"Error: {error.format_message()}\n")
    seconds = time.monotonic() - began
    return Outcome(front, place.fault, str(status), said.getvalue(), seconds)


# The kernel's own figure has in it what this process was before it became that program.
_MEASURED = """
import atexit, os, re
from pathlib import Path
def tell():
    found = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())
    Path(os.environ["PEAK"]).write_text(found[1])
atexit.register(tell)
from smtpconsole.cli import main
main(prog_name="smtpconsole")
"""


def outside(front: str, place: Place) -> Outcome:
    """A command in a process of its own."""
    peak, began = place.folder / "peak", time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, *COMMANDS[front](place)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "SMTP_PASSWORD": place.sandbox.password, "PEAK": str(peak)},
        check=False,
    )
    seconds, octets = time.monotonic() - began, int(peak.read_text()) * 1024
    text = done.stdout.decode()
    return Outcome(front, place.fault, str(done.returncode), text, seconds, octets)


def library(front: str, place: Place) -> Outcome:
    """A program that uses the library."""
    began = time.monotonic()
    try:
        end, text = asyncio.run(_by_library(place)), ""
    except SMTPException as error:
        doubt = " in doubt" if error.is_in_doubt else ""
        end, text = f"{type(error).__name__}{doubt}", str(error)
    return Outcome(front, place.fault, end, text, time.monotonic() - began)


async def _by_library(place: Place) -> str:
    host, _, port = place.at.rpartition(":")
    client = SMTP(
        hostname=host,
        port=int(port),
        timeout=place.patience,
        local_hostname="client.example",
        start_tls="require" if place.wants_tls else False,
        cert_bundle=place.ca,
        chunking=place.chunking,
    )
    try:
        await client.connect()
        if place.wants_login:
            await client.ehlo()
            log_in = client.auth_login if place.mechanism == "LOGIN" else client.login
            await log_in(place.sandbox.user, place.sandbox.password)
        if "NOOP" in place.fault.at:
            await client.noop()
        await client.sendmail(place.sandbox.user, PEOPLE, place.message().read_bytes())
        try:
            await client.quit()
        except SMTPException as error:
            return f"delivered; QUIT: {type(error).__name__}"
    finally:
        await client.wait_closed()
    return "delivered"


# --- many of them


def outcomes(
    how: Callable[[str, Place], Outcome],
    front: str,
    faults: Iterable[Fault],
    silent: Container[str],
    folder: Path,
    *,
    side_by_side: int = SIDE_BY_SIDE,
) -> list[Outcome]:
    """A front on each fault, several side by side, each with a sandbox of its own."""
    waiting: SimpleQueue[Fault] = SimpleQueue()
    for fault in sorted(faults, key=lambda fault: fault.name not in silent):
        waiting.put(fault)
    found: list[Outcome] = []
    errors: list[BaseException] = []

    def go_on(number: int) -> None:
        own = folder / str(number)
        own.mkdir(exist_ok=True)
        try:
            with Guarded(withdraw=["XCLIENT"]) as sandbox:
                while True:
                    fault, before = waiting.get_nowait(), len(sandbox.mailbox)
                    sandbox.faults.switch_off()
                    sandbox.faults.switch_on(fault)
                    outcome = how(front, Place(sandbox, fault, own, fault.name in silent))
                    sandbox.settle()
                    # An empty one is the lone dot behind a 354 that nobody should have said.
                    new = [each for each in sandbox.mailbox.letters()[before:] if each.content]
                    found.append(replace(outcome, kept=len(new)))
        except Empty:
            pass
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=go_on, args=(at,)) for at in range(side_by_side)]
    with streams_of_threads():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for error in errors:
        raise error
    return found


class _Each(io.TextIOBase):
    """A stream that each thread has for itself, or else the usual one."""

    def __init__(self, usual: Any) -> None:
        self.usual = usual
        self.own = threading.local()

    def write(self, text: str) -> int:
        stream = getattr(self.own, "stream", None) or self.usual
        return int(stream.write(text))

    def flush(self) -> None:
        """Nothing is kept."""

    def isatty(self) -> bool:
        return False


@contextmanager
def streams_of_threads() -> Iterator[None]:
    """What threads print is heard by each itself, inside of `heard`."""
    before = sys.stdout, sys.stderr, sys.stdin
    sys.stdout, sys.stderr, sys.stdin = _Each(before[0]), _Each(before[1]), io.StringIO()
    try:
        yield
    finally:
        sys.stdout, sys.stderr, sys.stdin = before


@contextmanager
def heard() -> Iterator[io.StringIO]:
    """What this thread prints."""
    said = io.StringIO()
    for stream in (sys.stdout, sys.stderr):
        assert isinstance(stream, _Each)
        stream.own.stream = said
    try:
        yield said
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.own.stream = None  # type: ignore[union-attr]  # they are those from above
