"""The line under the wire: it asks for words, and says what is going on; else it is away."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Static

from smtpconsole.transcript.journal import Journal
from smtpconsole.tui import keys
from smtpconsole.tui.entry import Entry
from smtpconsole.tui.finding import Asked
from smtpconsole.tui.wire import Wire
from smtpconsole.visible import visible

_LABELS = {"search": "search", "filter": "filter", "remark": "remark"}
_HINTS = {
    "search": "text; Enter stays there, n goes on",
    "filter": "from:server code:5 verb:RCPT tls:no slow:0.5 -text:word",
    "remark": "a remark on this line",
}


class WirePane(Vertical):
    """The wire and the line under it."""

    def __init__(self, journal: Journal) -> None:
        super().__init__(id="wire-pane")
        self._journal = journal
        self._asked: Asked = "search"

    def compose(self) -> ComposeResult:
        yield Wire(self._journal)
        with Horizontal(id="wire-bar"):
            yield Static(id="wire-label")
            yield _Words(id="wire-words")

    @property
    def wire(self) -> Wire:
        """The list."""
        return self.query_one(Wire)

    def _show(self, label: str, *, is_asking: bool) -> None:
        self.query_one("#wire-label", Static).update(Content(visible(label)))
        self.query_one("#wire-words", Input).display = is_asking
        self.query_one("#wire-bar").display = bool(label)

    @on(Wire.State)
    def _tell(self, event: Wire.State) -> None:
        event.stop()
        if not self.wire.is_asking:
            self._show(f" {event.text}" if event.text else "", is_asking=False)
        elif self._asked == "search":
            self._show(f" search{f' ({event.text})' if event.text else ''}> ", is_asking=True)

    @on(Wire.Asks)
    def _ask(self, event: Wire.Asks) -> None:
        event.stop()
        self._asked = event.what
        self._show(f" {_LABELS[event.what]}> ", is_asking=True)
        words = self.query_one("#wire-words", Input)
        with words.prevent(Input.Changed):
            words.value = event.value
        words.placeholder = _HINTS[event.what]
        words.cursor_position = len(event.value)
        words.focus()

    @on(Input.Changed, "#wire-words")
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._asked == "search":
            self.wire.typed(event.value)

    @on(Input.Submitted, "#wire-words")
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        if self._asked == "remark":
            self.wire.remark(event.value)
        elif wrong := self.wire.asked(self._asked, event.value):
            self._show(f" {_LABELS[self._asked]}: {wrong}> ", is_asking=True)
            return
        self.close()

    def close(self) -> None:
        """Back to the list."""
        self.wire.focus()
        self.wire.is_asking = False
        self._show("", is_asking=False)
        self.wire.told_state = "?"
        self.wire.tell_state()


class _Words(Entry):
    """What is typed there; Escape leaves it."""

    BINDINGS = keys.bindings("words")

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id, compact=True)
        self.cursor_blink = False

    def action_leave(self) -> None:
        """Leave it as it was."""
        pane = next(each for each in self.ancestors if isinstance(each, WirePane))
        pane.close()
