"""A recorded session on a screen: the wire and the panes that a journal can fill, to look at."""

from __future__ import annotations

from typing import ClassVar

from textual import on, work
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static, TabPane, Tabs

from smtpconsole.console import paths
from smtpconsole.console.actions import ACTIONS
from smtpconsole.console.answers import Answer
from smtpconsole.console.composing.progress import Progress
from smtpconsole.console.console import Console
from smtpconsole.console.sessions.details import details
from smtpconsole.smtp.events import Answered, Received, Sent
from smtpconsole.transcript.columns import KINDS
from smtpconsole.transcript.journal import Journal
from smtpconsole.tui import copying, keys, looks
from smtpconsole.tui.answerbox import AnswerBox
from smtpconsole.tui.exportscreen import ExportScreen, picture
from smtpconsole.tui.helpscreen import HelpScreen
from smtpconsole.tui.keys import Keyboard
from smtpconsole.tui.layout import Divider, Layout
from smtpconsole.tui.panes import PANES, Pane
from smtpconsole.tui.side import Side
from smtpconsole.tui.wire import Wire
from smtpconsole.tui.wirebar import WirePane
from smtpconsole.visible import visible

_NOT_OCTETS = tuple(set(KINDS) - {Sent, Received, Answered})


class RecordedScreen(Screen[None]):
    """Looks at a journal, and is the front end of a console that can only look."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *keys.bindings("recorded"),
        *keys.some("help", "export", "panes", "zoom", "wire", "answer-up", "answer-down", "jump"),
        *keys.some("wider", "narrower", "server", "tls", "timing"),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012

    def __init__(self, journal: Journal, keyboard: Keyboard) -> None:
        super().__init__()
        self._journal = journal
        self.smtp_console = Console(self, journal)
        self._keyboard = keyboard
        self._layout = Layout(lambda: self, self._focus, paths.layout_file())

    def compose(self) -> ComposeResult:
        yield Static(self._title(), id="state")
        with Horizontal(id="middle"):
            yield WirePane(self._journal)
            yield Divider(self._layout)
            with Side(self._keyboard):
                for cls in PANES:
                    if cls.is_for_recordings:
                        yield TabPane(cls.title, cls(self.smtp_console), id=f"tab-{cls.name_}")
        yield AnswerBox(self._keyboard.bound)
        yield Static(Content(self._footer()), id="footer")

    def _focus(self, widget: Widget) -> None:
        self.call_after_refresh(widget.focus)

    def on_mount(self) -> None:
        self._layout.recall()
        for tabs in self.query(Tabs):
            tabs.can_focus = False
        wire = self.query_one(Wire)
        wire.told(self._journal.entries)
        wire.focus()
        entries = self._journal.since(0, *_NOT_OCTETS)
        for pane in self.query(Pane):
            pane.told(entries)
        if self._journal.problems:
            title = "not all of this journal could be read"
            self.show(Answer(title, self._journal.problems, is_trouble=True))

    def _footer(self) -> str:
        told = ("help", "jump", "export", "panes", "zoom", "recorded.back")
        shown = (f" {self._keyboard.shown(each)} {ACTIONS[each].label} " for each in told)
        return "".join(shown)

    def _title(self) -> Content:
        journal = self._journal
        name = visible(journal.path.name) if journal.path is not None else "a session"
        when = f"{journal.began.astimezone():%Y-%m-%d %H:%M:%S}"
        told = f" · {when} · {len(journal):,} entries"
        return Content.assemble(" ", ("RECORDED", "bold $warning"), f" {name}{told}")

    # --- what the console asks of a front end -------------------------------------------------

    def show(self, answer: Answer) -> None:
        """Show an answer below the wire."""
        self.query_one(AnswerBox).show(answer)

    async def ask(self, question: str, *, secret: bool = False) -> str:
        """Nothing is asked here."""
        return ""

    async def edit(self, text: str, *, suffix: str) -> str | None:
        """Nothing is edited here."""
        return None

    def open_export(self) -> None:
        """Show what can be saved."""
        self.app.push_screen(ExportScreen(self.smtp_console, self.screen_svg()), self._exported)

    def _exported(self, answer: Answer | None) -> None:
        if answer is not None:
            self.show(answer)

    def screen_svg(self) -> str:
        """A picture of the screen."""
        return picture(self.app)

    def progress(self, progress: Progress | None) -> None:
        """Nothing is sent in a recorded session."""

    def copy(self, text: str) -> str:
        """Put a text on the clipboard, and say where it went."""
        return copying.copy(self.app, text)

    def teach(self, answer: Answer) -> None:
        """There is no lesson in a recorded session."""

    def leave(self) -> None:
        """Back to where it was opened."""
        if isinstance(self.app, RecordingApp):
            self.app.exit()
        else:
            self.dismiss()

    # --- what the person does -----------------------------------------------------------------

    @on(Wire.Details)
    def _details(self, event: Wire.Details) -> None:
        event.stop()
        answer = details(self._journal, event.number, event.line)
        if answer is not None:
            self.show(Answer(answer.title, answer.lines))  # nothing can be typed here

    def action_help(self) -> None:
        """Explain what has the focus."""
        about = "A session that was kept, to look at: nothing is sent. Esc goes back."
        self.app.push_screen(HelpScreen(self.focused, self._keyboard, about))

    def action_jump(self) -> None:
        """Letters over everything that can be gone to."""
        self._layout.jump()

    def action_divide(self, by: int) -> None:
        """Move the divider."""
        self._layout.divide(by)

    @work(group="console", exit_on_error=False)
    async def action_export(self) -> None:
        """Save it as text."""
        await self.smtp_console.execute("/export text")

    def action_panes(self) -> None:
        """Show or hide the side panes."""
        self._layout.toggle_side()

    def action_zoom(self) -> None:
        """The focused pane alone, or all again."""
        self._layout.zoom(self.focused)

    def action_wire(self) -> None:
        """To the wire."""
        self._layout.to_main(self.query_one(Wire))

    def action_show(self, name: str) -> None:
        """Bring a pane to the front."""
        self._layout.to_side(self.query_one(f"#{name}", Pane))

    def action_answer(self, by: int) -> None:
        """Scroll the answer."""
        box = self.query_one(AnswerBox)
        box.scroll_relative(y=by * max(1, box.size.height - 1), animate=False)

    def action_back(self) -> None:
        """Close what is open, one thing at a time; then leave."""
        if self.query_one(AnswerBox).close():
            return
        if self.has_class("-side") or self._layout.is_zoomed or not self.query_one(Wire).has_focus:
            self.action_wire()
        else:
            self.leave()


class RecordingApp(App[None]):
    """The application that looks at one recorded session."""

    TITLE = "smtpconsole"
    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS = keys.some("quit")

    def __init__(self, journal: Journal, keyboard: Keyboard | None = None, theme: str = "") -> None:
        super().__init__(ansi_color=looks.ansi_color())
        looks.dress(self, theme)
        self._journal = journal
        self._keyboard = keyboard or Keyboard()

    def on_mount(self) -> None:
        self.set_keymap(self._keyboard.bound)
        self.push_screen(RecordedScreen(self._journal, self._keyboard))
        self.call_after_refresh(looks.settle, self)
