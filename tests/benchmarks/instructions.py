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
from pathlib import Path

FEW, MANY = 60, 160
NAMES = ("aiosmtplib", "smtplib", "ours, one by one", "ours, pipelined", "ours, pipelined, journal")


def measure(port: int, here: Path) -> None:
    print("\ninstructions a message in user space, one recipient (callgrind)")
    print(f"  {'':34}{'thousands':>12}{'of aiosmtplib':>16}")
    base = 0.0
    for name in NAMES:
        few, many = (_count(here, name, port, count) for count in (FEW, MANY))
        each = (many - few) / (MANY - FEW)
        base = base or each
        print(f"  {name:34}{each / 1000:>12,.0f}{each / base:>16.2f}", flush=True)


def _count(here: Path, name: str, port: int, count: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        command = [
            *("valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out"),
            *(sys.executable, str(here), "--one", "one", name, str(port), str(count), "1"),
        ]
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    found = re.search(r"Collected : (\d+)", done.stderr)
    assert found is not None, done.stderr
    return int(found[1])
