"""The wire: the live transcript, a row a line.

1. A virtual list on Textual's line API: what is not on the screen costs four octets an entry, and
   is neither read nor drawn.
2. The newest line is followed until one goes up, and again when one is back at the end.
3. What is sought and filtered is in `finding`, what is marked and copied in `choosing`; the bar
   below (`wirebar`) asks for words and tells what is going on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from smtpconsole.transcript.journal import Entry, Journal
from smtpconsole.transcript.turns import Side, Turn
from smtpconsole.tui import keys
from smtpconsole.tui.choosing import Choosing
from smtpconsole.tui.finding import Finding
from smtpconsole.tui.lines import Lines, Mode, Shown
from smtpconsole.tui.rows import Rows

_GUTTER = 12  # columns: time, mark of one's own, direction, blank
_STYLES = ("client", "server", "note", "trouble", "time", "cursor", "chosen", "match", "mark")
_STEP = 8  # columns to the side
_EMPTY = (
    "Here is every line that is said, in both directions.",
    "",
    " -> what you said      ~> and so under TLS",
    "<-  what was replied   <~",
    "<*  not as was hoped   === *** remarks",
)

Place = tuple[int, int]  # entry, line


@dataclass(slots=True)
class _Row:
    """A row of the screen."""

    number: int
    line: int
    text: str
    is_first: bool  # of its entry
    begins: bool  # a line
    shown: Shown


class Wire(Finding, Choosing, ScrollView, can_focus=True):
    """Every line in both directions."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"wire--{name}" for name in _STYLES}
    BINDINGS = keys.bindings("wire")
    help_ = (
        "The transcript: -> is what was said, <- the reply, ~ under TLS, * not what was hoped "
        "for, === and *** remarks. Before a reply stands how long it took, before the rest when "
        "it was; # is a mark of yours. A filter is made of from:server code:5 verb:RCPT tls:no "
        "slow:0.5 marked:yes text:word; -word turns it round, an empty one ends it."
    )

    class Details(Message):
        """Somebody wants to know all about a line."""

        def __init__(self, number: int, line: int) -> None:
            super().__init__()
            self.number, self.line = number, line

    def __init__(self, journal: Journal) -> None:
        super().__init__(id="wire")
        self.journal = journal
        self.lines = Lines(journal)
        self.rows = Rows()
        self.known = 0  # entries that have been taken in
        self.cursor: Place | None = None  # None follows the newest
        self.begin_finding()
        self.begin_choosing()
        self._tells_latency = True
        self._left = 0  # columns that are scrolled to the side
        self._seen: list[_Row] = []
        self._seen_key: tuple[int, ...] = ()
        self._palette: dict[str, Style] = {}

    # --- content ------------------------------------------------------------------------------

    def told(self, entries: Sequence[Entry]) -> None:
        """Take in what happened; the journal is asked, not the entries."""
        count = len(self.journal)
        if count == self.known or self.is_filtering:
            return
        follows = self.is_following
        if self.filtered is None:
            numbers: Sequence[int] = range(self.known, count)
        else:
            numbers = self.filtered.found(self.journal, self.known, count)
        self.known = count
        self.rows.extend(numbers, self.lines.heights(numbers))
        if follows:
            self._follow()
        else:
            self._resize()
        self.refresh()
        self.tell_state()

    @property
    def is_following(self) -> bool:
        """The newest line is shown as it comes."""
        return self.cursor is None or self.cursor == self._last_place()

    def lay_out(self, numbers: Sequence[int] | None = None) -> None:
        """Begin anew: other entries, or the same ones in another way."""
        follows = self.is_following
        self.lines.forget()
        numbers = self.rows.numbers if numbers is None else numbers
        self.rows.reset(numbers, self.lines.heights(numbers))
        self._seen_key = ()
        if self.cursor is not None and len(self.rows):
            number, line = self.cursor
            self.cursor = self._clamped(self.rows.near(number), line)
        if follows or not len(self.rows):
            self._follow()
        else:
            self._resize()
            self.show_cursor()
        self.refresh()
        self.tell_state()

    def _resize(self) -> None:
        self.virtual_size = Size(self.scrollable_content_region.width, self.rows.total)

    def _follow(self) -> None:
        """To the end, once the layout knows where that is."""
        height, place = self.scrollable_content_region.height, len(self.rows) - 1
        while place >= 0 and height > 0:
            height -= self._measured(place)
            place -= 1
        self._resize()
        if self.cursor is not None:
            self.cursor = self._last_place()
        self.call_after_refresh(self.scroll_end, animate=False, immediate=True, x_axis=False)

    def _measured(self, place: int) -> int:
        """How many rows an entry takes; it has been looked at."""
        shown = self.lines.shown(self.rows.numbers[place])
        height = shown.height if shown is not None else 0
        self.rows.set_height(place, height)
        return height

    def on_resize(self, event: events.Resize) -> None:
        width = self.scrollable_content_region.width - _GUTTER
        if width != self.lines.width:
            self.lines.width = width
            self.lay_out()
        elif self.is_following:
            self._follow()
        else:
            self.call_after_refresh(self.show_cursor)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._palette = {}

    # --- drawing ------------------------------------------------------------------------------

    def style_of(self, name: str) -> Style:
        """A style, made once for a theme."""
        if not self._palette:
            base = self.rich_style
            self._palette = {"base": base}
            self._palette |= {
                each: base + self.get_component_rich_style(f"wire--{each}", partial=True)
                for each in _STYLES
            }
        return self._palette[name]

    def _screenful(self) -> list[_Row]:
        """What is in view; entries that come into it are measured."""
        top, height = self.scroll_offset.y, self.scrollable_content_region.height
        key = (top, height, self.rows.version, self.lines.width)
        if key == self._seen_key:
            return self._seen
        seen: list[_Row] = []
        place, skipped = self.rows.locate(top) if self.rows.total else (0, 0)
        before = self.rows.version
        while len(seen) < height and place < len(self.rows):
            if self.rows.height(place):
                seen += self._rows_of(place, skipped, height - len(seen))
                skipped = 0
            place += 1
        if self.rows.version != before:
            self.call_later(self._follow if self.is_following else self._resize)
        self._seen, self._seen_key = seen, (top, height, self.rows.version, self.lines.width)
        return seen

    def _rows_of(self, place: int, first: int, most: int) -> list[_Row]:
        height = self._measured(place)
        number = self.rows.numbers[place]
        shown = self.lines.shown(number)
        if shown is None:
            return []
        found = []
        for at in range(min(first, height), min(height, first + most)):
            line, text, start = shown.row(at)
            found.append(_Row(number, line, text, at == 0, start == 0, shown))
        return found

    def render_line(self, y: int) -> Strip:
        seen = self._screenful()
        width = self.lines.width + _GUTTER
        if not self.known and y < len(_EMPTY):
            told = [Segment(f" {_EMPTY[y]}", self.style_of("time"))]
            return Strip(told).crop_extend(0, width, self.style_of("base"))
        if not 0 <= y < len(seen):
            return Strip.blank(width, self.style_of("base"))
        row = seen[y]
        turn = row.shown.turn
        style = self.style_of(_kind(turn))
        place = (row.number, row.line)
        here = self.has_focus and place == self.cursor
        if here or self.is_chosen(place):
            style += self.style_of("cursor" if here else "chosen")
        margin, mark = self._margin(row)
        direction = f"{turn.mark if row.begins else '':3} "
        # Without a style the rest of the row would have the terminal's own background.
        rest = style if here else self.style_of("base")
        segments = [Segment(f"{margin:>7}", self.style_of("time")), mark, Segment(direction, style)]
        text = self.highlighted(row.text, style)
        used = _GUTTER + cell_len(row.text)
        if used <= width and not self._left:  # one Strip is a third of the cost of three
            return Strip([*segments, *text, Segment(" " * (width - used), rest)], width)
        shown = Strip(text).crop(0 if self.lines.wraps else self._left)
        return Strip([*segments, *shown]).crop_extend(0, width, rest)

    def _margin(self, row: _Row) -> tuple[str, Segment]:
        """The time of an entry, and whether it is marked."""
        if not row.is_first:
            return "", Segment(" ", self.style_of("time"))
        is_marked = row.number in self.journal.marks
        mark = Segment("#" if is_marked else " ", self.style_of("mark"))
        if self._tells_latency:
            columns = self.journal.columns
            asked = columns.asked[row.number]
            if asked < row.number:
                return _latency(columns.times[row.number] - columns.times[asked]), mark
        return _clock(row.shown.turn.at), mark

    # --- moving -------------------------------------------------------------------------------

    def _last_place(self) -> Place | None:
        place = self.rows.step(len(self.rows), -1)
        return None if place is None else self._clamped(place, 1 << 30)

    def _clamped(self, place: int, line: int) -> Place:
        shown = self.lines.shown(self.rows.numbers[place])
        count = len(shown.lines) if shown is not None else 1
        return self.rows.numbers[place], max(0, min(line, count - 1))

    def on_focus(self) -> None:
        if self.cursor is None:
            self.cursor = self._last_place()
        self.refresh()

    def on_blur(self) -> None:
        if not self.is_asking and not self.journal.is_recorded:
            self.cursor = self.origin = None
            self.tell_state()
            self._follow()
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        seen = self._screenful()
        if 0 <= event.y < len(seen):
            self.go(seen[event.y].number, seen[event.y].line)

    def go(self, number: int, line: int = 0) -> None:
        """Put the cursor on a line of an entry that is shown."""
        self.cursor = self._clamped(self.rows.near(number), line)
        self.show_cursor()
        self.tell_state()

    def show_cursor(self) -> None:
        """Bring the cursor into view."""
        if self.cursor is None:
            return
        place = self.rows.near(self.cursor[0])
        self._measured(place)
        shown = self.lines.shown(self.rows.numbers[place])
        row = self.rows.start(place) + (shown.first_row(self.cursor[1]) if shown else 0)
        self._resize()
        top, height = self.scroll_offset.y, max(1, self.scrollable_content_region.height)
        if row < top:
            self.scroll_to(y=row, animate=False, immediate=True, force=True)
        elif row >= top + height:
            self.scroll_to(y=row - height + 1, animate=False, immediate=True, force=True)
        self.refresh()

    def action_move(self, by: int) -> None:
        """Move the cursor by lines."""
        at = self.cursor or self._last_place()
        for _ in range(abs(by)):
            if at is None or (at := self._beside(at, 1 if by > 0 else -1)) is None:
                break
            self.cursor = at
        self.show_cursor()
        self.tell_state()

    def _beside(self, at: Place, by: int) -> Place | None:
        """The next line up or down."""
        place = self.rows.near(at[0])
        shown = self.lines.shown(self.rows.numbers[place])
        if shown is not None and 0 <= at[1] + by < len(shown.lines):
            return at[0], at[1] + by
        beside = self.rows.step(place, by)
        return None if beside is None else self._clamped(beside, 0 if by > 0 else 1 << 30)

    def action_page(self, by: int) -> None:
        """Move the cursor by a screenful."""
        self.action_move(by * max(1, self.scrollable_content_region.height - 1))

    def action_first(self) -> None:
        """To the first line."""
        place = self.rows.step(-1, 1)
        if place is not None:
            self.go(self.rows.numbers[place])

    def action_last(self) -> None:
        """To the newest line, and follow."""
        self.cursor = self._last_place()
        self._follow()
        self.tell_state()

    def action_shift(self, by: int) -> None:
        """Look at what is to the side, where lines are not wrapped."""
        longest = max((len(row.text) for row in self._screenful()), default=0)
        most = max(0, longest - self.lines.width + _STEP)
        self._left = max(0, min(most, self._left + by * _STEP))
        self.refresh()

    # --- ways to look at it -------------------------------------------------------------------

    def action_mode(self, mode: Mode) -> None:
        """Show every octet, as text or as hex, or text again."""
        self.lines.mode = "text" if self.lines.mode == mode else mode
        self.lay_out()

    def action_wrap(self) -> None:
        """Wrap long lines, or scroll them."""
        self.lines.wraps = not self.lines.wraps
        self._left = 0
        self.lay_out()

    def action_fold(self) -> None:
        """Show messages as one line, or whole."""
        self.lines.folds = not self.lines.folds
        self.lay_out()

    def action_times(self) -> None:
        """Before replies, tell how long they took or when they came."""
        self._tells_latency = not self._tells_latency
        self.refresh()

    def action_details(self) -> None:
        """Tell all about the line under the cursor."""
        if self.cursor is not None:
            self.post_message(self.Details(*self.cursor))


def _kind(turn: Turn) -> str:
    if turn.is_trouble:
        return "trouble"
    if turn.side is Side.CONSOLE:
        return "note"
    return "client" if turn.side is Side.CLIENT else "server"


def _clock(seconds: float) -> str:
    return f"{seconds:.3f}" if seconds < 1000 else f"{seconds:.0f}"


def _latency(seconds: float) -> str:
    if seconds < 0.9995:
        return f"+{seconds * 1000:.0f} ms" if seconds >= 0.0095 else f"+{seconds * 1000:.1f}ms"
    return f"+{seconds:.1f} s" if seconds < 100 else f"+{seconds:.0f} s"
