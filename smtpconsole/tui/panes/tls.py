"""The TLS session, the chain that was presented, and every problem in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import ClassVar

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from smtpconsole.smtp import events
from smtpconsole.smtp.facts import CertificateFacts, Problem, TlsFacts
from smtpconsole.transcript.journal import Entry
from smtpconsole.tui.panes import Pane, hanging, pane
from smtpconsole.visible import visible

_SIGNS = {"error": ("! ", "bold $error"), "warning": ("? ", "$warning"), "info": ("· ", "")}


@pane
class TlsPane(Pane):
    """Version, cipher, group, certificates, problems."""

    title: ClassVar[str] = "F3 TLS"
    name_: ClassVar[str] = "tls"
    order: ClassVar[int] = 2
    help_: ClassVar[str] = (
        "The TLS session and the certificates as the server sent them, with every problem that a "
        "careful client minds. With problems, credentials and mail are held until you say yes."
    )

    def compose(self) -> ComposeResult:
        self._facts: TlsFacts | None = None
        self._error = ""
        yield Static(_EMPTY)

    def told(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            match entry.event:
                case events.Dialling():
                    self._facts, self._error = None, ""
                case events.Secured(facts):
                    self._facts, self._error = facts, ""
                case events.NotSecured(facts, error):
                    self._facts, self._error = facts, error
                case _:
                    continue
            self._show()

    def on_resize(self) -> None:
        self._show()

    def _show(self) -> None:
        self.query_one(Static).update(self._content())

    @property
    def has_trouble(self) -> bool:
        return bool(self._error) or (self._facts is not None and bool(self._facts.errors))

    def _content(self) -> Content:
        facts = self._facts
        if facts is None:
            return _EMPTY
        return Content("\n").join(_rows(facts, self._error, self.text_width))


def _rows(facts: TlsFacts, error: str, width: int) -> Iterator[Content]:
    if error:
        yield Content(visible(error)).stylize("bold $error")
    yield Content(visible(_session(facts))).stylize("bold")
    if facts.server_name:
        yield Content(f"asked for {visible(facts.server_name)}").stylize("$foreground-muted")
    if facts.alert:
        yield Content(f"alert: {visible(facts.alert)}")
    yield Content("")
    yield _verdict(facts)
    for problem in facts.problems:
        yield from _problem(problem, width)
    if facts.store:
        yield Content(f"judged by {visible(facts.store)}").stylize("$foreground-muted")
    if facts.chain:
        yield Content("")
        yield Content("sent by the server").stylize("bold")
    for depth, certificate in enumerate(facts.chain):
        yield from _certificate(depth, certificate, width)


def _session(facts: TlsFacts) -> str:
    parts = [(facts.version or "no TLS").replace("TLSv", "TLS "), facts.cipher, facts.group]
    if facts.round_trips:
        trips = "1 round trip" if facts.round_trips == 1 else f"{facts.round_trips} round trips"
        parts.append(trips)
    if facts.seconds is not None:
        parts.append(f"{facts.seconds * 1000:.0f} ms")
    return " · ".join(part for part in parts if part)


def _verdict(facts: TlsFacts) -> Content:
    count = len(facts.errors)
    if not facts.chain:
        return Content("no certificate was received")
    if count == 0:
        return Content("the certificate proves the server").stylize("$success")
    told = "1 problem" if count == 1 else f"{count} problems"
    return Content(f"! the certificate does not prove the server: {told}").stylize("bold $error")


def _problem(problem: Problem, width: int) -> Iterator[Content]:
    sign, style = _SIGNS[problem.severity]
    where = "" if problem.depth == 0 else f" (certificate {problem.depth})"
    yield Content.assemble((f"{sign}{problem.code}{where}", style))
    yield from map(Content, hanging(visible(problem.text), 4, width))
    if problem.hint:
        for line in hanging(visible(problem.hint), 4, width):
            yield Content(line).stylize("$foreground-muted")


def _certificate(depth: int, facts: CertificateFacts, width: int) -> Iterator[Content]:
    yield Content.assemble(f"  {depth}  ", (visible(facts.subject), "bold"))
    days = (facts.not_after - datetime.now(UTC)).days
    left = f"{days} days left" if days >= 0 else f"ended {-days} days ago"
    for name, text in (
        ("from", facts.issuer),
        ("for", ", ".join(facts.names)),
        ("valid", f"{facts.not_before:%Y-%m-%d} to {facts.not_after:%Y-%m-%d}, {left}"),
        ("key", f"{facts.key}, signed with {facts.signature}"),
        ("SHA-256", facts.sha256),
    ):
        if text:
            first, *more = hanging(visible(text), 13, width)
            yield Content(f"     {name:8}{first.strip()}")
            yield from map(Content, more)


_EMPTY = Content(
    "No TLS yet.\n\nSay STARTTLS, or connect with smtps://, and the session and the certificates "
    "are shown here, with every problem they have."
)
