"""The journal: every event, stamped as it arrives, in memory and on disk.

1. The engine never waits for a reader.  A journal is an append; readers ask for what came `since`
   they looked, and subscribers are only told that there is something new.
2. Memory is bounded.  Kept are the last events and the index (`columns`); what is older is read
   back from the file, where secrets are masked.  Without a file of its own a long session gets
   one that has no name, and is gone with the process.
3. Keeping is no condition of talking: if the file cannot be written any more, that is noted once,
   and the session goes on in memory.
"""

from __future__ import annotations

import time
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import compress
from pathlib import Path
from typing import overload

from smtpconsole.smtp.commands import Send
from smtpconsole.smtp.events import Closed, Dialling, Event, Marked, Noted, Proposed, Sent
from smtpconsole.transcript import rows
from smtpconsole.transcript.columns import KIND_OF, NOBODY, SECURE, Columns
from smtpconsole.transcript.recording import NotAJournal, Recording
from smtpconsole.transcript.redaction import Redactor
from smtpconsole.transcript.storage import JournalFile

__all__ = ["Entries", "Entry", "Journal", "NotAJournal"]

RECENT = 1024  # events kept at least, however long the session is
RECENT_OCTETS = 4 * 1024 * 1024
IN_MEMORY = 16384  # events of a session that is not kept, before they go to a file without a name
_LOOK = 4096  # events between two looks whether the file is still there


@dataclass(slots=True)
class Entry:
    """One event, with its number and the seconds since the journal began."""

    number: int
    at: float
    event: Event
    is_secure: bool = False  # TLS is on, with this event or since an earlier one
    asked: int | None = None  # of an Answered: the number of the Sent that it answers


class Entries(Sequence[Entry]):
    """Entries of a journal; one is made when it is looked at."""

    def __init__(self, journal: Journal, numbers: Sequence[int] | None = None) -> None:
        self._journal = journal
        self._numbers = numbers  # None: all there are, also those to come

    @property
    def numbers(self) -> Sequence[int]:
        """Which entries these are."""
        return self._numbers if self._numbers is not None else range(len(self._journal))

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, index: int) -> Entry: ...

    @overload
    def __getitem__(self, index: slice) -> Entries: ...

    def __getitem__(self, index: int | slice) -> Entry | Entries:
        if isinstance(index, slice):
            return Entries(self._journal, self.numbers[index])
        return self._journal.entry(self.numbers[index])

    def __iter__(self) -> Iterator[Entry]:
        for number in self.numbers:
            yield self._journal.entry(number)


