"""Postfix's test server smtp-sink, which misbehaves in one way at a time.

    with sink("-f", "RCPT") as port: ...      # 500 to every RCPT

It comes with the Debian package `postfix`, and needs neither root nor a configuration.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ports import WAIT, free_port, wait_for

PROGRAM = Path("/usr/sbin/smtp-sink")

FAULTS: dict[str, tuple[str, ...]] = {
    "none": (),
    "500 to RCPT": ("-f", "RCPT"),
    "450 to the end of the message": ("-r", "."),
    "hangs up at DATA": ("-q", "DATA"),
    "HELO only": ("-e",),
    "slow": ("-w", "1"),  # seconds before the last reply
    "no PIPELINING": ("-p",),
    "LMTP": ("-L",),
}


@dataclass(frozen=True)
class Sinks:
    """Two without a fault."""

    port: int
    lmtp_port: int


@contextmanager
def sink(*options: str) -> Iterator[int]:
    """Run it with these options; its port."""
    assert PROGRAM.exists(), f"{PROGRAM} is missing: apt-get install postfix"
    port = free_port()
    command = [PROGRAM, "-h", "sink.example.test", "-m", "64", *options]
    if os.geteuid() == 0:
        command += ["-u", "nobody"]
    process = subprocess.Popen(
        [*command, f"127.0.0.1:{port}", "64"],
        env={**os.environ, "MAIL_CONFIG": "/nonexistent"},
        cwd=tempfile.gettempdir(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_for(port, "smtp-sink")
        yield port
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(WAIT)
