"""The mail servers of a domain: the MX matrix as it fills in, and what stands behind each cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.content import Content
from textual.geometry import Region
from textual.timer import Timer
from textual.widgets import Static

from smtpconsole.console.answers import Answer
from smtpconsole.console.console import Console
from smtpconsole.console.dns.domains import domain_lines, plan_lines
from smtpconsole.console.dns.matrix import STAGES, Cell, Matrix, Row, State
from smtpconsole.console.dns.matrixtext import SIGNS
from smtpconsole.console.probe.text import told as remark_lines
from smtpconsole.transcript.journal import Entry
from smtpconsole.tui import keys
from smtpconsole.tui.panes import Pane, hanging, pane
from smtpconsole.visible import visible

FRAME = 0.1  # seconds between two looks, while a matrix fills in
CELL = 6  # columns
_TITLES = ("conn", "greet", "EHLO", "TLS", "cert", "policy")
_STYLES: dict[State, str] = {
    "good": "$success",
    "fair": "$warning",
    "bad": "bold $error",
    "now": "bold",
    "waiting": "$foreground-muted",
    "none": "$foreground-muted",
}


@pane
class DnsPane(Pane):
    """Every MX, every address, every stage."""

    title: ClassVar[str] = "DNS"
    name_: ClassVar[str] = "dns"
    order: ClassVar[int] = 5
    help_: ClassVar[str] = (
        "Where mail for a domain goes, and how each of its servers fares: a row for every address, "
        "a column for every stage. A time is how long it took, ? what a sender may mind, ! what "
        "ends it.\nArrows walk through the cells, below is what stands behind one, Enter connects "
        "to its address by the name of the server."
    )
    BINDINGS = keys.bindings("dns")

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._shown: Matrix | None = None
        self._place = (0, 0)  # row and stage under the cursor
        self._timer: Timer | None = None

    @classmethod
    def is_wanted(cls, console: Console) -> bool:
        # The sandbox is in no DNS; but who asked for a domain sees it.
        return console.sandbox is None or console.matrix is not None

    @classmethod
    def instead(cls) -> Answer | None:
        return Answer(
            "the sandbox is in no DNS", ("/mx shows the mail servers of a domain.",), ("/mx ",)
        )

    def compose(self) -> ComposeResult:
        yield Static(_EMPTY)

    def told(self, entries: Sequence[Entry]) -> None:
        matrix = self.smtp_console.matrix
        if matrix is None:
            return
        if matrix is not self._shown:
            self._shown, self._place = matrix, (0, 0)
        if not matrix.is_done and self._timer is None:
            self._timer = self.set_interval(FRAME, self._tick)
        self._draw()

    def _tick(self) -> None:
        if (self._shown is None or self._shown.is_done) and self._timer is not None:
            self._timer.stop()
            self._timer = None
        self._draw()

    @property
    def has_trouble(self) -> bool:
        matrix = self._shown
        return matrix is not None and matrix.is_done and not matrix.is_sound

    # --- showing ------------------------------------------------------------------------------

    def on_resize(self) -> None:
        self._draw()

    def on_focus(self) -> None:
        self._draw()

    def on_blur(self) -> None:
        self._draw()

    def _draw(self) -> None:
        if not self.is_mounted or self._shown is None:
            return
        lines = list(self._lines(self._shown, self.text_width))
        self.query_one(Static).update(Content("\n").join(lines))

    def _lines(self, matrix: Matrix, width: int) -> Iterator[Content]:
        domain = matrix.domain
        if domain is None:
            yield Content(visible(f"{matrix.name}: asking the DNS …")).stylize("bold")
            return
        first, *rest = plan_lines(domain.plan)
        yield from (Content(line).stylize("bold") for line in hanging(visible(first), 0, width))
        if not matrix.rows:
            yield from (Content(line) for text in rest for line in hanging(visible(text), 2, width))
        else:
            yield Content("")
            yield from self._table(matrix, width)
            yield Content("")
            yield from self._behind(matrix, width)
        yield Content("")
        yield from _besides(matrix, width)

    def _table(self, matrix: Matrix, width: int) -> Iterator[Content]:
        room = max(8, width - CELL * len(STAGES) - 1)
        titles = "".join(f"{title:>{CELL + (title == 'policy')}}" for title in _TITLES)
        yield Content(f"{'':{room}}{titles}").stylize("$foreground-muted")
        server = ""
        for number, row in enumerate(matrix.rows):
            if row.exchanger.name != server:
                server = row.exchanger.name
                name = f"{row.exchanger.preference} {server}"
                yield Content(visible(_cut(name, width))).stylize("bold")
            yield self._row(number, row, room)

    def _row(self, number: int, row: Row, room: int) -> Content:
        parts: list[tuple[str, str]] = [
            (f"{_cut(f'{number + 1} {row.address}', room - 1):{room}}", "")
        ]
        for place, stage in enumerate(STAGES):
            cell = row.cell(stage)
            text = f"{_short(cell):>{CELL}}"
            is_here = self.has_focus and self._place == (number, place)
            style = _STYLES[cell.state]
            parts.append((text, f"{style} reverse" if is_here else style))
        return Content.assemble(*parts)

    def _behind(self, matrix: Matrix, width: int) -> Iterator[Content]:
        """What stands behind the cell under the cursor."""
        number, place = self._place
        row, stage = matrix.rows[number], STAGES[place]
        cell = row.cell(stage)
        yield Content.assemble(
            (visible(_cut(f"{row.address}, {stage}", width - 18)), "bold"),
            ("   Enter: connect", "$accent"),
        )
        yield from map(Content, hanging(visible(cell.text or _WAIT[cell.state]), 2, width))
        if stage == "policy":
            for each in row.verdicts:
                answer = {True: "yes", False: "no", None: "?"}[each.delivers]
                text = f"{each.policy}: {answer}, {each.text}"
                yield from map(Content, hanging(visible(text), 2, width))

    # --- moving and doing ---------------------------------------------------------------------

    def action_move(self, down: int, right: int) -> None:
        """Move the cursor by cells."""
        matrix = self._shown
        if matrix is None or not matrix.rows:
            self.scroll_relative(y=down, animate=False)
            return
        row, place = self._place
        self._place = (
            max(0, min(len(matrix.rows) - 1, row + down)),
            max(0, min(len(STAGES) - 1, place + right)),
        )
        self._draw()
        if row + down >= len(matrix.rows):
            self.scroll_relative(y=1, animate=False)  # on to what stands below the table
        else:
            self.scroll_to_region(Region(0, self._place[0] + 2, 1, 2), animate=False, force=True)

    def action_open(self) -> None:
        """Connect to the address under the cursor."""
        if self._shown is not None and self._shown.rows:
            self.post_message(self.Line(f"/mx open {self._place[0] + 1}"))


_WAIT: dict[State, str] = {
    "waiting": "not yet",
    "now": "under way",
    "none": "it did not come to that",
    "good": "good",
    "fair": "",
    "bad": "",
}


def _short(cell: Cell) -> str:
    """A cell in five characters."""
    sign = SIGNS[cell.state]
    if cell.seconds is None or cell.state in ("waiting", "now", "none"):
        return sign
    milli = cell.seconds * 1000
    time = f"{milli:.0f}ms" if milli < 100 else f"{cell.seconds:.1f}s"
    return time if cell.state == "good" else f"{sign}{time}"[: CELL - 1]


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 1]}…"


def _besides(matrix: Matrix, width: int) -> Iterator[Content]:
    """What the domain publishes, and what is remarkable about it."""
    domain = matrix.domain
    assert domain is not None
    for remark in domain.remarks():
        style = {"error": "bold $error", "warning": "$warning"}.get(remark.severity, "")
        for line in remark_lines(remark, width):
            yield Content(visible(line)).stylize(style) if style else Content(visible(line))
            style = ""
    yield Content("")
    lines = list(domain_lines(domain))[len(list(plan_lines(domain.plan))) :]
    for text in lines:
        first, *more = hanging(visible(text).strip(), 9, width)
        indent = "" if text[:1].strip() else " " * 9
        yield Content(f"{indent}{first.strip()}")
        yield from map(Content, more)


_EMPTY = Content(
    "No domain yet.\n\n/mx example.com visits every mail server of a domain, and shows here how "
    "each of them fares. /dns example.com asks the DNS alone."
)
