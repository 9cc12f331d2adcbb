"""Lessons by name or file, for whoever asks for one."""

from __future__ import annotations

from pathlib import Path

from smtpconsole.console.answers import ConsoleError
from smtpconsole.lessons import catalogue
from smtpconsole.lessons.lesson import Lesson, LessonError


def read(path: Path) -> Lesson:
    """The lesson in a file; ConsoleError with every line that is wrong, and what to do."""
    try:
        return catalogue.load(path)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConsoleError(f"{path} cannot be read: {reason}", "check the path") from error
    except LessonError as error:
        count = len(error.problems)
        what = "a line cannot be as it is" if count == 1 else f"{count} lines cannot be as they are"
        raise ConsoleError(f"{path} is no lesson yet: {what}", *map(str, error.problems)) from error


def find(name: str) -> Lesson:
    """The lesson of that number, name or file; ConsoleError if there is none."""
    entry = catalogue.find(name)
    if entry is not None:
        return entry.read()
    if name.endswith(".md") or "/" in name:
        return read(Path(name).expanduser())
    known = ", ".join(each.name for each in catalogue.course())
    raise ConsoleError(f"there is no lesson {name!r}", f"there are {known}", next=("/learn list",))
