"""The application: a console with a face.

It owns the console and is its front end.  What happens is pulled from the journal, at most
twenty times a second and only when something did happen; nothing runs while nothing happens.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from textual import events, on, work
from textual.app import App, ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static, TabPane, Tabs

from smtpconsole.console import explaining, opening, paths
from smtpconsole.console.answers import Answer
from smtpconsole.console.coach import advise
from smtpconsole.console.commands import COMMANDS
from smtpconsole.console.composing import drafting
from smtpconsole.console.composing.progress import Progress
from smtpconsole.console.console import Console, Suggestions
from smtpconsole.console.history import History
from smtpconsole.console.known import Known
from smtpconsole.console.sessions.details import details
from smtpconsole.console.settings import Settings
from smtpconsole.console.stopping import stop
from smtpconsole.console.teaching.standing import Standing
from smtpconsole.smtp.events import Answered, Noted, Phase, Received, Sent
from smtpconsole.transcript.columns import KINDS
from smtpconsole.transcript.journal import Journal
from smtpconsole.tui import asking, copying, editing, keys, looks, pasted, pressing
from smtpconsole.tui.answerbox import AnswerBox
from smtpconsole.tui.asking import Asking
from smtpconsole.tui.coachline import CoachLine
from smtpconsole.tui.exportscreen import ExportScreen, picture
from smtpconsole.tui.focusing import Focus
from smtpconsole.tui.helpscreen import HelpScreen
from smtpconsole.tui.layout import Divider, Layout
from smtpconsole.tui.lessonbox import LessonBox
from smtpconsole.tui.palette import Everything
from smtpconsole.tui.panes import PANES, Pane, has_tab
from smtpconsole.tui.prompt import Prompt
from smtpconsole.tui.recorded import RecordedScreen
from smtpconsole.tui.rehearsal import RehearsalScreen
from smtpconsole.tui.side import Side
from smtpconsole.tui.stateline import StateLine
from smtpconsole.tui.stepbox import StepBox
from smtpconsole.tui.wire import Wire
from smtpconsole.tui.wirebar import WirePane

FRAME = 0.05  # seconds between two looks at the journal
_LONG = 20_000  # entries
_BESIDE_OCTETS = tuple(set(KINDS) - {Sent, Received, Answered})


class ConsoleApp(App[None]):
    """The console on a screen."""

    TITLE = "smtpconsole"
    CSS_PATH: ClassVar[Any] = ["app.tcss", "composer.tcss", "lesson.tcss"]
    COMMANDS: ClassVar[Any] = {Everything}
    BINDINGS = keys.bindings("everywhere")
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012
    AUTO_FOCUS = None

    def __init__(
        self,
        journal: Journal,
        settings: Settings,
        suggestions: Suggestions,
        *,
        history: History | None = None,
        known: Known | None = None,
        standing: Standing | None = None,
    ) -> None:
        super().__init__(ansi_color=looks.ansi_color())
        self._wardrobe = looks.Wardrobe(self, settings)
        self.smtp_console = Console(
            self,
            journal,
            settings=settings,
            suggestions=suggestions,
            known=known,
            standing=standing,
        )
        self.smtp_console.history = history or History(paths.history_file())
        self._told = 0
        self._is_due = False
        self._asking = Asking()
        self._pressing = pressing.Pressing(self, self._press, lambda: self._focus.moves)
        self._focus = Focus(self)
        self.keyboard = keys.Keyboard(settings.keys)
        self._layout = Layout(lambda: self.screen, self._focus.pane, paths.layout_file())

    def compose(self) -> ComposeResult:
        console = self.smtp_console
        yield StateLine(console)
        with Horizontal(id="middle"):
            yield LessonBox(console)
            yield WirePane(console.journal)
            yield Divider(self._layout)
            with Side(self.keyboard):
                for cls in PANES:
                    yield TabPane(cls.title, cls(console), id=f"tab-{cls.name_}")
        yield AnswerBox(self.keyboard.bound)
        yield StepBox(console)
        with Vertical(id="bottom"):
            yield CoachLine()
            yield Prompt(console, console.history)
            yield Static(id="footer")

    def on_mount(self) -> None:
        for tabs in self.query(Tabs):
            tabs.can_focus = False
        self.set_keymap(self.keyboard.bound)
        self.theme_changed_signal.subscribe(self, self._wardrobe.chosen)
        self._layout.recall()
        asyncio.get_running_loop().set_exception_handler(self._remark)
        self.smtp_console.journal.subscribe(self._wake)
        self.query_one(Prompt).field.focus()
        self.call_after_refresh(looks.settle, self)
        drafting.kept(self.smtp_console)
        self._pump()
        self.call_after_refresh(self._begin)

    @work(group="console", exit_on_error=False)
    async def _begin(self) -> None:
        await opening.begin(self.smtp_console)
        self._pump()
        for _ in COMMANDS.bring():  # before somebody waits for their names
            await asyncio.sleep(0)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A recorded session that lies over this one has keys of its own."""
        if action == getattr(self.screen, "opened_by", ""):
            return False  # the same key closes it
        return action not in keys.OWN or not isinstance(self.screen, RecordedScreen)

    async def on_event(self, event: events.Event) -> None:
        """What is pressed has its turn; what no pane has a use for is typed at the prompt."""
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            await self._pressing.press(event)
        else:
            await super().on_event(event)

    async def _press(self, event: pressing.Pressed) -> None:
        if isinstance(event, events.Key):
            self._focus.before(event)
        await super().on_event(event)

    @on(pressing.Done)
    async def _pressed(self, event: pressing.Done) -> None:
        await self._pressing.done(event.number)

    def on_resize(self, event: events.Resize) -> None:
        self._refresh_lines(event.size.width)

    async def on_unmount(self) -> None:
        await self.smtp_console.end()

    def _remark(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """A bug in a callback goes to the transcript, not over the screen."""
        error = context.get("exception")
        what = type(error).__name__ if error is not None else "error"
        self.smtp_console.journal(Noted(f"a bug in smtpconsole: {what}: {context.get('message')}"))

    def _fatal_error(self) -> None:
        """Say where it broke."""
        self.bell()
        self._exit_renderables.append(looks.traceback(self))
        self._close_messages_no_wait()

    # --- what happened ------------------------------------------------------------------------

    def _wake(self) -> None:
        if not self._is_due:
            self._is_due = True
            self.set_timer(FRAME, self._pump)

    def _pump(self) -> None:
        """Give every pane what happened since it looked last."""
        self._is_due = False
        if not self.is_running or not self.screen_stack:
            return
        journal, since = self.smtp_console.journal, self._told
        entries = journal.since(since)
        self._told += len(entries)
        if len(entries) > _LONG:  # a long session was opened: panes are spared the octets
            entries = journal.since(since, *_BESIDE_OCTETS)
        main = self.screen_stack[0]
        main.query_one(Wire).told(entries)
        side = main.query_one(Side)
        for pane in main.query(Pane):
            if has_tab(side, pane):
                pane.told(entries)
        side.label()
        self._refresh_lines(self.size.width)

    def _refresh_lines(self, width: int) -> None:
        if not self.screen_stack or not self.screen_stack[0].query(Prompt):
            return
        main = self.screen_stack[0]
        self._wardrobe.look()
        main.query_one(LessonBox).tell()
        main.query_one(StateLine).refresh_state()
        main.query_one(StepBox).tell(self.smtp_console.held)
        main.query_one("#footer", Static).update(Content(self.keyboard.footer(width)))
        prompt = main.query_one(Prompt)
        advice = asking.ADVICE if self._asking.is_open else advise(self.smtp_console)
        prompt.suggestion = advice.line
        coach = main.query_one(CoachLine)
        coach.display = self.smtp_console.settings.coach or self.smtp_console.upload is not None
        coach.tell(advice, width)
        if not self._asking.is_open:
            prompt.hide(self.smtp_console.phase is Phase.AUTH)

    # --- what the console asks of a front end -------------------------------------------------

    def show(self, answer: Answer) -> None:
        """Show an answer between wire and prompt."""
        self.screen_stack[0].query_one(AnswerBox).show(answer)

    async def ask(self, question: str, *, secret: bool = False) -> str:
        """Ask at the prompt; Escape is an empty answer."""
        self.call_later(self._refresh_lines, self.size.width)  # the coach gives way to it
        prompt = self.screen_stack[0].query_one(Prompt)
        return await self._asking.ask(prompt, question, secret=secret)

    async def edit(self, text: str, *, suffix: str) -> str | None:
        """Let a person edit a text in an editor of theirs."""
        return await editing.edited(self, text, suffix)

    def progress(self, progress: Progress | None) -> None:
        """Show how far it is; the coach knows."""
        self._refresh_lines(self.size.width)

    def teach(self, answer: Answer) -> None:
        """The lesson says something, which is seen beside the wire."""
        self._refresh_lines(self.size.width)

    def view(self, journal: Journal) -> None:
        """Show a recorded session, over this one."""
        self.push_screen(RecordedScreen(journal, self.keyboard))

    def open_export(self) -> None:
        """Show what can be saved."""
        screen = ExportScreen(self.smtp_console, self.screen_svg())
        self.push_screen(screen, lambda answer: self.show(answer) if answer is not None else None)

    def screen_svg(self) -> str:
        """A picture of the screen."""
        return picture(self)

    def copy(self, text: str) -> str:
        """Put a text on the clipboard, and say where it went."""
        return copying.copy(self, text)

    def leave(self) -> None:
        """End the application."""
        self.exit()

    # --- what the person does -----------------------------------------------------------------

    @on(Prompt.Entered)
    def _entered(self, event: Prompt.Entered) -> None:
        if self._asking.answer(event.line):
            return
        is_content = self.smtp_console.phase is Phase.CONTENT
        learning = self.smtp_console.learning
        line = learning.meant(event.line) if learning is not None else event.line
        if line or is_content:
            if event.line and not is_content and not self.smtp_console.is_secret(line):
                self.smtp_console.history.add(line)
            self.enter(line)

    @work(group="console", exit_on_error=False)
    async def enter(self, *lines: str) -> None:
        """Do what these lines say, one after the other."""
        self.query_one(AnswerBox).close()
        for line in lines:
            await self.smtp_console.execute(line)
        self._pump()

    @on(Prompt.Pasted)
    @work(group="console", exit_on_error=False)
    async def _pasted(self, event: Prompt.Pasted) -> None:
        await pasted.enter(self, event.lines)
        self._pump()

    @on(Wire.Details)
    def _details(self, event: Wire.Details) -> None:
        if answer := details(self.smtp_console.journal, event.number, event.line):
            self.show(explaining.at_hand(self.smtp_console, answer))

    @on(Pane.Line)
    def _line(self, event: Pane.Line) -> None:
        if not self._asking.answer(event.line):
            self.enter(event.line)

    @on(Prompt.Digit)
    def _take_line(self, event: Prompt.Digit) -> None:
        line = self.screen_stack[0].query_one(AnswerBox).line(event.number)
        learning = self.smtp_console.learning
        if self._asking.is_open:
            return
        if line:
            self.query_one(Prompt).type(line)
        elif learning is not None and learning.tutor.ask is not None:
            self.query_one(Prompt).type("")
            self.enter(f"/learn answer {event.number}")

    def action_send(self) -> None:
        """Show what sending the message in the composer would say, and say it then."""
        if not isinstance(self.screen, ModalScreen):
            self.push_screen(RehearsalScreen(self.smtp_console), self._rehearsed)

    def _rehearsed(self, lines: tuple[str, ...] | None) -> None:
        if lines:
            self._layout.bare()  # to what is said now
            self._focus.prompt()
            self.enter(*lines)

    def action_export(self) -> None:
        """Show what can be saved, and save it."""
        self.enter("/export")

    def action_help(self) -> None:
        """Explain what has the focus, its keys, the commands."""
        self.push_screen(HelpScreen(self.focused, self.keyboard))

    def action_jump(self) -> None:
        """Letters over everything that can be gone to."""
        if len(self.screen_stack) == 1:
            self._layout.jump()

    def action_divide(self, by: int) -> None:
        """Move the divider."""
        if len(self.screen_stack) == 1:
            self._layout.divide(by)

    def action_panes(self) -> None:
        """Show or hide the side panes."""
        self._layout.toggle_side()
        self._focus.prompt()

    def action_zoom(self) -> None:
        """The focused pane alone, or all again."""
        self._layout.zoom(self.focused)

    def action_lesson(self, by: int) -> None:
        """Read on in the lesson, from the prompt."""
        self.query_one(LessonBox).page(by)

    def action_wire(self) -> None:
        """Walk through the lesson, if there is one; else, and a second time, through the wire."""
        text = self.query_one(LessonBox).text
        if self.smtp_console.learning is None or text.has_focus:
            self.action_show("wire")
            return
        self._layout.to_main(text)

    def action_show(self, name: str) -> None:
        """Bring a pane to the front and focus it."""
        if name == "wire":
            self._layout.to_main(self.query_one(Wire))
            return
        pane = next(iter(self.query(f"#{name}").results(Pane)), None)
        if pane is None:
            return
        if not pane.is_wanted(self.smtp_console):
            if answer := pane.instead():
                self.show(answer)
            return
        if self.screen.has_class("-narrow"):
            self.query_one(AnswerBox).close()  # there is room for one of them
        self._layout.to_side(pane)

    def action_answer(self, by: int) -> None:
        """Scroll the answer."""
        step = self.query_one(StepBox)
        box = step if step.display else self.query_one(AnswerBox)
        box.scroll_relative(y=by * max(1, box.size.height - 1), animate=False)

    def action_escape(self) -> None:
        """Close what is open, one thing at a time, and go back to the prompt."""
        prompt = self.query_one(Prompt)
        if self._asking.answer(""):
            return
        if not prompt.field.has_focus and self.query_one(AnswerBox).close():
            return  # on to what is under it
        if self._focus.prompt():
            self._layout.step_back()
        elif stop(self.smtp_console):
            return
        elif not (prompt.back() or self.query_one(AnswerBox).close()):
            self._layout.bare()
