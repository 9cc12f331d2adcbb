"""A journal's file that is read: what can be read is, and the rest is told in a sentence.

Reading is total.  A last row that was cut off, foreign rows, rows of a newer version and garbage
cost what they hold and nothing else; numbers stay what they were, since only rows of events count.
"""

from __future__ import annotations

import math
import os
import stat
import weakref
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from smtpconsole.smtp.events import Answered
from smtpconsole.transcript import rows
from smtpconsole.transcript.columns import NOBODY, SENT, Columns
from smtpconsole.transcript.storage import FORMAT

_LONGEST = 256 * 1024 * 1024  # octets of a row
_STEP = 1024 * 1024
_INDEX = b'\n{"index":'


class NotAJournal(ValueError):
    """A file that holds nothing of a journal; says why."""


class Recording:
    """The file of a session that is over, or that another process writes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.began = datetime.fromtimestamp(0, UTC)
        self.columns = Columns()
        self.completed: dict[int, bytes] = {}
        self.problems: list[str] = []
        self._foreign = 0
        self._descriptor = _opened(path)
        weakref.finalize(self, os.close, self._descriptor)
        self.size = os.fstat(self._descriptor).st_size
        with open(self._descriptor, "rb", closefd=False) as file:
            start = self._header(file)
            file.seek(self._indexed(file, start))
            self._scan(file)
        if not self.columns.kinds and not start and self.size:
            raise NotAJournal(f"{path} is not a journal of smtpconsole")
        if self._foreign:
            rest = "1 line is" if self._foreign == 1 else f"{self._foreign} lines are"
            self.problems.append(f"{rest} no event and left out")

    def read(self, offset: int, size: int) -> bytes:
        """Octets of the file."""
        return os.pread(self._descriptor, size, offset)

    def _header(self, file: BinaryIO) -> int:
        """Read the first line; how long it is, or 0 if it is none of ours."""
        line = file.readline(65536)
        row = rows.loaded(line) or {}
        version = row.get("smtpconsole journal")
        if not isinstance(version, int):
            self.problems.append("the first line, with the version and the date, is missing")
            return 0
        if version > FORMAT:
            self.problems.append(
                f"a newer version wrote it (format {version}, this one knows {FORMAT}): "
                "what it does not know is left out"
            )
        try:
            began = datetime.fromisoformat(str(row.get("began")))
            self.began = began if began.tzinfo is not None else began.replace(tzinfo=UTC)
        except ValueError:
            self.problems.append("when it began is not told")
        return len(line)

    # --- by its index -------------------------------------------------------------------------

    def _indexed(self, file: BinaryIO, start: int) -> int:
        """Take over the index the file holds; where what is not in it begins."""
        found: list[tuple[int, rows.Fields]] = []
        at, end = self._last_index(start), start
        while at is not None:
            file.seek(at)
            line = file.readline(_LONGEST)
            row = rows.loaded(line) or {}
            found.append((at, row))
            end = max(end, at + len(line))
            before = row.get("previous")
            if before is not None and not (isinstance(before, int) and start <= before < at):
                return start
            at = before
        try:
            for at, row in reversed(found):
                self.columns.unpack(row)
                if self.columns.offsets and self.columns.offsets[-1] >= at:
                    raise ValueError("an index of what comes behind it")
                for number, text in row.get("completed", {}).items():
                    self.completed[int(number)] = str(text).encode("latin-1")
        except (ValueError, TypeError, KeyError, AttributeError, LookupError, OverflowError):
            self.columns, self.completed = Columns(), {}
            return start
        return end

    def _last_index(self, start: int) -> int | None:
        """Where the last row of index begins."""
        end = self.size
        while end > start:
            begin = max(start - 1, end - _STEP, 0)
            found = self.read(begin, end - begin).rfind(_INDEX)
            if found >= 0:
                return begin + found + 1
            if begin <= start:
                return None
            end = begin + len(_INDEX)
        return None

    # --- row by row ---------------------------------------------------------------------------

    def _scan(self, file: BinaryIO) -> None:
        offset = file.tell()
        for line in _lines(file):
            if not line.endswith(b"\n"):
                told = "was cut off while it was written, and is left out"
                self.problems.append(f"the last line, of {len(line)} octets, {told}")
                return
            self._take(offset, line)
            offset += len(line)

    def _take(self, offset: int, line: bytes) -> None:
        row = rows.loaded(line)
        if row is None or not isinstance(row.get("event"), str):
            self._take_other(row)
            return
        columns = self.columns
        number = len(columns)
        event = rows.event(row, lambda _: None)
        columns.add(event)
        columns.offsets.append(offset)
        columns.sizes.append(len(line))
        columns.times.append(_time(row.get("at"), columns.times[-1] if number else 0.0))
        asked = row.get("answers")
        if type(event) is Answered and isinstance(asked, int) and 0 <= asked < number:
            columns.asked[-1] = asked if columns.kinds[asked] == SENT else NOBODY

    def _take_other(self, row: rows.Fields | None) -> None:
        number = row.get("of") if row is not None else None
        if isinstance(number, int) and 0 <= number < len(self.columns):
            try:
                data = rows.octets(row or {})
            except (ValueError, TypeError, KeyError, AttributeError):
                self._foreign += 1
                return
            self.completed[number] = self.completed.get(number, b"") + data
        elif row is None or ("index" not in row and "smtpconsole journal" not in row):
            self._foreign += 1


def _opened(path: Path) -> int:
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    descriptor = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotAJournal(f"{path} is no file")
    return descriptor


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file; of one without end only its beginning, and nothing after it."""
    while line := file.readline(_LONGEST):
        yield line


def _time(value: object, before: float) -> float:
    """Seconds; where they make no sense, those of the row before."""
    if isinstance(value, (int, float)) and math.isfinite(value):
        return float(value)
    return before
