"""What importing the library costs, beside aiosmtplib: a process each, medians."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

STATEMENTS = {
    "nothing": "pass",
    "aiosmtplib": "import aiosmtplib; aiosmtplib.SMTP, aiosmtplib.send",
    "ours": "import smtpconsole; smtpconsole.SMTP, smtpconsole.send",
}
ALLOWED = 1.3  # times aiosmtplib's


def measure(rounds: int) -> None:
    times: dict[str, list[float]] = {name: [] for name in STATEMENTS}
    for _ in range(rounds):
        for name, statement in STATEMENTS.items():
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", statement], check=True)
            times[name].append(time.perf_counter() - began)
    base = statistics.median(times["nothing"])
    spent = {name: statistics.median(found) - base for name, found in times.items()}
    ratio = spent["ours"] / spent["aiosmtplib"]
    print("\nimporting, milliseconds above starting Python")
    for name in ("aiosmtplib", "ours"):
        print(f"  {name:34}{spent[name] * 1000:>12.0f}")
    met = "met" if ratio <= ALLOWED else "NOT met"
    print(f"  at most {ALLOWED} times aiosmtplib's: {ratio:.2f}, {met}")
