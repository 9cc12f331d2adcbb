"""Entries as lines of safe text, in the ways a person wants to see them."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from rich.cells import cell_len, chop_cells

from smtpconsole.smtp.commands import CONTENT
from smtpconsole.transcript.columns import SENT
from smtpconsole.transcript.journal import Journal
from smtpconsole.transcript.turns import Side, Teller, Turn
from smtpconsole.visible import octets, visible

Mode = Literal["text", "octets", "hex"]
_KEPT = 128  # entries
_RUN = 100_000  # lines of a message that are counted


@dataclass(slots=True)
class Shown:
    """An entry as it is shown."""

    turn: Turn
    lines: Sequence[str]  # safe text
    data: Sequence[bytes] = ()  # the octets of each line
    rows: list[tuple[int, int, int]] = field(default_factory=list)  # line, from, to; or one each

    @property
    def height(self) -> int:
        return len(self.rows) or len(self.lines)

    def row(self, at: int) -> tuple[int, str, int]:
        """Which line is in a row, what of it, and where that begins."""
        if not self.rows:
            return at, self.lines[at], 0
        line, start, stop = self.rows[at]
        return line, self.lines[line][start:stop], start

    def first_row(self, line: int) -> int:
        """The row in which a line begins."""
        if not self.rows:
            return min(line, len(self.lines) - 1)
        return next((at for at, row in enumerate(self.rows) if row[0] == line), 0)


class Lines:
    """Makes entries into lines, and keeps those looked at last."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._teller = Teller(journal)
        self.mode: Mode = "text"
        self.wraps = True
        self.folds = False  # content of messages is one line
        self.width = 80
        self._shown: OrderedDict[int, Shown | None] = OrderedDict()

    def forget(self) -> None:
        """Something is shown in another way."""
        self._shown.clear()

    def shown(self, number: int) -> Shown | None:
        """An entry; None if it is not shown."""
        if number in self._shown:
            self._shown.move_to_end(number)
            return self._shown[number]
        found = self._shown[number] = self._make(number)
        if len(self._shown) > _KEPT:
            self._shown.popitem(last=False)
        return found

    def heights(self, numbers: Sequence[int]) -> Sequence[int]:
        """How many rows entries take, as far as that is known without looking at them."""
        lines = self._journal.columns.lines
        if self.folds:
            return [min(lines[each], 1) if self._is_begun(each) else 0 for each in numbers]
        if isinstance(numbers, range):
            return lines[numbers.start : numbers.stop] if numbers else ()
        return array("I", map(lines.__getitem__, numbers))

    def is_content(self, number: int) -> bool:
        """It is a part of a message."""
        columns = self._journal.columns
        return columns.kinds[number] == SENT and columns.names[columns.verbs[number]] == CONTENT

    def _is_begun(self, number: int) -> bool:
        """It is no continuation of a message."""
        return not (number and self.is_content(number) and self.is_content(number - 1))

    def _make(self, number: int) -> Shown | None:
        if self.folds and not self._is_begun(number):
            return None
        turn = next(self._teller.tell([self._journal.entry(number)]), None)
        if turn is None:
            return None
        shown = self._cut(turn)
        if self.folds and self.is_content(number):
            shown = Shown(turn, [self._summary(number, shown.lines)], shown.data[:1])
        if self.wraps and self.mode != "hex":
            self._wrap(shown)
        return shown

    def _cut(self, turn: Turn) -> Shown:
        if self.mode == "hex" and turn.data:
            count = 16 if self.width >= 76 else 8
            parts = [turn.data[at : at + count] for at in range(0, len(turn.data), count)]
            return Shown(
                turn, [_hex(at * count, part, count) for at, part in enumerate(parts)], parts
            )
        data = turn.data.splitlines(keepends=True) if self.mode == "octets" else []
        if data:
            return Shown(turn, [octets(line) for line in data], data)
        if turn.side is not Side.CONSOLE:
            data = [line.encode("utf-8", "surrogateescape") + b"\r\n" for line in turn.lines]
        return Shown(turn, [visible(line) for line in turn.lines], data)

    def _summary(self, number: int, lines: Sequence[str]) -> str:
        """The first line of a message, and how long the rest is."""
        columns = self._journal.columns
        count, at = 0, number
        while at < len(columns) and self.is_content(at) and count < _RUN:
            count += columns.lines[at]
            at += 1
        if count == 1:
            return lines[0]
        more = f"more than {_RUN:,}" if count >= _RUN else f"{count:,}"
        return f"{lines[0]}  … {more} lines"

    def _wrap(self, shown: Shown) -> None:
        width = max(10, self.width)
        if all(len(line) * 2 <= width or cell_len(line) <= width for line in shown.lines):
            return
        for number, line in enumerate(shown.lines):
            start = 0
            for length in _broken(line, width):
                shown.rows.append((number, start, start + length))
                start += length


def _broken(line: str, width: int) -> Iterator[int]:
    """How many characters stand in each row: cut behind a blank if one is in the second half."""
    start = 0
    while len(line) - start > width or cell_len(line[start:]) > width:
        part = chop_cells(line[start : start + width], width)[0]
        blank = part.rfind(" ")
        length = blank + 1 if blank >= len(part) // 2 else len(part)
        yield length
        start += length
    yield len(line) - start


def _hex(at: int, part: bytes, count: int) -> str:
    left, right = part[: count // 2].hex(" "), part[count // 2 :].hex(" ")
    width = count // 2 * 3 - 1
    text = "".join(chr(octet) if 0x20 <= octet < 0x7F else "." for octet in part)
    return f"{at:06x}  {left:{width}}  {right:{width}}  {text}"
