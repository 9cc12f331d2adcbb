"""A recorded session on a screen: the wire and the panes that a journal can fill, to look at."""

from __future__ import annotations

from typing import Any, ClassVar

from textual import on, work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static, TabbedContent, TabPane, Tabs

from smtpconsole.console.answers import Answer
from smtpconsole.console.console import Console
from smtpconsole.console.details import details
from smtpconsole.console.progress import Progress
from smtpconsole.smtp.events import Answered, Received, Sent
from smtpconsole.transcript.columns import KINDS
from smtpconsole.transcript.journal import Journal
from smtpconsole.tui import looks
from smtpconsole.tui.answerbox import AnswerBox
from smtpconsole.tui.exportscreen import ExportScreen, picture
from smtpconsole.tui.helpscreen import HelpScreen
from smtpconsole.tui.panes import PANES, Pane
from smtpconsole.tui.wire import Wire
from smtpconsole.tui.wirebar import WirePane
from smtpconsole.visible import visible

_NOT_OCTETS = tuple(set(KINDS) - {Sent, Received, Answered})
_FOOTER = " F1 Help  F8 Export  F9 Panes  F10 Zoom  Esc Back "


class RecordedScreen(Screen[None]):
    """Looks at a journal, and is the front end of a console that can only look."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "back", "Back", priority=False),
        Binding("f1", "help", "Help", priority=True),
        Binding("f8", "export", "Export", priority=True),
        Binding("f9", "panes", "Panes", priority=True),
        Binding("f10", "zoom", "Zoom", priority=True),
        Binding("f6", "wire", "Wire", priority=True),
        Binding("ctrl+up", "answer(-1)", "Answer up", priority=True),
        Binding("ctrl+down", "answer(1)", "Answer down", priority=True),
        *(
            Binding(each.title.split()[0].lower(), f"pane('{each.name_}')", priority=True)
            for each in PANES
            if each.is_for_recordings
        ),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self._journal = journal
        self.smtp_console = Console(self, journal)

    def compose(self) -> ComposeResult:
        yield Static(self._title(), id="state")
        with Horizontal(id="middle"):
            yield WirePane(self._journal)
            with TabbedContent(id="side"):
                for cls in PANES:
                    if cls.is_for_recordings:
                        yield TabPane(cls.title, cls(self.smtp_console), id=f"tab-{cls.name_}")
        yield AnswerBox()
        yield Static(Content(_FOOTER), id="footer")

    def on_mount(self) -> None:
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

    def copy(self, text: str) -> bool:
        """Put a text on the terminal's clipboard."""
        self.app.copy_to_clipboard(text)
        return True

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
        widget: Any = self.focused
        while widget is not None and not getattr(widget, "help_", ""):
            widget = widget.parent
        about = "A session that was kept, to look at: nothing is sent. Esc goes back."
        self.app.push_screen(HelpScreen(f"{about}\n\n{widget.help_}" if widget else about))

    @work(group="console", exit_on_error=False)
    async def action_export(self) -> None:
        """Save it as text."""
        await self.smtp_console.execute("/export text")

    def action_panes(self) -> None:
        """Show or hide the side panes."""
        self.toggle_class("-hidden" if self.has_class("-wide") else "-side")

    def action_zoom(self) -> None:
        """The wire alone, or all again."""
        self.toggle_class("-zoom-wire")

    def action_wire(self) -> None:
        """To the wire."""
        self.remove_class("-side", "-zoom-wire")
        self.query_one(Wire).focus()

    def action_pane(self, name: str) -> None:
        """Bring a pane to the front."""
        self.add_class("-side").remove_class("-hidden", "-zoom-wire")
        self.query_one("#side", TabbedContent).active = f"tab-{name}"
        self.call_after_refresh(self.query_one(f"#{name}", Pane).focus)

    def action_answer(self, by: int) -> None:
        """Scroll the answer."""
        box = self.query_one(AnswerBox)
        box.scroll_relative(y=by * max(1, box.size.height - 1), animate=False)

    def action_back(self) -> None:
        """Close what is open, one thing at a time; then leave."""
        if self.query_one(AnswerBox).close():
            return
        if self.has_class("-side", "-zoom-wire") or not self.query_one(Wire).has_focus:
            self.action_wire()
        else:
            self.leave()


class RecordingApp(App[None]):
    """The application that looks at one recorded session."""

    TITLE = "smtpconsole"
    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+q", "quit", "Quit", priority=True)]

    def __init__(self, journal: Journal) -> None:
        super().__init__(ansi_color=looks.ansi_color())
        looks.dress(self)
        self._journal = journal

    def on_mount(self) -> None:
        self.push_screen(RecordedScreen(self._journal))
        self.call_after_refresh(looks.settle, self)

    @on(Wire.Copied)
    def _copied(self, event: Wire.Copied) -> None:
        self.notify(event.text, title="sent to the terminal's clipboard", markup=False)
