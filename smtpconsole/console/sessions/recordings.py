"""Sessions in files: journals of our own, and transcripts of whatever kind, by path or by name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from smtpconsole.console import paths
from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.arguments import Kind
from smtpconsole.console.filenames import path_of
from smtpconsole.console.scripting import scripts
from smtpconsole.transcript import shelf
from smtpconsole.transcript.dialogue import Talk, talks
from smtpconsole.transcript.journal import Journal, NotAJournal
from smtpconsole.transcript.reading import Unreadable, read
from smtpconsole.transcript.turns import turns

if TYPE_CHECKING:
    from smtpconsole.console.console import Console

THIS = "this"  # the session that is open
LARGEST = 512 * 2**20  # octets of a transcript, which is read whole
_HEAD = b'{"smtpconsole journal"'

scripts.register()


@dataclass(frozen=True, slots=True)
class Recorded:
    """A session that was, and what of it could not be read."""

    journal: Journal
    format: str
    problems: tuple[str, ...] = ()


def session(console: Console, name: str) -> Journal:
    """The session of that name, which may be this one; ConsoleError if there is none."""
    return console.journal if name == THIS else opened(name).journal


def opened(name: str) -> Recorded:
    """The session in a file; ConsoleError if there is none.

    Journals that are kept here go by their number, their name, or that of their file, too.
    """
    path = _path(name)
    try:
        if not path.is_file():  # a pipe or a device could keep us for ever
            raise FileNotFoundError(f"{path} is no file" if path.exists() else "no such file")
        with path.open("rb") as file:
            head = file.read(len(_HEAD))
            rest = file.read(LARGEST + 1) if head != _HEAD else b""
        if head == _HEAD:
            return _journal(path)
        if len(rest) > LARGEST:
            raise ConsoleError(f"{path} is too large for a transcript", "a journal may be larger")
        return _transcript(path, head + rest)
    except (OSError, NotAJournal) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConsoleError(f"{path} cannot be read: {reason.lower()}", "check the path") from error


def _journal(path: Path) -> Recorded:
    journal = Journal.open(path)
    return Recorded(journal, "journal", journal.problems)


def _transcript(path: Path, text: bytes) -> Recorded:
    try:
        return understood(text, str(path))
    except ConsoleError:
        if b'"event"' not in text:
            raise
    return _journal(path)  # whose first line is lost


def understood(text: str | bytes, name: str) -> Recorded:
    """The session that a text tells of; ConsoleError if it tells of none."""
    try:
        reading = read(text)
    except Unreadable as error:
        raise ConsoleError(f"{name} cannot be read: {error}") from error
    return Recorded(reading.journal, reading.format, reading.problems)


def keep(recorded: Recorded, now: datetime) -> str:
    """Write what was read to a journal of its own; the name it goes by.

    ConsoleError if it cannot be written.
    """
    entries = recorded.journal.entries
    at = 0.0
    path = _free(paths.journal_folder(), f"{now:%Y-%m-%dT%H-%M-%S}-imported")
    try:
        journal = Journal(path, clock=lambda: at, began=recorded.journal.began)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConsoleError(f"it cannot be kept in {path}: {reason}") from error
    for entry in entries:
        at = entry.at
        journal(entry.event)
    journal.close()
    return path.stem


def _free(folder: Path, stem: str) -> Path:
    path, number = folder / f"{stem}.jsonl", 1
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}.jsonl"
    return path


def _path(name: str) -> Path:
    path = path_of(name)
    if path.exists():
        return path
    found = shelf.find(shelf.kept(paths.journal_folder()), name)
    return found.path if found is not None else path


def spoken(journal: Journal) -> list[Talk]:
    """The connections of a session in which something was said; ConsoleError if there is none."""
    found = [talk for talk in talks(turns(journal)) if talk.questions]
    if not found:
        raise ConsoleError("nothing was said in that session", "there is nothing to do again")
    return found


def _complete(console: Console, word: str) -> Iterable[str]:
    kept = (each.name or each.path.stem for each in shelf.kept(paths.journal_folder()))
    return (name for name in (THIS, *kept) if name.startswith(word))


SESSION = Kind("JOURNAL", complete=_complete)
