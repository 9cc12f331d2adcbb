"""Make the pictures and the sessions of all pages anew, from real runs on the sandbox.

python screenshots/make.py [PICTURE or PAGE ...]
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import scenes
import sessions
import steady

HERE = Path(__file__).parent
ROOT = HERE.parent
MADE = ("library",)  # by docs/make.py, of others
PAGES = [
    ROOT / "README.md",
    *sorted(each for each in (ROOT / "docs").glob("*.md") if each.stem not in MADE),
]


def main(*names: str) -> None:
    for page in PAGES:
        if not names or page.stem in names:
            write(page, sessions.page(page.read_text(encoding="utf-8")))
    for name in scenes.SCENES:
        if not names or name in names:
            write(HERE / f"{name}.svg", scenes.taken(name, port=2525))


def write(file: Path, text: str) -> None:
    """Write it if it says or looks anything else than before."""
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    if look(file, before) != look(file, text):
        file.write_text(text, encoding="utf-8")
        print(file.relative_to(ROOT))


def look(file: Path, text: str) -> str:
    """What makes a difference: in a picture what it says, and its colours."""
    if file.suffix != ".svg":
        return text
    return steady.steady(steady.words(text)) + "".join(re.findall(r"fill: ?[^}]*", text))


if __name__ == "__main__":
    main(*sys.argv[1:])
