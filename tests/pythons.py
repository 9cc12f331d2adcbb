"""Run the suite on every other Python that the machine has, and say on which: `make test-pythons`.

A Python is looked for on the path and where pyenv keeps its own.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
OLDEST, NEWEST = 11, 14
PIP = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]


def others() -> dict[str, str]:
    """Where each other minor version is, the newest patch of it."""
    found: dict[str, tuple[tuple[int, ...], str]] = {}
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    places = [shutil.which(f"python3.{minor}") for minor in range(OLDEST, NEWEST + 1)]
    places += [str(path) for path in sorted(kept.glob("3.*/bin/python"))]
    for place in filter(None, places):
        version = _version(place)
        minor = ".".join(map(str, version[:2]))
        if (
            OLDEST <= (version[1] if version else 0) <= NEWEST
            and version[:2] != sys.version_info[:2]
        ):
            found[minor] = max(found.get(minor, ((), "")), (version, place))
    return {minor: place for minor, (_, place) in found.items()}


def _version(python: str) -> tuple[int, ...]:
    done = subprocess.run([python, "--version"], capture_output=True, text=True, check=False)
    match = re.match(r"Python (3)\.(\d+)\.(\d+)$", done.stdout.strip())
    return tuple(map(int, match.groups())) if done.returncode == 0 and match else ()


def run(python: str, folder: Path) -> bool:
    """The suite without servers and screens, in an environment of its own."""
    subprocess.run([python, "-m", "venv", folder], check=True)
    own = folder / "bin/python"
    subprocess.run([own, *PIP, "--upgrade", "pip>=25.1"], check=True)
    subprocess.run([own, *PIP, "--editable", ".", "--group", "dev"], check=True, cwd=ROOT)
    tests = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not servers", "-n", "auto"]
    tests += [
        "--dist",
        "worksteal",
        "--ignore",
        "tests/pilot",
    ]  # screens are Textual's, not Python's, and take long
    return subprocess.run([own, *tests], check=False, cwd=ROOT).returncode == 0


def main() -> None:
    """Each in its turn; the status tells whether all passed."""
    outcomes = {}
    for minor, python in sorted(others().items()):
        print(f"--- Python {minor}", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            outcomes[minor] = run(python, Path(folder))
    mine = ".".join(map(str, sys.version_info[:2]))
    told = ", ".join(
        f"{minor} {'passed' if fine else 'FAILED'}" for minor, fine in outcomes.items()
    )
    print(f"Beside Python {mine}: {told or 'this machine has no other'}")
    sys.exit(not all(outcomes.values()))


if __name__ == "__main__":
    main()
