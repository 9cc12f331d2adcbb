"""Where lessons are: the course that comes along, and files of one's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from smtpconsole.lessons.lesson import Lesson, LessonError, Problem
from smtpconsole.lessons.reading import LARGEST, parse

_FILE = re.compile(r"(\d\d)-([\w-]+)\.md")


@dataclass(frozen=True, slots=True)
class Entry:
    """A lesson of the course, not yet read."""

    number: int
    name: str  # "hello"
    file: Traversable

    def read(self) -> Lesson:
        """The lesson; LessonError if it is none."""
        return _parsed(self.file.read_text("utf-8"), self.name, self.number)


_parsed = cache(parse)


def course() -> list[Entry]:
    """The lessons that come along, in their order."""
    return sorted(_entries(), key=lambda each: each.number)


def _entries() -> Iterator[Entry]:
    folder = files(__package__).joinpath("course")
    for file in folder.iterdir() if folder.is_dir() else ():
        if found := _FILE.fullmatch(file.name):
            yield Entry(int(found[1]), found[2], file)


def tour() -> Entry:
    """What shows the console itself."""
    return Entry(0, "tour", files(__package__).joinpath("tour.md"))


def find(text: str) -> Entry | None:
    """The lesson of that number, name, or beginning of a name."""
    known = [tour(), *course()]
    wanted = text.lower().removesuffix(".md").lstrip("0")
    for each in known:
        if wanted in (str(each.number), each.name, f"{each.number}-{each.name}"):
            return each
    near = [each for each in known if wanted and each.name.startswith(wanted)]
    return near[0] if len(near) == 1 else None


def load(path: Path) -> Lesson:
    """A lesson in a file; LessonError says what is the matter with it, OSError that it is not
    there."""
    with path.open("rb") as file:
        data = file.read(4 * LARGEST + 1)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        number = data[: error.start].count(b"\n") + 1
        raise LessonError(
            [Problem(number, "this is not UTF-8", "save the file in UTF-8")]
        ) from error
    return parse(text, path.stem)
