"""Figures: ours beside aiosmtplib, smtplib, smtp-source, swaks and Textual, in one run.

    python tests/benchmarks [--rounds N] [--quick] [--only SECTION ...] [--instructions]

Each section is a module here that gives tables; all are printed, and written to `--write`, which
the pages are made of.  Rounds are interleaved, so that noise hits all alike, and a ratio is the
median of the ratios in the same round.  A figure that falls short is said to; none is bent.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

from tables import Effort, Table, file

SECTIONS = ("engine", "trips", "starting", "journal", "wire")
FIGURES = Path(__file__).parents[2] / "docs" / "figures.toml"
VERSIONS = {  # of those that are no packages: how they tell
    "Postfix": (["postconf", "-d", "mail_version"], r"= (\S+)"),
    "swaks": (["swaks", "--version"], r"version (\S+)"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Figures beside other clients.")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="few of everything: does it run?")
    parser.add_argument("--instructions", action="store_true", help="count them; takes minutes")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, metavar="SECTION")
    parser.add_argument("--write", type=Path, help="a file; docs/figures.toml after a whole run")
    options = parser.parse_args()
    names = options.only or [*SECTIONS, *["instructions"] * options.instructions]
    effort = Effort(1 if options.quick else options.rounds, options.quick)
    # Where Debian keeps Postfix's tools is not on everybody's path.
    os.environ["PATH"] += os.pathsep + "/usr/sbin"
    # What is installed is compiled; otherwise the start would be measured with its compiler.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    versions = _versions()
    print(", ".join(f"{name} {version}" for name, version in versions.items()))
    print(f"medians of {effort.rounds} interleaved rounds", flush=True)
    tables = list[Table]()
    for name in names:
        for table in importlib.import_module(name).tables(effort):
            print(f"\n{table}", flush=True)
            tables.append(table)
    is_whole = not options.quick and not options.only
    if (path := options.write or (FIGURES if is_whole else None)) is not None:
        path.write_text(file(tables, versions, effort.rounds))


def _versions() -> dict[str, str]:
    """Of all that is compared, and of Python; what is not there has none."""
    found = {platform.python_implementation(): platform.python_version()}
    for name in ("aiosmtplib", "textual"):
        found[name] = importlib.metadata.version(name)
    for name, (command, pattern) in VERSIONS.items():
        try:
            told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        except (OSError, subprocess.CalledProcessError):
            continue
        if match := re.search(pattern, told):
            found[name] = match[1]
    return found


if __name__ == "__main__":
    sys.exit(main())
