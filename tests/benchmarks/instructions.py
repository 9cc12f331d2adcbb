"""User-space instructions a message, counted by callgrind: they do not drift as seconds do.

A client is run twice, with few and with many messages, and the difference is divided: what Python
needs to start is not counted.  Hashes are seeded, so that two counts agree.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator

import engine
from tables import Effort, Table

FEW, MANY = 60, 160
NAMES = ("aiosmtplib", "smtplib", "ours, one by one", "ours, pipelined", "ours, pipelined, journal")


def tables(effort: Effort) -> Iterator[Table]:
    """One recipient, 1 KiB."""
    title = "instructions a message in user space, one recipient (callgrind)"
    table = Table("instructions", title, ["thousands", "of aiosmtplib's"])
    base = 0.0
    with engine.sink() as port:
        for name in NAMES:
            few, many = (_count(name, port, count) for count in (FEW, MANY))
            each = (many - few) / (MANY - FEW)
            base = base or each
            table.rows[name] = [each / 1000, each / base]
    yield table


def _count(name: str, port: int, count: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        command = [
            *("valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out"),
            *(sys.executable, engine.__file__, "one", name, str(port), str(count), "1"),
        ]
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    found = re.search(r"Collected : (\d+)", done.stderr)
    assert found is not None, done.stderr
    return int(found[1])
