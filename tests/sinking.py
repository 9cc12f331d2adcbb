"""The server of the benchmarks, which does as little as possible, for whoever counts as well."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PROGRAM = Path(__file__).parent / "benchmarks" / "sink.py"


@contextmanager
def sink(cpu: str = "-") -> Iterator[int]:
    """Start it, on that CPU if one is named; its port."""
    command = [sys.executable, str(_PROGRAM), cpu]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.stdout.close()
        process.wait()
