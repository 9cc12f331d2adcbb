"""The mail servers of a domain: the MX matrix as it fills in, and what stands behind each cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.content import Content
from textual.geometry import Region
from textual.timer import Timer
from textual.widgets import Static

from smtpconsole.console.answers import Answer
from smtpconsole.console.console import Console
from smtpconsole.transcript.journal import Entry
from smtpconsole.tui import keys
from smtpconsole.tui.panes import Pane, pane

if TYPE_CHECKING:
    from smtpconsole.console.dns.matrix import Matrix

FRAME = 0.1  # seconds between two looks, while a matrix fills in


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
        from smtpconsole.tui import matrixlines  # of no use to whoever never asks the DNS

        lines = matrixlines.lines(
            self._shown, self.text_width, self._place, has_cursor=self.has_focus
        )
        self.query_one(Static).update(Content("\n").join(lines))

    # --- moving and doing ---------------------------------------------------------------------

    def action_move(self, down: int, right: int) -> None:
        """Move the cursor by cells."""
        matrix = self._shown
        if matrix is None or not matrix.rows:
            self.scroll_relative(y=down, animate=False)
            return
        from smtpconsole.console.dns.matrix import STAGES

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


_EMPTY = Content(
    "No domain yet.\n\n/mx example.com visits every mail server of a domain, and shows here how "
    "each of them fares. /dns example.com asks the DNS alone."
)
