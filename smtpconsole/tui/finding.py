"""The wire's part that seeks: search, filter, and jumps to what matters.

Whatever looks at many entries does so in slices of a few milliseconds, between which keys are
answered and the screen is drawn.
"""

from __future__ import annotations

import asyncio
import re
from array import array
from collections.abc import Callable, Iterable, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Literal

from rich.segment import Segment
from rich.style import Style
from textual import work
from textual.message import Message
from textual.widget import Widget

from smtpconsole.smtp.commands import CONTENT
from smtpconsole.transcript.columns import SENT, TROUBLE
from smtpconsole.transcript.search import Query, QueryError, literal, parse

if TYPE_CHECKING:
    from smtpconsole.transcript.journal import Journal
    from smtpconsole.tui.lines import Lines
    from smtpconsole.tui.rows import Rows

SLICE = 0.006  # seconds
_TROUBLES = re.compile(b"[" + bytes(bit for bit in range(8) if bit & TROUBLE) + b"]")
_SAID = re.compile(re.escape(bytes([SENT])), re.DOTALL)

Asked = Literal["search", "filter", "remark"]


class Finding(Widget):
    """What a wire can find."""

    journal: Journal
    lines: Lines
    rows: Rows
    known: int
    cursor: tuple[int, int] | None
    origin: tuple[int, int] | None  # of a selection

    class Asks(Message):
        """Words are wanted."""

        def __init__(self, what: Asked, value: str) -> None:
            super().__init__()
            self.what, self.value = what, value

    class State(Message):
        """What is going on, in words; "" for nothing."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def begin_finding(self) -> None:
        """Nothing is sought yet."""
        self.filtered: Query | None = None
        self.sought: Query | None = None
        self.is_filtering = False
        self.is_asking = False
        self.told_state = ""
        self._came_from: tuple[int, int] | None = None

    # --- for the list -------------------------------------------------------------------------

    def lay_out(self, numbers: Sequence[int] | None = None) -> None:
        """Begin anew."""
        raise NotImplementedError

    def go(self, number: int, line: int = 0) -> None:
        """Put the cursor on a line."""
        raise NotImplementedError

    def style_of(self, name: str) -> Style:
        """A style."""
        raise NotImplementedError

    # --- asking -------------------------------------------------------------------------------

    def action_ask(self, what: Asked) -> None:
        """Ask for words to search, to filter by, or to remark."""
        self.is_asking = True
        self._came_from = self.cursor
        value = ""
        if what == "filter" and self.filtered is not None:
            value = self.filtered.text
        elif what == "remark" and self.cursor is not None:
            value = self.journal.marks.get(self.cursor[0], "")
        self.post_message(self.Asks(what, value))

    def asked(self, what: Asked, value: str) -> str:
        """The words came; what is wrong with them, if anything is."""
        try:
            if what == "search":
                self.sought = literal(value) if value else None
                self.seek(1, self.cursor, is_new=True)
            elif what == "filter":
                self.filter(parse(value) if value.strip() else None)
        except QueryError as error:
            return str(error)
        return ""

    def typed(self, value: str) -> None:
        """The words so far: what is sought is shown while it is typed."""
        self.sought = literal(value) if value else None
        if self.sought is None and self._came_from is not None:
            self.go(*self._came_from)
        self.seek(1, self._came_from, is_new=True)

    def tell_state(self, text: str = "") -> None:
        """Say what the list shows, where that is not all."""
        if not text and self.filtered is not None:
            text = (
                f"filter {self.filtered.text}: {len(self.rows):,} of {self.known:,} · f changes it"
            )
        if not text and self.origin is not None:
            text = "selecting · arrows go on, y copies, Esc ends it"
        if text != self.told_state:
            self.told_state = text
            self.post_message(self.State(text))

    # --- filter -------------------------------------------------------------------------------

    @work(exclusive=True, group="filter")
    async def filter(self, query: Query | None) -> None:
        """Show only what is found; None shows all again."""
        self.is_filtering = True
        try:
            if query is None:
                self.known = len(self.journal)
                numbers: Sequence[int] = range(self.known)
            else:
                numbers = await self._found(query)
            self.filtered = query
        finally:
            self.is_filtering = False
        self.told_state = "?"
        self.lay_out(numbers)

    async def _found(self, query: Query) -> Sequence[int]:
        found, at = array("I"), 0
        began = perf_counter()
        while at < len(self.journal):
            count = len(self.journal)
            for part in query.slices(self.journal, at, count):
                found.extend(part)
                if perf_counter() - began > SLICE:
                    self.tell_state(f"filtering … {len(found):,} found")
                    await asyncio.sleep(0)
                    began = perf_counter()
            at = count
        self.known = at
        return found

    # --- search -------------------------------------------------------------------------------

    def action_again(self, by: int) -> None:
        """To the next or the previous match."""
        if self.sought is None:
            self.action_ask("search")
        else:
            self.seek(by, self.cursor)

    @work(exclusive=True, group="search")
    async def seek(self, by: int, start: tuple[int, int] | None, *, is_new: bool = False) -> None:
        """Go to a match, from a line on; a new search may find the line itself."""
        self.refresh()
        sought = self.sought
        if sought is None or not len(self.rows):
            self.tell_state()
            return
        number, line = start or (self.rows.numbers[0], 0)
        here = self._in_entry(number, line if is_new else line + by, by)
        if here is not None:
            self.go(number, here)
            self.tell_state()
            return
        if by > 0:
            parts = [(number + 1, self.known, False), (0, number + 1, True)]
        else:
            parts = [(0, number, False), (number, self.known, True)]
        for first, stop, is_around in parts:
            found = await self._seek(sought, first, stop, by)
            if found is not None:
                line = self._in_entry(found, 0 if by > 0 else 1 << 30, by) or 0
                self.go(found, line)
                self.tell_state("search began again at the other end" if is_around else "")
                return
        self.tell_state(f"nothing says {sought.text}")

    async def _seek(self, sought: Query, first: int, stop: int, by: int) -> int | None:
        """The first number that is found and shown."""
        began = perf_counter()
        if by > 0:
            slices = sought.slices(self.journal, first, stop)
        else:
            slices = (each[::-1] for each in sought.backwards(self.journal, stop))
        for part in slices:
            for number in part:
                if number >= first and self.rows.place(number) is not None:
                    return int(number)
            if perf_counter() - began > SLICE:
                self.tell_state("searching …")
                await asyncio.sleep(0)
                began = perf_counter()
        return None

    def _in_entry(self, number: int, line: int, by: int) -> int | None:
        """The line of an entry that has a match, from one on."""
        shown = self.lines.shown(number)
        if shown is None or self.sought is None:
            return None
        needle = self.sought.needles[0]
        count = len(shown.lines)
        places = range(line, count) if by > 0 else range(min(line, count - 1), -1, -1)
        return next((at for at in places if needle in shown.lines[at].lower()), None)

    def highlighted(self, text: str, style: Style) -> list[Segment]:
        """A line in which matches stand out."""
        query = self.sought or self.filtered
        needles = query.needles if query is not None else ()
        lowered = text.lower()
        found = [needle for needle in needles if needle in lowered]
        if not found or len(lowered) != len(text):
            return [Segment(text, style)]
        match = style + self.style_of("match")
        segments, at = [], 0
        for each in re.finditer("|".join(map(re.escape, found)), lowered):
            segments.append(Segment(text[at : each.start()], style))
            segments.append(Segment(text[each.start() : each.end()], match))
            at = each.end()
        return [*segments, Segment(text[at:], style)]

    # --- jumps --------------------------------------------------------------------------------

    def action_trouble(self, by: int) -> None:
        """To the next or the previous error."""
        flags = self.journal.columns.flags
        self._jump(by, "no error", _TROUBLES, flags, lambda number: True)

    def action_exchange(self, by: int) -> None:
        """To the next or the previous command."""
        columns = self.journal.columns
        content = columns.place(CONTENT)
        self._jump(
            by, "no command", _SAID, columns.kinds, lambda each: columns.verbs[each] != content
        )

    def action_marked(self, by: int) -> None:
        """To the next or the previous mark."""
        at = self.cursor[0] if self.cursor is not None else -1
        marks = sorted(self.journal.marks, reverse=by < 0)
        self._first([each for each in marks if (each - at) * by > 0], by, "no mark")

    def _jump(
        self,
        by: int,
        nothing: str,
        pattern: re.Pattern[bytes],
        column: bytearray,
        holds: Callable[[int], bool],
    ) -> None:
        at = self.cursor[0] if self.cursor is not None else self.known
        if by > 0:
            places: Iterable[int] = (each.start() for each in pattern.finditer(column, at + 1))
        else:
            places = reversed([each.start() for each in pattern.finditer(column, 0, at)])
        self._first((each for each in places if holds(each)), by, nothing)

    def _first(self, numbers: Iterable[int], by: int, nothing: str) -> None:
        """Go to the first of these that is shown."""
        for number in numbers:
            place = self.rows.place(number)
            if place is not None and self.rows.height(place):
                self.go(number)
                return
        self.tell_state(f"{nothing} {'below' if by > 0 else 'above'}")
