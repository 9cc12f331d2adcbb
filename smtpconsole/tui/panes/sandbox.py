"""The sandbox's side: what it was told and made of that, what it does wrong, its mailbox."""

from __future__ import annotations

import asyncio
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from contextvars import Context, copy_context
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from smtpconsole.console.answers import Answer
from smtpconsole.console.configuring.keynames import told
from smtpconsole.console.console import Console
from smtpconsole.console.sandboxing import sandboxes, serverside
from smtpconsole.console.sandboxing.serverside import Row
from smtpconsole.transcript.journal import Entry
from smtpconsole.tui import keys
from smtpconsole.tui.panes import Listing, pane
from smtpconsole.visible import visible

if TYPE_CHECKING:
    from smtpconsole.console.sandboxing.serverside import Letter, Sandbox

FRAME = 0.1  # seconds between two looks at the diary, while it is written in
_STYLES = {
    "text": "",
    "title": "bold",
    "good": "$success",
    "error": "bold $error",
    "warning": "$warning",
    "muted": "$foreground-muted",
}
_KEYS = {
    "talk": "{key sandbox.mailbox} mailbox  {key sandbox.open} explains",
    "mailbox": "{key sandbox.open} opens  {key sandbox.delete} deletes  {key sandbox.back} back",
    "letter": "{key sandbox.open} opens a part  {key sandbox.source} source  "
    "{key sandbox.delete} deletes  {key sandbox.back} back",
    "part": "{key sandbox.back} back",
    "source": "{key sandbox.back} back",
}


@dataclass(frozen=True, slots=True)
class _Line:
    """A line on the screen, and what Enter does there."""

    content: Content
    opens: str = ""


