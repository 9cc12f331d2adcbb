"""Run the suite on every other Python that the machine has, and say on which: `make test-pythons`.

A Python is looked for on the path and where pyenv keeps its own.  The newest runs the suite once
more with tasks that begin at once.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
OLDEST, NEWEST = 11, 14
HAS_EAGER = 12
PIP = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
# What drives screens, and what breaks, is Textual's and the network's, and not Python's.
TESTS = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--dist", "worksteal"]
TESTS += ["-n", str(2 * (os.cpu_count() or 1))]  # they wait as much as they work
TESTS += ["-m", "not servers and not screens and not faults and not soak"]


def others() -> dict[int, str]:
    """Where each other minor version is, the newest patch of it."""
    found: dict[int, tuple[tuple[int, ...], str]] = {}
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    places = [shutil.which(f"python3.{minor}") for minor in range(OLDEST, NEWEST + 1)]
    places += [str(path) for path in kept.glob("3.*/bin/python")]
    for place in filter(None, places):
        version = _version(place)
        if version and OLDEST <= version[1] <= NEWEST and version[1] != sys.version_info[1]:
            found[version[1]] = max(found.get(version[1], ((), "")), (version, place))
    return {minor: place for minor, (_, place) in sorted(found.items())}


def _version(python: str) -> tuple[int, ...]:
    done = subprocess.run([python, "--version"], capture_output=True, text=True, check=False)
    match = re.match(r"Python (3)\.(\d+)\.(\d+)$", done.stdout.strip())
    return tuple(map(int, match.groups())) if done.returncode == 0 and match else ()


def run(python: str, folder: Path, name: str, *, eager: bool) -> dict[str, bool]:
    """The suite in an environment of its own; what passed."""
    subprocess.run([python, "-m", "venv", folder], check=True)
    own = folder / "bin/python"
    subprocess.run([own, *PIP, "--upgrade", "pip>=25.1"], check=True)
    subprocess.run([own, *PIP, "--editable", ".", "--group", "dev"], check=True, cwd=ROOT)
    outcomes = {}
    for kind in ("", " with eager tasks") if eager else ("",):
        print(f"--- Python {name}{kind}", flush=True)
        began = time.monotonic()
        variables = os.environ | ({"SMTPCONSOLE_TEST_EAGER": "1"} if kind else {})
        done = subprocess.run([own, *TESTS], check=False, cwd=ROOT, env=variables)
        outcomes[f"{name}{kind}"] = done.returncode == 0
        print(f"--- Python {name}{kind}: {time.monotonic() - began:.0f} s", flush=True)
    return outcomes


def main() -> None:
    """Each in its turn; the status tells whether all passed."""
    outcomes: dict[str, bool] = {}
    found = others()
    for minor, python in found.items():
        with tempfile.TemporaryDirectory() as folder:
            eager = minor == max(found) and minor >= HAS_EAGER
            outcomes |= run(python, Path(folder), f"3.{minor}", eager=eager)
    told = ", ".join(f"{name} {'passed' if fine else 'FAILED'}" for name, fine in outcomes.items())
    print(f"Beside Python 3.{sys.version_info[1]}: {told or 'this machine has no other'}")
    sys.exit(not all(outcomes.values()))


if __name__ == "__main__":
    main()