class Journal:
    """Everything that happened, in order; an observer for sessions and connections."""

    def __init__(
        self,
        path: Path | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        began: datetime | None = None,
    ) -> None:
        self.redactor = Redactor()
        self.began = began if began is not None else datetime.now(UTC)
        self.entries = Entries(self)
        self.problems: tuple[str, ...] = ()  # what could not be read, in sentences
        self.is_recorded = False  # it was read from a file, and nothing happens in it
        self.marks: dict[int, str] = {}  # remarks by number
        self._clock = clock
        self._zero = clock()
        self._columns = Columns()
        self._times = self._columns.times
        self._recent: list[Event] = []  # the last events; all before `_stored` are in `_source`
        self._stored = 0
        self._recent_octets = 0
        self._read: _Cache = _Cache()
        self._file = JournalFile(path, self.began, self.redactor) if path is not None else None
        self._source: JournalFile | Recording | None = self._file
        self._may_spill = True
        self._subscribers: list[Callable[[], None]] = []

    @classmethod
    def open(cls, path: Path) -> Journal:
        """A journal that was kept in a file; `problems` tells what could not be read of it.

        Raises OSError if the file cannot be read, NotAJournal if it holds nothing of one.
        """
        recording = Recording(path)
        journal = cls()
        journal.is_recorded = True
        journal.began, journal.problems = recording.began, tuple(recording.problems)
        journal._source, journal._columns = recording, recording.columns
        journal._times = recording.columns.times
        journal._stored = len(recording.columns)
        for entry in journal.since(0, Marked):
            journal._mark(entry.event)
        return journal

    def __call__(self, event: Event) -> None:
        at = self._clock() - self._zero
        cls = type(event)
        if cls is Sent:
            if event.send.secret is not None:  # type: ignore[union-attr]
                self.redactor.learn_said(event.send)  # type: ignore[union-attr,arg-type]
        elif cls is Proposed:
            for send in event.batch:  # type: ignore[union-attr]
                self.redactor.learn_said(send)
        elif cls is Marked:
            self._mark(event)
        self._times.append(at)
        self._recent.append(event)
        if self._file is not None:
            self._keep(at, event)
        elif len(self._recent) >= IN_MEMORY and self._may_spill:
            self._spill()
        for wake in self._subscribers:
            wake()

    def __len__(self) -> int:
        return len(self._times)

    def since(self, number: int, *types: type) -> Entries:
        """The entries from a number on; of these types only, if any are named."""
        if not types:
            return self.entries[number:]
        table = bytearray(256)
        for cls in types:
            table[KIND_OF[cls]] = 1
        kinds = self.columns.kinds
        wanted = compress(range(number, len(kinds)), kinds[number:].translate(table))
        return Entries(self, array("I", wanted))

    def subscribe(self, wake: Callable[[], None]) -> None:
        """Call `wake` after every event; it must be cheap and must not read."""
        self._subscribers.append(wake)

    @property
    def columns(self) -> Columns:
        """What is known of each entry without looking at it."""
        columns = self._columns
        if len(columns) < len(self._times):  # without a file this is put off until somebody asks
            for event in self._recent[len(columns) - self._stored :]:
                columns.add(event)
        return columns

    @property
    def path(self) -> Path | None:
        """The file that holds it, if there is one."""
        return self._source.path if self._source is not None else None

    def moved(self, path: Path) -> None:
        """Its file has another name now."""
        if self._source is not None:
            self._source.path = path

    # --- reading ------------------------------------------------------------------------------

    def entry(self, number: int) -> Entry:
        """One entry; IndexError if there is none of that number."""
        columns = self.columns
        asked = columns.asked[number]
        return Entry(
            number,
            self._times[number],
            self.event(number),
            bool(columns.flags[number] & SECURE),
            asked if asked != NOBODY else None,
        )

    def event(self, number: int) -> Event:
        """The event of that number."""
        if number >= self._stored:
            return self._recent[number - self._stored]
        found = self._read.get(number)
        if found is None:
            size = self._columns.sizes[number]
            found = rows.event(self._row(number), self._said)
            self._read.put(number, found, size)
        return found

    def _row(self, number: int) -> rows.Fields:
        source, columns = self._source, self._columns
        assert source is not None
        line = source.read(columns.offsets[number], columns.sizes[number])
        row = rows.loaded(line) or {}
        completed = source.completed.get(number)
        return row if completed is None else rows.completed(row, completed)

    def raw_rows(self, first: int, stop: int) -> tuple[int, bytes]:
        """The rows of these entries as the file holds them, and where they begin in it; only of
        what is in the file."""
        assert self._source is not None
        columns = self._columns
        begin = columns.offsets[first]
        end = columns.offsets[stop - 1] + columns.sizes[stop - 1]
        return begin, self._source.read(begin, end - begin)

    @property
    def completed(self) -> dict[int, bytes]:
        """Octets that were held back when the row of an entry was written."""
        return self._source.completed if self._source is not None else {}

    @property
    def stored(self) -> int:
        """How many entries, from the first on, are no longer in memory."""
        return self._stored

    def _said(self, number: int) -> Send | None:
        if not 0 <= number < len(self._times):
            return None
        event = self.event(number) if self._columns.kinds[number] == KIND_OF[Sent] else None
        return event.send if isinstance(event, Sent) else None

    def _mark(self, event: Event) -> None:
        assert isinstance(event, Marked)
        if event.is_on:
            self.marks[event.number] = event.remark
        else:
            self.marks.pop(event.number, None)

    # --- keeping ------------------------------------------------------------------------------

    def _keep(self, at: float, event: Event) -> None:
        """Write an event, and let go of older ones."""
        assert self._file is not None
        self._columns.add(event)
        try:
            size = self._file.write(at, event, self._columns)
        except OSError as error:
            self._give_up((error.strerror or str(error)).lower())
            return
        self._recent_octets += size
        if len(self._recent) >= 2 * RECENT or self._recent_octets > 2 * RECENT_OCTETS:
            self._let_go()
        is_due = len(self._times) % _LOOK == 0 or isinstance(event, Dialling | Closed)
        if is_due and not self._file.is_there:
            self._tell_lost()

    def _let_go(self) -> None:
        assert self._file is not None
        try:
            self._file.settle()  # what is read back must be whole
        except OSError as error:
            self._give_up((error.strerror or str(error)).lower())
            return
        keep = min(RECENT, len(self._recent) // 2)
        self._stored = len(self._times) - keep
        del self._recent[: len(self._recent) - keep]
        self._recent_octets = 0

    def _spill(self) -> None:
        """A session that is not kept grows long: a file without a name takes it."""
        self._may_spill = False
        events, self._columns = self._recent, Columns()
        columns, times = self._columns, self._times
        columns.times = times
        try:
            file = JournalFile(None, self.began, self.redactor)
            for number, event in enumerate(events):
                columns.add(event)
                file.write(times[number], event, columns)
        except OSError:
            self._columns = Columns()
            self._columns.times = times
            return  # then in memory, as long as that lasts
        self._file = self._source = file
        self._let_go()

    def _give_up(self, reason: str) -> None:
        """The file takes no more: what comes is kept in memory."""
        self._file = None
        self._may_spill = False
        self(Noted(f"the journal's file ends here: {reason}"))

    def _tell_lost(self) -> None:
        assert self._file is not None
        self._file.path = None  # it is told once
        self(Noted("the journal's file was deleted: the session is not kept; /export saves it"))

    def close(self) -> None:
        """Complete the file."""
        if self._file is not None:
            self._file.close(self._columns)
            self._file = None
            self._may_spill = False


class _Cache:
    """Events that were read back, the latest used of them, up to some octets."""

    def __init__(self) -> None:
        self._events: OrderedDict[int, tuple[Event, int]] = OrderedDict()
        self._octets = 0

    def get(self, number: int) -> Event | None:
        """The event, if it is here."""
        found = self._events.get(number)
        if found is None:
            return None
        self._events.move_to_end(number)
        return found[0]

    def put(self, number: int, event: Event, size: int) -> None:
        """Keep an event, and drop what was not used for longest."""
        self._events[number] = event, size
        self._octets += size
        while self._octets > RECENT_OCTETS or len(self._events) > RECENT:
            _, (_, dropped) = self._events.popitem(last=False)
            self._octets -= dropped
