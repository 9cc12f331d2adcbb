"""The wire: the live transcript, a row a line.

A virtual list on Textual's line API: what is not on the screen costs nothing to draw.  The
newest line is followed until one scrolls up, and again when one is back at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from smtpconsole.transcript.journal import Entry, Journal
from smtpconsole.transcript.turns import Side, Teller, Turn
from smtpconsole.visible import octets, visible

_GUTTER = 12  # columns: time, blank, mark, blank


@dataclass(slots=True)
class _Line:
    """One line of a turn."""

    turn: Turn
    text: str
    is_first: bool


class Wire(ScrollView, can_focus=True):
    """Every line in both directions."""

    COMPONENT_CLASSES = {  # noqa: RUF012  # Textual's own convention
        "wire--client",
        "wire--server",
        "wire--note",
        "wire--trouble",
        "wire--time",
        "wire--cursor",
    }
    BINDINGS = [  # noqa: RUF012
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home,g", "first", "First", show=False),
        Binding("end,G", "last", "Last", show=False),
        Binding("enter", "explain", "Explain", show=False),
        Binding("y", "copy", "Copy", show=False),
        Binding("v", "octets", "Octets", show=False),
        Binding("w", "wrap", "Wrap", show=False),
    ]
    help_ = (
        "The transcript: -> is what was said, <- the reply, ~ under TLS, * not what was hoped "
        "for, === and *** remarks.\n"
        "j k or arrows move, Enter explains a line, y copies it, v shows every octet (CR, LF, "
        "NUL, 8-bit), w folds or cuts long lines, G goes to the newest."
    )

    class Explain(Message):
        """Somebody wants to know what a line means."""

        def __init__(self, words: str) -> None:
            super().__init__()
            self.words = words

    class Copied(Message):
        """A line was copied."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, journal: Journal) -> None:
        super().__init__(id="wire")
        self._teller = Teller(journal)
        self._turns: list[Turn] = []
        self._lines: list[_Line] = []
        self._rows: list[tuple[int, int]] = []  # line, and where in it the row begins
        self._cursor: int | None = None  # a line; None follows the newest
        self._shows_octets = False
        self._folds = True
        self._width = 0
        self._palette: dict[str, Style] = {}

    # --- content ------------------------------------------------------------------------------

    def told(self, entries: Sequence[Entry]) -> None:
        """Append what happened."""
        is_at_end = self.is_vertical_scroll_end or self._cursor is None
        first = len(self._lines)
        for turn in self._teller.tell(entries):
            self._turns.append(turn)
            self._lines += self._split(turn)
        if len(self._lines) == first:
            return
        self._lay_out(first)
        if is_at_end:
            self._follow()
        self.refresh()

    def _follow(self) -> None:
        """To the end, once the layout knows where that is."""
        self.call_after_refresh(self.scroll_end, animate=False, immediate=True, x_axis=False)

    def _split(self, turn: Turn) -> list[_Line]:
        if self._shows_octets and turn.data:
            texts = [octets(line) for line in turn.data.splitlines(keepends=True)]
        else:
            texts = [visible(line) for line in turn.lines]
        return [_Line(turn, text, number == 0) for number, text in enumerate(texts)]

    def _lay_out(self, first: int = 0) -> None:
        """Cut the lines from `first` on into rows."""
        width = max(10, self.scrollable_content_region.width - _GUTTER)
        if first == 0:
            self._rows = []
        for number in range(first, len(self._lines)):
            length = len(self._lines[number].text)
            starts = range(0, max(1, length), width) if self._folds else (0,)
            self._rows += [(number, start) for start in starts]
        self._width = width
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._rows))

    def _rebuild(self) -> None:
        self._lines = [line for turn in self._turns for line in self._split(turn)]
        self._lay_out()
        if self._cursor is not None:
            self._cursor = min(self._cursor, len(self._lines) - 1)
            self._show_cursor()
        else:
            self._follow()
        self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        if self.scrollable_content_region.width - _GUTTER != self._width:
            self._rebuild()
        elif self._cursor is None:
            self._follow()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._palette = {}

    # --- drawing ------------------------------------------------------------------------------

    def _style(self, name: str) -> Style:
        if not self._palette:
            base = self.rich_style
            self._palette = {
                each: base + self.get_component_rich_style(f"wire--{each}", partial=True)
                for each in ("client", "server", "note", "trouble", "time", "cursor")
            }
        return self._palette[name]

    def render_line(self, y: int) -> Strip:
        _, top = self.scroll_offset
        width = self.scrollable_content_region.width
        if not 0 <= top + y < len(self._rows):
            return Strip.blank(width, self.rich_style)
        number, start = self._rows[top + y]
        line = self._lines[number]
        style = self._style(_kind(line.turn))
        clock = _clock(line.turn.at) if line.is_first and start == 0 else ""
        mark = line.turn.mark if start == 0 else ""
        gutter = f"{clock:>7} "
        text = f"{mark:3} {line.text[start : start + self._width]}"
        if number == self._cursor and self.has_focus:
            style = style + self._style("cursor")
        segments = [Segment(gutter, self._style("time")), Segment(text, style)]
        # Without a style the rest of the row would have the terminal's own background.
        rest = style if number == self._cursor and self.has_focus else self.rich_style
        return Strip(segments).crop_extend(0, width, rest)

    # --- moving -------------------------------------------------------------------------------

    def on_focus(self) -> None:
        if self._cursor is None and self._lines:
            self._cursor = len(self._lines) - 1
        self.refresh()

    def on_blur(self) -> None:
        self._cursor = None
        self._follow()
        self.refresh()

    def action_move(self, by: int) -> None:
        """Move the cursor by lines."""
        if self._lines:
            at = self._cursor if self._cursor is not None else len(self._lines) - 1
            self._cursor = max(0, min(len(self._lines) - 1, at + by))
            self._show_cursor()

    def action_page(self, by: int) -> None:
        """Move the cursor by a screenful."""
        self.action_move(by * max(1, self.scrollable_content_region.height - 1))

    def action_first(self) -> None:
        """To the first line."""
        self.action_move(-len(self._lines))

    def action_last(self) -> None:
        """To the newest line."""
        self.action_move(len(self._lines))

    def _show_cursor(self) -> None:
        row = next((at for at, (line, _) in enumerate(self._rows) if line == self._cursor), 0)
        self.scroll_to_region(Region(0, row, 1, 1), animate=False, force=True)
        self.refresh()

    # --- doing --------------------------------------------------------------------------------

    @property
    def current(self) -> str:
        """The line under the cursor."""
        return self._lines[self._cursor].text if self._cursor is not None else ""

    def action_explain(self) -> None:
        """Ask what the line under the cursor means."""
        if self._cursor is not None:
            turn = self._lines[self._cursor].turn
            whole = turn.side is Side.SERVER and turn.code not in (250, None)
            self.post_message(self.Explain(" ".join(turn.lines) if whole else self.current))

    def action_copy(self) -> None:
        """Copy the line under the cursor, safe text."""
        if self.current:
            self.app.copy_to_clipboard(self.current)
            self.post_message(self.Copied(self.current))

    def action_octets(self) -> None:
        """Show every octet, or text again."""
        self._shows_octets = not self._shows_octets
        self._rebuild()

    def action_wrap(self) -> None:
        """Fold long lines, or cut them."""
        self._folds = not self._folds
        self._rebuild()


def _kind(turn: Turn) -> str:
    if turn.is_trouble:
        return "trouble"
    if turn.side is Side.CONSOLE:
        return "note"
    return "client" if turn.side is Side.CLIENT else "server"


def _clock(seconds: float) -> str:
    return f"{seconds:.3f}" if seconds < 1000 else f"{seconds:.0f}"
