"""The folder of journals: what is in it, names for them, and what is too old or too much.

A journal that a process writes is locked by it, and is neither deleted nor renamed by another.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from smtpconsole.transcript import rows
from smtpconsole.transcript.storage import lock, unlock

_HEAD = 8192  # octets that are looked at to tell what a journal is of
_NAME = re.compile(r"[\w.@+-]+( [\w.@+-]+)*")


@dataclass(frozen=True, slots=True)
class Kept:
    """A journal in the folder."""

    path: Path
    began: datetime
    size: int  # octets
    target: str  # the first server that was dialled; "" for none
    is_live: bool  # a process writes it
    is_empty: bool  # nothing happened in it

    @property
    def name(self) -> str:
        """The name a person gave it; else ""."""
        return self.path.stem.partition("--")[2]


def kept(folder: Path) -> list[Kept]:
    """The journals of a folder, the newest first; what is none is left out."""
    found = []
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            journal = kept_at(path) if path.suffix == ".jsonl" else None
            if journal is not None:
                found.append(journal)
    return sorted(found, key=lambda each: each.began, reverse=True)


def kept_at(path: Path) -> Kept | None:
    """The journal of a file; None if it is none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _NOFOLLOW)
    except OSError:
        return None
    try:
        head = os.read(descriptor, _HEAD)
        size = os.fstat(descriptor).st_size
        is_live = not lock(descriptor)
        if not is_live:
            unlock(descriptor)
    except OSError:  # a folder, or gone meanwhile
        return None
    finally:
        os.close(descriptor)
    first, *more = head.split(b"\n")
    row = rows.loaded(first) or {}
    if "smtpconsole journal" not in row:
        return None
    try:
        began = datetime.fromisoformat(str(row.get("began")))
    except ValueError:
        began = datetime.fromtimestamp(0, UTC)
    if began.tzinfo is None:
        began = began.replace(tzinfo=UTC)
    return Kept(path, began, size, _target(more), is_live, not any(more))


def _target(lines: Sequence[bytes]) -> str:
    for line in lines:
        row = rows.loaded(line) or {}
        target = row.get("target")
        if row.get("event") == "Dialling" and isinstance(target, dict):
            return f"{target.get('host')}:{target.get('port')}"
    return ""


def find(journals: Sequence[Kept], which: str) -> Kept | None:
    """The journal of a number in the list, from 1 on, of a name, or of a file name."""
    is_number = which.isascii() and which.isdecimal() and len(which) < 9
    if is_number and 0 < int(which) <= len(journals):
        return journals[int(which) - 1]
    for each in journals:
        if which in (each.name, each.path.name, each.path.stem, str(each.path)):
            return each
    return None


def renamed(path: Path, name: str) -> Path:
    """Give a journal a name; where it is now.  ValueError if that can be none."""
    if name and not (_NAME.fullmatch(name) and len(name) <= 80 and "--" not in name):
        raise ValueError("a name has letters, digits, blanks and any of . _ @ + -")
    stem = path.stem.partition("--")[0]
    new = path.with_name(f"{stem}--{name}.jsonl" if name else f"{stem}.jsonl")
    if new != path and new.exists():
        raise ValueError(f"{new.name} is there already")
    path.rename(new)
    return new


def prune(folder: Path, *, days: float, octets: int, now: datetime | None = None) -> list[Kept]:
    """Delete what is older, then the oldest until the rest is no larger; what was deleted.

    Those that are written are left alone, as are those with a name: they are only deleted by hand.
    """
    now = now if now is not None else datetime.now(UTC)
    journals = kept(folder)
    left = sum(each.size for each in journals)
    gone = []
    for each in reversed(journals):
        is_old = now - each.began > timedelta(days=days) or left > octets
        if each.is_live or each.name or not (is_old or each.is_empty):
            continue
        with contextlib.suppress(OSError):
            each.path.unlink()
            left -= each.size
            gone.append(each)
    return gone


_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
