"""The composer: who, to whom, what; and the envelope that will be said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Label, Static, TextArea

from smtpconsole.composer.errors import DraftError
from smtpconsole.console.console import Console
from smtpconsole.transcript.journal import Entry
from smtpconsole.tui.panes import Pane, pane
from smtpconsole.visible import visible


@pane
class ComposerPane(Pane):
    """From, To, Subject and text of the message that F5 sends."""

    title: ClassVar[str] = "F4 Compose"
    name_: ClassVar[str] = "composer"
    order: ClassVar[int] = 3
    help_: ClassVar[str] = (
        "Write the message here; Tab goes to the next field, F5 sends. Envelope and headers are "
        "made from the same fields; /send --from changes the envelope alone."
    )

    def compose(self) -> ComposeResult:
        draft = self.smtp_console.draft
        recipients = ", ".join(draft.recipients) or self.smtp_console.recipient
        self.smtp_console.draft = self._shown = draft.with_recipients(recipients)
        self._default_sender = draft.sender
        yield from _field("From", "from", draft.sender)
        yield from _field("To", "to", recipients)
        yield from _field("Subject", "subject", draft.subject)
        body = TextArea(draft.body, id="body", compact=True, soft_wrap=True)
        body.cursor_blink = False
        body.move_cursor(body.document.end)
        yield body
        yield Static(id="envelope")

    def on_mount(self) -> None:
        self._show_envelope()

    def told(self, entries: Sequence[Entry]) -> None:
        """A command may have changed the message; who has logged in is who sends."""
        if self.smtp_console.draft is not self._shown:
            self._take()
        sender = self.query_one("#from", Input)
        if sender.value == self._default_sender and self.smtp_console.sender != sender.value:
            self._default_sender = sender.value = self.smtp_console.sender

    def _take(self) -> None:
        """Show a draft that was made elsewhere."""
        draft = self._shown = self.smtp_console.draft
        with self.prevent(Input.Changed, TextArea.Changed):
            self.query_one("#from", Input).value = draft.sender
            self.query_one("#to", Input).value = ", ".join(draft.recipients)
            self.query_one("#subject", Input).value = draft.subject
            self.query_one("#body", TextArea).text = draft.body
        self._show_envelope()

    @on(Input.Changed)
    @on(TextArea.Changed)
    def _changed(self) -> None:
        draft = replace(
            self.smtp_console.draft,
            sender=self._value("from").strip().strip("<>"),
            subject=self._value("subject"),
            body=self.query_one("#body", TextArea).text,
        )
        self.smtp_console.draft = self._shown = draft.with_recipients(self._value("to"))
        self._show_envelope()

    @on(Input.Submitted)
    def _next_field(self, event: Input.Submitted) -> None:
        event.stop()
        self.screen.focus_next()

    def _value(self, name: str) -> str:
        return self.query_one(f"#{name}", Input).value

    def _show_envelope(self) -> None:
        self.query_one("#envelope", Static).update(_envelope(self.smtp_console))

    def focus_first(self) -> None:
        """Put the cursor where one begins to write."""
        self.query_one("#to", Input).focus()


def _field(label: str, name: str, value: str) -> ComposeResult:
    with Horizontal(classes="field"):
        yield Label(label)
        field = Input(value, id=name, compact=True, select_on_focus=False)
        field.cursor_blink = False
        yield field


def _envelope(console: Console) -> Content:
    draft = console.draft
    try:
        octets = len(draft.to_bytes(now=console.now()))
    except DraftError as error:
        return Content(f"not ready: {visible(str(error))}").stylize("$warning")
    people = " ".join(f"<{visible(each)}>" for each in draft.recipients)
    return Content(
        f"envelope  MAIL FROM:<{visible(draft.sender)}>  RCPT TO: {people}\n"
        f"message   {octets:,} octets                    F5 sends it"
    )