@pane
class SandboxPane(Listing[_Line]):
    """Its diary, and what has arrived."""

    title: ClassVar[str] = "Sandbox"
    short: ClassVar[str] = "Box"
    name_: ClassVar[str] = "sandbox"
    order: ClassVar[int] = 4
    help_: ClassVar[str] = (
        "The other end of the wire: what the sandbox was told, what it decided and why, the "
        "faults that are on, and its mailbox.\nArrows move, {key sandbox.open} explains a "
        "reply or a fault and opens a message, {key sandbox.mailbox} shows the mailbox. In a "
        "message {key sandbox.open} opens a part, {key sandbox.source} shows its octets, "
        "{key sandbox.delete} deletes it. {key sandbox.back} goes back. /sandbox, /fault and "
        "/mailbox do the same."
    )
    BINDINGS = keys.bindings("sandbox")
    body: ClassVar[str] = "#sandbox-body"
    kept: ClassVar[int] = 5

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._sandbox: Sandbox | None = None
        self._leave: Callable[[], None] | None = None
        self._is_due = False
        self._views: list[tuple[str, int]] = [("talk", -1)]  # each with the line it was left at
        self._letter: Letter | None = None
        self._part = ""
        self._cursor = -1  # of the lines; -1 stays at the last one

    @classmethod
    def is_wanted(cls, console: Console) -> bool:
        return console.sandbox is not None

    def compose(self) -> ComposeResult:
        yield Static(id="sandbox-head")
        yield Static(id="sandbox-body")

    @classmethod
    def instead(cls) -> Answer | None:
        return sandboxes.none().answer()

    # --- pulling ------------------------------------------------------------------------------

    def told(self, entries: Sequence[Entry]) -> None:
        sandbox = self.smtp_console.sandbox
        if sandbox is not self._sandbox:
            self._follow(sandbox)
        elif self._view == "talk":
            self._show()  # the faults may be others

    def on_unmount(self) -> None:
        self._follow(None)

    def _follow(self, sandbox: Sandbox | None) -> None:
        """Be told by this sandbox, and no longer by the one before."""
        if self._leave is not None:
            self._leave()
        self._sandbox, self._leave = sandbox, None
        if sandbox is not None:
            here = (asyncio.get_running_loop(), copy_context())
            self._leave = sandbox.diary.subscribe(partial(self._wake, *here))
            self._views = [("talk", -1)]
            self._show()

    def _wake(self, loop: asyncio.AbstractEventLoop, context: Context) -> None:
        """There is something new; in the sandbox's thread, which does not wait for us."""
        if not self._is_due:
            self._is_due = True
            with suppress(RuntimeError):  # the application has ended
                loop.call_soon_threadsafe(self._pull_soon, context=context)

    def _pull_soon(self) -> None:
        self.set_timer(FRAME, self._pull)

    def _pull(self) -> None:
        self._is_due = False
        if self._view in ("talk", "mailbox"):
            self._show()

    # --- showing ------------------------------------------------------------------------------

    @property
    def _view(self) -> str:
        return self._views[-1][0]

    def on_resize(self) -> None:
        self._show()

    def on_show(self) -> None:
        self._show()

    def _show(self) -> None:
        """Say it all anew, with the cursor where it was."""
        sandbox = self._sandbox
        if not self.is_mounted or sandbox is None:
            return
        width = self.text_width
        is_last = self._cursor >= len(self._lines) - 1
        self._lines = [line for row in self._rows(sandbox) for line in _broken(row, width)]
        if self._view == "talk" and (is_last or self._cursor < 0):
            self._cursor = len(self._lines) - 1
        self._cursor = min(self._cursor, len(self._lines) - 1)
        head = [line.content for row in self._head(sandbox) for line in _broken(row, width)]
        self.query_one("#sandbox-head", Static).update(Content("\n").join(head))
        self._draw()
        if self._view == "talk" and is_last:
            self.call_after_refresh(self._to_cursor)

    def _head(self, sandbox: Sandbox) -> Iterator[Row]:
        if self._view == "talk":
            yield from serverside.state(sandbox)
            yield Row(serverside.counted(len(sandbox.mailbox)), "text")
        yield Row(self._told(_KEYS[self._view]), "muted")
        yield Row("")

    def _told(self, text: str) -> str:
        return told(text, self.smtp_console.settings.keys)

    def _rows(self, sandbox: Sandbox) -> Iterator[Row]:
        match self._view:
            case "talk":
                notes = sandbox.diary.since(0)[-serverside.NOTES :]
                yield from serverside.talk(notes) if notes else _NOBODY
            case "mailbox":
                yield from serverside.mailbox(sandbox)
                if not len(sandbox.mailbox):
                    yield Row("")
                    yield Row(self._told(_EMPTY))
            case _ if self._letter is None:
                yield Row("the message is gone", "muted")
            case "part":
                yield from serverside.part(self._letter, self._part)
            case "source":
                yield from serverside.source(self._letter)
            case _:
                yield from serverside.letter(self._letter)

    # --- moving -------------------------------------------------------------------------------

    def action_back(self) -> None:
        """To where one came from, at last to the prompt."""
        if len(self._views) == 1:
            self.run_worker(self.app.run_action("escape"))
            return
        self._views.pop()
        self._cursor = self._views[-1][1]
        self._show()
        self.call_after_refresh(self._to_cursor)

    def _enter(self, view: str) -> None:
        self._views[-1] = (self._view, self._cursor)
        self._views.append((view, 0))
        self._cursor = 0
        self._show()
        self.call_after_refresh(self._to_cursor)

    # --- doing --------------------------------------------------------------------------------

    @property
    def _opens(self) -> str:
        return self._lines[self._cursor].opens if self._lines else ""

    def action_open(self) -> None:
        """Open or explain what is under the cursor."""
        kind, _, name = self._opens.partition(" ")
        match kind:
            case "letter":
                self._open_letter(int(name))
            case "part":
                self._part = name
                self._enter("part")
            case "source":
                self._enter("source")
            case "mailbox":
                self._enter("mailbox")
            case "":
                pass
            case _:
                self.post_message(self.Line(self._opens))

    def _open_letter(self, number: int) -> None:
        assert self._sandbox is not None
        self._letter = self._sandbox.mailbox.letter(number)
        self._enter("letter")

    def action_mailbox(self) -> None:
        """Show what has arrived."""
        if self._view == "talk" and self._sandbox is not None:
            self._enter("mailbox")

    def action_source(self) -> None:
        """Show the octets of the message."""
        if self._view == "letter":
            self._enter("source")

    def action_delete(self) -> None:
        """Throw the message away."""
        sandbox = self._sandbox
        if sandbox is None:
            return
        if self._view == "mailbox" and self._opens:
            sandbox.mailbox.delete(int(self._opens.split()[1]))
            self._show()
        elif self._view == "letter" and self._letter is not None:
            sandbox.mailbox.delete(self._letter.number)
            self.action_back()

    def on_click(self, event: events.Click) -> None:
        """A click is Enter on the line."""
        body = self.query_one("#sandbox-body", Static)
        number = event.screen_y - body.region.y
        if 0 <= number < len(self._lines):
            self._cursor = number
            self._draw()
            self.action_open()


def _broken(row: Row, width: int) -> Iterator[_Line]:
    """A row in lines that fit."""
    text = visible(row.text)
    bare = text.lstrip(" ")
    margin = " " * (len(text) - len(bare))
    lines = textwrap.wrap(
        bare,
        width,
        initial_indent=margin,
        subsequent_indent=" " * min(row.indent or len(margin), width // 2),
        break_on_hyphens=False,
        replace_whitespace=False,
        drop_whitespace=True,
    )
    for line in lines or [""]:
        yield _Line(Content(line).stylize(_STYLES[row.role]), row.opens)


_NOBODY = (
    Row("Nobody has connected yet."),
    Row(""),
    Row(
        "Here is the server's side of the talk: what it was told, what it decided, and why. "
        "Tab and Enter at the prompt connect; any other client on this machine may, too."
    ),
)
_EMPTY = "What is sent to the sandbox is kept here. {key send} sends the message of the composer."
