"""Where the time went: a bar for each step of the session, and how long a client has to wait."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from smtpconsole.smtp.events import Dialling
from smtpconsole.transcript.journal import Entries, Entry
from smtpconsole.transcript.turns import Teller
from smtpconsole.transcript.waterfall import Bar, scale, waterfall
from smtpconsole.tui.panes import Pane, hanging, pane
from smtpconsole.visible import visible

_MOST = 2000  # entries of the connection; of a longer one the last
_LABEL, _TIME = 20, 8  # columns


@pane
class TimingPane(Pane):
    """The last connection as a waterfall."""

    title: ClassVar[str] = "Timing"
    short: ClassVar[str] = "Time"
    name_: ClassVar[str] = "timing"
    order: ClassVar[int] = 5
    is_for_recordings: ClassVar[bool] = True
    help_: ClassVar[str] = (
        "The last connection as a waterfall: DNS, TCP, TLS, the greeting, each command up to its "
        "reply, the message from its final dot on, QUIT. Time in which nothing was waited for is "
        "shortened. At the right is how long RFC 5321 4.5.3.2 lets a client wait before it gives "
        "up; ! is what failed, or took longer."
    )

    def compose(self) -> ComposeResult:
        self._journal = self.smtp_console.journal
        self._told = -1
        yield Static(_EMPTY)

    def told(self, entries: Sequence[Entry]) -> None:
        self._show()

    def on_show(self) -> None:
        self._show()

    def on_resize(self) -> None:
        self._told = -1
        self._show()

    def _show(self) -> None:
        """Only what is looked at is drawn, and only when something came."""
        if len(self._journal) != self._told and self.is_on_screen:
            self._told = len(self._journal)
            bars = waterfall(Teller(self._journal).tell(self._connection()))
            rows = Content("\n").join(_rows(bars, self.text_width)) if bars else _EMPTY
            self.query_one(Static).update(rows)

    def _connection(self) -> Entries:
        """The entries of the last connection."""
        last = max(0, len(self._journal) - _MOST)
        begun = self._journal.since(last, Dialling).numbers
        return self._journal.since(begun[-1] if len(begun) else last)


def _rows(bars: Sequence[Bar], width: int) -> Iterator[Content]:
    place = scale(bars)
    room = max(8, width - _LABEL - _TIME - 8)
    for bar in bars:
        start = round(place(bar.start) * (room - 1))
        stop = max(start + 1, round(place(bar.end) * (room - 1)))
        wrong = bar.is_trouble or bar.is_late
        drawn = " " * start + ("!" if wrong else "█") * (stop - start)
        style = "bold $error" if wrong else _STYLES.get(bar.kind, "")
        limit = f"{bar.limit:.0f} s" if bar.limit else ""
        yield Content.assemble(
            f"{visible(bar.label)[: _LABEL - 1]:{_LABEL}}",
            (f"{drawn:{room}}", style),
            (f"{_span(bar.seconds):>{_TIME}}", "bold" if wrong else ""),
            (f"{limit:>7}", "$foreground-muted"),
        )
    yield Content("")
    waited = sum(bar.seconds for bar in bars)
    worst = max(bars, key=lambda bar: bar.seconds)
    told = f"{_span(waited)} were waited for; longest was {visible(worst.label)}: "
    for line in hanging(f"{told}{_span(worst.seconds)}", 0, width):
        yield Content(line).stylize("bold")
    for line in hanging("At the right: how long RFC 5321 4.5.3.2 lets a client wait.", 0, width):
        yield Content(line).stylize("$foreground-muted")


_STYLES = {"name": "$warning", "connection": "$success", "tls": "$secondary", "content": "bold"}


def _span(seconds: float) -> str:
    if seconds < 0.01:
        return f"{seconds * 1000:.1f} ms"
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


_EMPTY = Content(
    "No connection yet.\n\nWhat takes its time is drawn here: the name, the connection, TLS, and "
    "each command, beside the time RFC 5321 gives it."
)
