"""The wire's part that chooses: lines selected, copied, marked, remarked on."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from textual.widget import Widget

from smtpconsole.smtp.events import Marked
from smtpconsole.tui.copying import copied

if TYPE_CHECKING:
    from smtpconsole.transcript.journal import Journal
    from smtpconsole.tui.lines import Lines, Shown
    from smtpconsole.tui.rows import Rows

MOST = 512 * 1024  # characters that a terminal is given
_NEAR = 1000  # entries after a command in which its replies are sought


class Choosing(Widget):
    """What can be done with lines of a wire."""

    journal: Journal
    lines: Lines
    rows: Rows
    cursor: tuple[int, int] | None

    def begin_choosing(self) -> None:
        """Nothing is chosen yet."""
        self.origin: tuple[int, int] | None = None

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        raise NotImplementedError

    def action_choosing(self) -> None:
        """Begin a selection at the cursor, or give it up."""
        self._begin_at(self.cursor if self.origin is None else None)

    def action_choose(self, by: int) -> None:
        """Move the cursor, and select."""
        if self.origin is None:
            self._begin_at(self.cursor)
        self.action_move(by)

    def _begin_at(self, place: tuple[int, int] | None) -> None:
        """Where the selection begins; None ends it."""
        self.origin = place
        self.refresh()
        self.tell_state()

    def tell_state(self) -> None:
        """Say what is going on."""
        raise NotImplementedError

    def is_chosen(self, place: tuple[int, int]) -> bool:
        """The line is selected."""
        if self.origin is None or self.cursor is None:
            return False
        return min(self.origin, self.cursor) <= place <= max(self.origin, self.cursor)

    def key_escape(self, event: Any) -> None:
        """A selection goes first."""
        if self.origin is not None:
            event.stop()
            event.prevent_default()
            self._begin_at(None)

    @property
    def current(self) -> str:
        """The line under the cursor."""
        shown = self.lines.shown(self.cursor[0]) if self.cursor is not None else None
        return shown.lines[self.cursor[1]] if shown is not None and self.cursor is not None else ""

    def _chosen(self) -> Iterator[tuple[Shown, int]]:
        """The selected lines, or the one under the cursor."""
        if self.cursor is None:
            return
        first = min(self.origin or self.cursor, self.cursor)
        last = max(self.origin or self.cursor, self.cursor)
        place: int | None = self.rows.near(first[0])
        while place is not None and self.rows.numbers[place] <= last[0]:
            number = self.rows.numbers[place]
            shown = self.lines.shown(number)
            for line in range(len(shown.lines) if shown is not None else 0):
                if shown is not None and first <= (number, line) <= last:
                    yield shown, line
            place = self.rows.step(place, 1)

    def action_copy(self) -> None:
        """Copy as safe text; several lines with their marks."""
        parts, size = [], 0
        for shown, line in self._chosen():
            mark = f"{shown.turn.mark} " if self.origin is not None else ""
            parts.append(f"{mark}{shown.lines[line]}")
            size += len(parts[-1])
            if size > MOST:
                break
        self._copy("\n".join(parts), "", size)

    def action_copy_exchange(self) -> None:
        """Copy the command that the line belongs to, and what was answered."""
        if self.cursor is None:
            return
        columns, number = self.journal.columns, self.cursor[0]
        first = min(columns.asked[number], number)
        after = range(first + 1, min(first + _NEAR, len(columns)))
        numbers = [first, *(each for each in after if columns.asked[each] == first)]
        parts = []
        for shown in map(self.lines.shown, numbers):
            if shown is not None:
                parts += [f"{shown.turn.mark} {line}" for line in shown.lines]
        self._copy("\n".join(parts), "", sum(map(len, parts)))

    def action_copy_raw(self) -> None:
        """Copy the octets, in base64."""
        parts, size = [], 0
        for shown, line in self._chosen():
            parts.append(shown.data[line] if line < len(shown.data) else b"")
            size += len(parts[-1])
            if size > MOST:
                break
        self._copy(b64encode(b"".join(parts)).decode("ascii"), f"{size:,} octets in base64", size)

    def _copy(self, text: str, told: str, size: int) -> None:
        if size > MOST:
            self.notify("that is more than a terminal takes; /export saves it", markup=False)
        elif text:
            copied(self.app, text, told)
            self._begin_at(None)

    def action_mark(self) -> None:
        """Mark the entry under the cursor, or take the mark away."""
        if self.cursor is not None:
            number = self.cursor[0]
            self.journal(Marked(number, is_on=number not in self.journal.marks))
            self.refresh()

    def remark(self, text: str) -> None:
        """Mark it with a remark."""
        if self.cursor is not None:
            self.journal(Marked(self.cursor[0], text))
            self.refresh()
