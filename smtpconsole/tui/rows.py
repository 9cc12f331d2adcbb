"""Which row of a long list shows which line of which entry.

Heights are estimated until an entry is looked at, and corrected then.  Finding a row is two
bisections; a million entries cost four octets each.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate

_BLOCK = 512  # entries whose heights are summed up


class Rows:
    """The entries that are shown, and how many rows each takes."""

    def __init__(self) -> None:
        self.numbers: Sequence[int] = range(0)
        self.version = 0
        self._heights = array("I")
        self._sums: list[int] = []
        self._ends: list[int] | None = []  # of the blocks, in rows

    def reset(self, numbers: Sequence[int], heights: Iterable[int]) -> None:
        """Show these, in order."""
        self.numbers, self._heights, self._sums = numbers, array("I"), []
        self._add(heights)

    def extend(self, numbers: Sequence[int], heights: Iterable[int]) -> None:
        """Show these, too: numbers that follow those that are shown."""
        if isinstance(self.numbers, range):
            start = self.numbers.start if self.numbers else 0
            self.numbers = range(start, start + len(self.numbers) + len(numbers))
        elif numbers:
            assert isinstance(self.numbers, array)
            self.numbers.extend(numbers)
        self._add(heights)

    def _add(self, heights: Iterable[int]) -> None:
        first = len(self._heights) // _BLOCK
        self._heights.extend(heights)
        del self._sums[first:]
        for at in range(first * _BLOCK, len(self._heights), _BLOCK):
            self._sums.append(sum(self._heights[at : at + _BLOCK]))
        self._changed()

    def _changed(self) -> None:
        self._ends = None
        self.version += 1

    @property
    def ends(self) -> list[int]:
        """Where the blocks end, in rows."""
        if self._ends is None:
            self._ends = list(accumulate(self._sums))
        return self._ends

    @property
    def total(self) -> int:
        """All rows."""
        ends = self.ends
        return ends[-1] if ends else 0

    def __len__(self) -> int:
        return len(self._heights)

    def locate(self, row: int) -> tuple[int, int]:
        """The place of the entry that has this row, and which of its rows it is."""
        ends = self.ends
        block = min(bisect_right(ends, row), len(ends) - 1)
        left = row - (ends[block - 1] if block else 0)
        inner = list(accumulate(self._heights[block * _BLOCK : (block + 1) * _BLOCK]))
        at = min(bisect_right(inner, left), len(inner) - 1)
        return block * _BLOCK + at, left - (inner[at - 1] if at else 0)

    def start(self, place: int) -> int:
        """The first row of an entry."""
        block = place // _BLOCK
        before = self.ends[block - 1] if block else 0
        return before + sum(self._heights[block * _BLOCK : place])

    def height(self, place: int) -> int:
        """How many rows an entry takes."""
        return self._heights[place]

    def set_height(self, place: int, height: int) -> None:
        """It takes as many as that."""
        if height != self._heights[place]:
            self._sums[place // _BLOCK] += height - self._heights[place]
            self._heights[place] = height
            self._changed()

    def place(self, number: int) -> int | None:
        """The place of an entry; None if it is not shown."""
        at = bisect_left(self.numbers, number)
        return at if at < len(self.numbers) and self.numbers[at] == number else None

    def near(self, number: int) -> int:
        """The place of an entry, or of the next one that is shown."""
        return max(0, min(bisect_left(self.numbers, number), len(self) - 1))

    def step(self, place: int, by: int) -> int | None:
        """The next place up or down that has rows; None at the end."""
        place += by
        while 0 <= place < len(self._heights):
            if self._heights[place]:
                return place
            place += by
        return None
