"""The journal on disk: a line of JSON for each event, written as it happens.

`docs/journal.md` describes the format.  What matters here:

1. An event is complete when `write` returns: its row has gone to the kernel in one `write`, and
   is there whatever becomes of this process.  That costs a microsecond, so nothing is buffered.
2. Secrets are taken out before a row is written: the file can be lost, copied or attached.
3. After some thousand rows there is one with their index, so that a long journal opens at once.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import weakref
from datetime import datetime
from pathlib import Path

from smtpconsole.smtp.events import Event
from smtpconsole.transcript import rows
from smtpconsole.transcript.columns import Columns
from smtpconsole.transcript.redaction import Redactor

FORMAT = 2
ROWS = 4096  # between two rows of index, at most
OCTETS = 8 * 1024 * 1024


class JournalFile:
    """A journal's file, which is written to; without a path one that has no name."""

    def __init__(self, path: Path | None, began: datetime, redactor: Redactor) -> None:
        self.path = path
        self.completed: dict[int, bytes] = {}  # octets that were held back at first, by entry
        self._descriptor = _created(path) if path is not None else _unnamed()
        weakref.finalize(self, os.close, self._descriptor)  # it can be read as long as it is there
        self._writer = rows.Writer(redactor)
        self._redactor = redactor
        self._is_open = True
        self._at = 0  # octets written
        self._indexed = 0  # entries, and how far that is in the file
        self._indexed_at = 0
        self._previous: int | None = None
        self._since: dict[int, bytes] = {}  # of `completed`, after the last index
        lock(self._descriptor)
        header = {"smtpconsole journal": FORMAT, "began": began.isoformat()}
        self._append(json.dumps(header).encode("ascii") + b"\n")

    def write(self, at: float, event: Event, columns: Columns) -> int:
        """Append the event that was added to the columns last; the octets it took."""
        number = len(columns) - 1
        row, back = self._writer.row(
            number, at, event, columns.asked[-1], is_secure=bool(columns.flags[-1] & 1)
        )
        if back:
            self._complete(back)
        columns.offsets.append(self._at)
        columns.sizes.append(len(row))
        try:
            self._append(row)
        except OSError:
            columns.offsets.pop()
            columns.sizes.pop()
            raise
        if number - self._indexed >= ROWS or self._at - self._indexed_at >= OCTETS:
            self._index(columns)
        return len(row)

    def settle(self) -> None:
        """Write what was held back."""
        back = self._writer.settled()
        if back:
            self._complete(back)

    def _complete(self, pieces: rows.Pieces) -> None:
        self._append(rows.completing(pieces))
        for number, data in pieces:
            self.completed[number] = self._since[number] = self.completed.get(number, b"") + data

    def _index(self, columns: Columns) -> None:
        row = columns.packed(self._indexed, len(columns), self._redactor.sweep)
        row["previous"] = self._previous
        row["completed"] = {number: data.decode("latin-1") for number, data in self._since.items()}
        at = self._at
        self._append(json.dumps(row).encode("ascii") + b"\n")
        self._previous, self._indexed, self._indexed_at = at, len(columns), self._at
        self._since = {}

    def _append(self, data: bytes) -> None:
        written = os.write(self._descriptor, data)
        while written < len(data):  # a disk that is nearly full
            try:
                written += os.write(self._descriptor, data[written:])
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(self._descriptor, self._at)  # no half row at the end
                raise
        self._at += len(data)

    def read(self, offset: int, size: int) -> bytes:
        """Octets of the file."""
        return os.pread(self._descriptor, size, offset)

    @property
    def size(self) -> int:
        """Octets there are."""
        return self._at

    @property
    def is_there(self) -> bool:
        """The file still has a name; without one it is lost at the end."""
        return self.path is None or os.fstat(self._descriptor).st_nlink > 0

    def close(self, columns: Columns) -> None:
        """Write what was held back and what is not indexed; nothing is written after that."""
        if self._is_open:
            self._is_open = False
            with contextlib.suppress(OSError):
                self.settle()
                if len(columns) > self._indexed and self._indexed:
                    self._index(columns)
            unlock(self._descriptor)


def _created(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_APPEND | getattr(os, "O_CLOEXEC", 0)
    descriptor = os.open(path, flags, 0o600)
    os.chmod(path, 0o600)  # whatever the umask
    return descriptor


def _unnamed() -> int:
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def lock(descriptor: int) -> bool:
    """Tell others that this journal is being written; False if somebody else does so."""
    try:
        import fcntl
    except ImportError:  # Windows, where a file that is open cannot be deleted anyway
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


def unlock(descriptor: int) -> None:
    """Nobody writes it any longer."""
    with contextlib.suppress(ImportError, OSError):
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_UN)
