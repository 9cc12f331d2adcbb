"""F5: what will be said, before it is; Enter says it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from textual import work
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.composing.rehearsing import Rehearsal, rehearsal
from smtpconsole.console.configuring.keynames import told
from smtpconsole.console.console import Console
from smtpconsole.tui import keys
from smtpconsole.tui.panes import hanging
from smtpconsole.visible import visible

_KEYS = (
    "{{key rehearsal.send}} sends  {{key rehearsal.step}} steps into it  "
    "{{key rehearsal.chunking}} {0}  {{key rehearsal.one-by-one}} {1}  "
    "{{key rehearsal.insist}} {2}  {{key rehearsal.close}}"
)


class RehearsalScreen(ModalScreen[tuple[str, ...]]):
    """The batches of a delivery; what it gives is the lines to enter."""

    BINDINGS = keys.bindings("rehearsal")

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console_of = console
        self._how = {"chunking": False, "one_by_one": False, "insist": False}
        self._found: Rehearsal | None = None

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="rehearsal") as box:
            box.border_title = "rehearsal"
            yield Static(id="rehearsal-text")

    def on_mount(self) -> None:
        self.query_one("#rehearsal").focus()
        self._rehearse()

    @work(exclusive=True, exit_on_error=False)
    async def _rehearse(self) -> None:
        """Make the message and say it to nobody, off the loop: it may be large."""
        console, how = self._console_of, dict(self._how)
        try:
            self._found = await asyncio.to_thread(rehearsal, console, **how)
        except ConsoleError as error:
            self._found = None
            lines = [Content(f"! {visible(error.text)}").stylize("bold $error")]
            lines += [Content(f"  {visible(hint)}") for hint in error.hints]
        else:
            lines = [Content(visible(self._found.title)).stylize("bold"), Content("")]
            width = self.query_one("#rehearsal").scrollable_content_region.width
            lines += [row for line in self._found.lines() for row in _rows(line, width)]
        self.query_one("#rehearsal-text", Static).update(Content("\n").join(lines))
        keys = _KEYS.format(
            "DATA" if how["chunking"] else "BDAT",
            "in one go" if how["one_by_one"] else "one at a time",
            "only what is offered" if how["insist"] else "insist",
        )
        subtitle = Content(told(keys, console.settings.keys))
        self.query_one("#rehearsal").border_subtitle = subtitle

    def action_turn(self, name: str) -> None:
        """Rehearse it another way."""
        self._how[name] = not self._how[name]
        self._rehearse()

    def action_send(self) -> None:
        """Send it just so."""
        if self._found is not None:
            self.dismiss((self._found.line,))

    def action_step(self) -> None:
        """Send it, each batch held before it is said."""
        if self._found is not None:
            self.dismiss(("/step on", self._found.line))


def _rows(line: str, width: int) -> Iterator[Content]:
    """A line of the rehearsal, what goes on in the next row below its beginning."""
    text = visible(line)
    is_said = text.split()[1:2] in (["->"], ["~>"])
    indent = len(text) - len(text.lstrip())
    for row in hanging(text.strip(), indent, max(40, width)):
        yield Content(row).stylize("$accent") if is_said else Content(row)
