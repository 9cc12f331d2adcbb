"""The TLS session, its problems, the chain, who would deliver, and what has changed."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from smtpconsole.console.console import Console
from smtpconsole.console.sessions.inspection import Inspection
from smtpconsole.console.tls import tlsreport
from smtpconsole.console.tls.tlsreport import Row
from smtpconsole.smtp.facts import Demands
from smtpconsole.transcript.journal import Entry
from smtpconsole.tui import keys
from smtpconsole.tui.panes import Listing, pane
from smtpconsole.visible import visible

_STYLES = {
    "text": "",
    "title": "bold",
    "good": "$success",
    "error": "bold $error",
    "warning": "$warning",
    "muted": "$foreground-muted",
}


@dataclass(frozen=True, slots=True)
class _Line:
    """A line on the screen, and the certificate it belongs to."""

    content: Content
    certificate: int | None = None


@pane
class TlsPane(Listing[_Line]):
    """Version, cipher, group, problems, certificates, verdicts."""

    title: ClassVar[str] = "TLS"
    name_: ClassVar[str] = "tls"
    order: ClassVar[int] = 2
    is_for_recordings: ClassVar[bool] = True
    help_: ClassVar[str] = (
        "The TLS session and the certificates as the server sent them, with every problem that a "
        "careful client minds. With problems, credentials and mail are held until you say yes.\n"
        "Arrows move, {key tls.open} opens or closes a certificate, {key tls.open-all} all of "
        "them, {key tls.handshake} the handshake, {key tls.copy} copies a line. /tls says the "
        "same in words, and does more."
    )
    BINDINGS = keys.bindings("tls")

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._seen = Inspection()
        self._besides: tuple[object, ...] = ()  # what else was shown
        self._opened: set[int] = set()
        self._shows_handshake = False
        self._width = 0  # that the lines were broken for

    def compose(self) -> ComposeResult:
        yield Static(_EMPTY)

    def told(self, entries: Sequence[Entry]) -> None:
        before = self._seen.target
        is_news = [self._seen.told(entry.event) for entry in entries]
        if self._seen.target is not before:
            self._opened.clear()
            self._cursor = 0
        besides = (self.smtp_console.watch.changes, self._demands())
        if any(is_news) or besides != self._besides:
            self._besides = besides
            self._show()

    @property
    def has_trouble(self) -> bool:
        facts = self._seen.facts
        return bool(self._seen.error) or (facts is not None and bool(facts.errors))

    # --- showing ------------------------------------------------------------------------------

    def on_resize(self) -> None:
        self._show()

    def watch_virtual_size(self) -> None:
        """Textual (8.2) tells a pane that comes forward at 80 columns of no new size."""
        if self.text_width != self._width:
            self.call_after_refresh(self._show)

    def _demands(self) -> Demands:
        target = self._seen.target
        known = self.smtp_console.demands
        return known.get(target.host.lower(), Demands()) if target is not None else Demands()

    def _show(self) -> None:
        """Say it all anew."""
        if not self.is_mounted:
            return
        self._width = width = self.text_width
        self._lines = [line for row in self._rows() for line in _broken(row, width)]
        self._cursor = max(0, min(self._cursor, len(self._lines) - 1))
        self._draw()

    def _joined(self, lines: list[Content]) -> Content:
        return super()._joined(lines) if lines else _EMPTY

    def _rows(self) -> Iterator[Row]:
        """What is wrong comes first, and each section after an empty line."""
        seen, demands = self._seen, self._demands()
        sections = [
            tlsreport.headlines(seen),
            tlsreport.problems(seen),
            tlsreport.chain(seen, opened=self._opened, hint="  (Enter opens)"),
            tlsreport.verdicts(seen, demands),
            tlsreport.changes(self.smtp_console.watch.changes),
            tlsreport.offers(seen),
            tlsreport.details(seen),
            tlsreport.messages(seen) if self._shows_handshake else iter(()),
        ]
        is_first = True
        for number, section in enumerate(sections):
            rows = list(section)
            # What is wrong stays with the headline: 24 lines are few.
            if rows and not is_first and number != 1:
                yield Row("")
            is_first = is_first and not rows
            yield from rows

    # --- moving and doing ---------------------------------------------------------------------

    def action_fold(self) -> None:
        """Open or close the certificate under the cursor."""
        if not self._lines:
            return
        depth = self._lines[self._cursor].certificate
        if depth is None:
            depth = 0 if self._seen.facts is not None and self._seen.facts.chain else None
        if depth is not None:
            self._opened ^= {depth}
            self._show()
            self._to(depth)

    def action_fold_all(self) -> None:
        """Open all certificates, or close them."""
        count = len(self._seen.facts.chain) if self._seen.facts is not None else 0
        everything = set(range(count))
        self._opened = set() if self._opened == everything else everything
        self._show()
        self._to(0)

    def _to(self, depth: int) -> None:
        """The cursor to the head of a certificate."""
        for number, line in enumerate(self._lines):
            if line.certificate == depth:
                self._cursor = number
                break
        self.call_after_refresh(self.action_move, 0)

    def action_handshake(self) -> None:
        """Show the messages of the handshake, or hide them."""
        self._shows_handshake = not self._shows_handshake
        self._show()
        if self._shows_handshake:
            self.call_after_refresh(self.action_move, len(self._lines))

    def on_click(self, event: events.Click) -> None:
        """A click on a certificate opens it."""
        number = event.y + self.scroll_offset.y
        if 0 <= number < len(self._lines):
            self._cursor = number
            if self._lines[number].certificate is not None:
                self.action_fold()
            else:
                self._draw()


def _broken(row: Row, width: int) -> Iterator[_Line]:
    """A row in lines that fit."""
    text = _FINGERPRINT.sub(_grouped, visible(row.text))
    bare = text.lstrip(" ")
    margin = " " * (len(text) - len(bare))
    hanging = " " * min(row.indent or len(margin), width // 2)
    lines = textwrap.wrap(
        bare, width, initial_indent=margin, subsequent_indent=hanging, break_on_hyphens=False
    )
    for line in lines or [""]:
        yield _Line(Content(line).stylize(_STYLES[row.role]), row.certificate)


def _grouped(found: re.Match[str]) -> str:
    """A fingerprint that breaks between octets."""
    octets = found[0].split(":")
    return " ".join(":".join(octets[at : at + 8]) for at in range(0, len(octets), 8))


_FINGERPRINT = re.compile("[0-9a-f]{2}(:[0-9a-f]{2}){15,}")
_EMPTY = Content(
    "No TLS yet.\n\nSay STARTTLS, or connect with smtps://, and the session and the certificates "
    "are shown here, with every problem they have."
)
