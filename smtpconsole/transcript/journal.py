"""The journal: every event, stamped as it arrives, in memory and on disk.

The engine never waits for a reader.  A journal is an append; readers ask for what came `since`
they looked, and subscribers are only told that there is something new.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import overload

from smtpconsole.smtp.events import Event, Sent
from smtpconsole.transcript.redaction import Redactor
from smtpconsole.transcript.storage import JournalFile


@dataclass(slots=True)
class Entry:
    """One event, with its number and the seconds since the journal began."""

    number: int
    at: float
    event: Event


class Entries(Sequence[Entry]):
    """The entries of a journal; one is made when it is looked at.

    Kept are the events, and their times as bare numbers: an object less for every event is less
    to allocate, and less for the garbage collector to walk through again and again.
    """

    def __init__(self, events: list[Event], times: array[float]) -> None:
        self._events, self._times = events, times

    def __len__(self) -> int:
        return len(self._events)

    @overload
    def __getitem__(self, index: int) -> Entry: ...

    @overload
    def __getitem__(self, index: slice) -> list[Entry]: ...

    def __getitem__(self, index: int | slice) -> Entry | list[Entry]:
        numbers = range(len(self._events))[index]
        if isinstance(numbers, range):
            return [self._entry(number) for number in numbers]
        return self._entry(numbers)

    def _entry(self, number: int) -> Entry:
        return Entry(number, self._times[number], self._events[number])


class Journal:
    """Everything that happened, in order; an observer for sessions and connections."""

    def __init__(
        self, path: Path | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._events: list[Event] = []
        self._times = array("d")
        self.entries = Entries(self._events, self._times)
        self.redactor = Redactor()
        self.began = datetime.now(UTC)
        self._clock = clock
        self._zero = clock()
        self._file = JournalFile(path, self.began, self.redactor) if path is not None else None
        self._subscribers: list[Callable[[], None]] = []

    def __call__(self, event: Event) -> None:
        if type(event) is Sent and event.send.secret is not None:
            self.redactor.learn_said(event.send)
        at = self._clock() - self._zero
        self._events.append(event)
        self._times.append(at)
        if self._file is not None:
            self._file.write(at, event)
        for wake in self._subscribers:
            wake()

    def __len__(self) -> int:
        return len(self._events)

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
