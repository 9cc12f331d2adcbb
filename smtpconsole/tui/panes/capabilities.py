"""What the server promises, before and after TLS."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from smtpconsole import knowledge
from smtpconsole.smtp import events
from smtpconsole.smtp.capabilities import Capabilities, Keyword
from smtpconsole.transcript.journal import Entry
from smtpconsole.tui.panes import Pane, hanging, pane
from smtpconsole.visible import visible


@pane
class CapabilitiesPane(Pane):
    """The EHLO keywords with their parameters, a sentence each."""

    title: ClassVar[str] = "Server"
    name_: ClassVar[str] = "capabilities"
    order: ClassVar[int] = 1
    is_for_recordings: ClassVar[bool] = True
    help_: ClassVar[str] = (
        "The keywords of the EHLO reply, in the clear and under TLS. A server may promise less "
        "or more once TLS is on: AUTH that appears only then is good practice."
    )

    def compose(self) -> ComposeResult:
        self._plain: Capabilities | None = None
        self._secure: Capabilities | None = None
        self._is_secure = False
        yield Static(_EMPTY, id="capabilities-text")

    def told(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            match entry.event:
                case events.Dialling():
                    self._plain = self._secure = None
                    self._is_secure = False
                case events.Secured():
                    self._is_secure = True
                case events.Learned(known) if self._is_secure:
                    self._secure = known
                case events.Learned(known):
                    self._plain = known
                case _:
                    continue
            self._show()

    def on_resize(self) -> None:
        self._show()

    def _show(self) -> None:
        self.query_one(Static).update(self._content())

    def _content(self) -> Content:
        if self._plain is None and self._secure is None:
            return _EMPTY
        return Content("\n").join(self._rows())

    def _rows(self) -> Iterator[Content]:
        known = self._secure or self._plain
        assert known is not None
        yield Content(visible(known.greeting)).stylize("bold")
        yield Content("")
        yield Content(f"{'plain':>5} {'TLS':>4}  promised").stylize("$foreground-muted")
        plain = {each.name: each for each in self._plain or ()}
        secure = {each.name: each for each in self._secure or ()}
        for name in dict.fromkeys([*plain, *secure]):
            yield from self._row(name, plain.get(name), secure.get(name))
        if not plain and not secure:
            yield Content("  nothing: the server knows no extension, or was greeted with HELO")

    def _row(self, name: str, plain: Keyword | None, secure: Keyword | None) -> Iterator[Content]:
        both = self._plain is not None and self._secure is not None
        column_plain = "" if self._plain is None else "yes" if plain else "-"
        column_secure = "" if self._secure is None else "yes" if secure else "-"
        if both and secure and not plain:
            column_secure = "NEW"
        keyword = secure or plain
        assert keyword is not None
        written = visible(f"{name} {keyword.parameters}".rstrip())
        first, *more = hanging(written, 12, self.text_width)
        columns = f"{column_plain:>5} {column_secure:>4}  "
        yield Content.assemble(columns, (first.strip(), "bold"))
        yield from (Content(line).stylize("bold") for line in more)
        sentence = visible(knowledge.describe(name, keyword.parameters))
        for line in hanging(sentence, 12, self.text_width):
            yield Content(line).stylize("$foreground-muted")


_EMPTY = Content(
    "Nothing is known yet.\n\nSay EHLO, and the server tells what it can do: each keyword is "
    "explained here, before and after TLS."
)
