"""The journal: every event, stamped as it arrives, in memory and on disk.

The engine never waits for a reader.  A journal is an append; readers ask for what came `since`
they looked, and subscribers are only told that there is something new.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from smtpconsole.smtp.events import Event, Sent
from smtpconsole.transcript.redaction import Redactor
from smtpconsole.transcript.storage import JournalFile


@dataclass(slots=True)
class Entry:
    """One event, with its number and the seconds since the journal began."""

    number: int
    at: float
    event: Event


class Journal:
    """Everything that happened, in order; an observer for sessions and connections."""

    def __init__(
        self, path: Path | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.entries: list[Entry] = []
        self.redactor = Redactor()
        self.began = datetime.now(UTC)
        self._clock = clock
        self._zero = clock()
        self._file = JournalFile(path, self.began, self.redactor) if path is not None else None
        self._subscribers: list[Callable[[], None]] = []

    def __call__(self, event: Event) -> None:
        if type(event) is Sent and event.send.secret is not None:
            self.redactor.learn_said(event.send)
        entries = self.entries
        entry = Entry(len(entries), self._clock() - self._zero, event)
        entries.append(entry)
        if self._file is not None:
            self._file.write(entry.at, event)
        for wake in self._subscribers:
            wake()

    def __len__(self) -> int:
        return len(self.entries)

    def since(self, number: int) -> Sequence[Entry]:
        """The entries from a number on."""
        return self.entries[number:]

    def subscribe(self, wake: Callable[[], None]) -> None:
        """Call `wake` after every event; it must be cheap and must not read."""
        self._subscribers.append(wake)

    @property
    def path(self) -> Path | None:
        """The file that holds it, if there is one."""
        return self._file.path if self._file is not None else None

    def close(self) -> None:
        """Complete the file."""
        if self._file is not None:
            self._file.close()
