"""The composer: what is said as the envelope, what is read as the message, and what it weighs.

The pane shows the console's draft and hands on what is typed; it decides nothing.
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.widgets import ContentSwitcher, Static, TextArea

from smtpconsole.composer.draft import Draft
from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.composing import drafting, offers
from smtpconsole.console.configuring.keynames import told
from smtpconsole.console.console import Console
from smtpconsole.smtp import parameters
from smtpconsole.transcript.journal import Entry
from smtpconsole.tui import keys
from smtpconsole.tui.panes import Pane, pane
from smtpconsole.tui.panes.composer.entry import Line, Lines
from smtpconsole.tui.panes.composer.form import Form
from smtpconsole.tui.panes.composer.meter import Meter
from smtpconsole.tui.panes.composer.views import Files, Parts, SourceView, Views, visible_lines
from smtpconsole.tui.picking import Picking, narrowed
from smtpconsole.visible import visible

PAUSE = 0.2  # seconds without a change until the message is measured
_KEYS = (
    "{key composer.ready-made} ready-made  {key composer.open} read in  {key composer.save} save  "
    "{key composer.editor} editor  {key composer.view} view  {key send} rehearse"
)


@pane
class ComposerPane(Pane, can_focus=False):
    """The message that F5 rehearses and sends."""

    title: ClassVar[str] = "Compose"
    short: ClassVar[str] = "Mail"
    name_: ClassVar[str] = "composer"
    order: ClassVar[int] = 3
    help_: ClassVar[str] = (
        "Left is the envelope, which is said to the server; right are the headers, which are read. "
        "Headers follow the envelope until you write them; - leaves one out; ≠ marks what "
        "differs. Enter at MAIL and RCPT lists their parameters.\n"
        "Tab and the arrows go from field to field. {key composer.view} goes through the views: "
        "the texts, the files, the MIME parts (Enter opens one), the source, which is sent as it "
        "is once you change it. The last line is the meter: Enter explains a remark, "
        "{key composer.meter.mend} mends it.\n"
        "{key composer.ready-made} ready-made messages and your templates; {key composer.open} "
        "reads in and {key composer.save} saves .eml, .mbox, .json; {key composer.editor} your own "
        "editor; {key send} shows what will be said, and sends it by Enter. /dkim signs."
    )
    BINDINGS = keys.bindings("composer")

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._shown: Draft | None = None
        self._measured: tuple[object, ...] = ()
        self._is_wrong = False

    def compose(self) -> ComposeResult:
        yield Form(id="composer-form")
        yield Views()
        with ContentSwitcher(initial="composer-text", id="composer-switcher"):
            yield Lines(id="composer-text")
            yield Lines(id="composer-html", placeholder="<p>The same, for those who like it.</p>")
            yield Lines(id="composer-calendar", placeholder="BEGIN:VCALENDAR")
            yield Files(id="composer-files", compact=True)
            yield Parts(id="composer-parts", compact=True)
            yield SourceView(id="composer-source")
        yield Meter()
        keys_ = told(_KEYS, self.smtp_console.settings.keys)
        yield Static(keys_, id="composer-keys", markup=False)

    def on_mount(self) -> None:
        self._due = self.set_timer(0, self._measure)
        self.told(())

    def on_show(self) -> None:
        """Two columns need room."""
        self.screen.add_class("-composing")

    def on_hide(self) -> None:
        self.screen.remove_class("-composing")

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Whoever writes at 80x24 needs the rows that remarks would take."""
        is_view = self.query_one("#composer-switcher").has_focus_within
        self.query_one(Meter).set_class(is_view, "aside")

    @property
    def has_trouble(self) -> bool:
        return self._is_wrong

    def focus_first(self) -> None:
        """Put the cursor where one begins to write."""
        self.query_one("#field-recipients", Line).focus()

    # --- the draft ----------------------------------------------------------------------------

    def told(self, entries: Sequence[Entry]) -> None:
        """A command may have changed the message, and the server what it offers."""
        drafting.addressed(self.smtp_console)
        if self.smtp_console.draft is not self._shown:
            self._take()
        elif self._measured != self._reading:
            self._changed()

    @property
    def _reading(self) -> tuple[object, ...]:
        """What the meter depends on."""
        return (self.smtp_console.draft, self.smtp_console.known)

    def _take(self) -> None:
        """Show a draft that was made elsewhere."""
        draft = self._shown = self.smtp_console.draft
        self.query_one(Form).take(draft)
        octets = draft.body_octets
        body = draft.body if octets is None else visible_lines(octets)
        for name, text in (("text", body), ("html", draft.html), ("calendar", draft.calendar)):
            area = self.query_one(f"#composer-{name}", Lines)
            with area.prevent(TextArea.Changed):
                if area.text != text:
                    area.show(text)
            area.read_only = area.read_only or octets is not None
            area.disabled = draft.source is not None
        self._changed()

    def _write(self, change: Callable[[Draft], Draft]) -> None:
        """Somebody has typed."""
        self.smtp_console.draft = self._shown = change(self.smtp_console.draft)
        self.query_one(Form).imply(self.smtp_console.draft)
        self._changed()

    def _changed(self) -> None:
        draft = self.smtp_console.draft
        self.query_one(Form).note(drafting.notes(self.smtp_console))
        self.query_one(Views).take(draft)
        self.query_one(Files).take(draft)
        self._due.stop()
        self._due = self.set_timer(PAUSE, self._measure)

    @work(group="meter", exclusive=True, exit_on_error=False)
    async def _measure(self) -> None:
        """Weigh the message, off the loop: it may be large."""
        console, self._measured = self.smtp_console, self._reading
        try:
            reading = await asyncio.to_thread(drafting.reading, console)
        except ConsoleError as error:
            self.query_one(Meter).refuse(error.text)
            self._mark(True)
            return
        self._mark(any(each.severity == "error" for each in reading.measure.remarks))
        self.query_one(Meter).measure(reading.measure)
        self.query_one(Parts).take(reading.octets)
        if self._measured[0] is console.draft:  # nobody has typed meanwhile
            self.query_one(SourceView).take(reading.octets)

    def _mark(self, is_wrong: bool) -> None:
        if is_wrong != self._is_wrong:
            self._is_wrong = is_wrong
            self.post_message(self.Marked())

    @on(Form.Written)
    def _form_written(self, event: Form.Written) -> None:
        event.stop()
        self._write(event.change)

    @on(TextArea.Changed)
    def _text_typed(self, event: TextArea.Changed) -> None:
        event.stop()
        area = event.text_area
        name, text = (area.id or "").removeprefix("composer-"), area.text
        if isinstance(area, SourceView):
            area.known = text
            if area.source is not None and not area.read_only:
                octets = area.source.octets(text)
                was_source = self.smtp_console.draft.source is not None
                self._write(lambda draft: replace(draft, source=octets))
                if not was_source:
                    self._take()  # the fields rest
        else:
            field = "body" if name == "text" else name
            self._write(lambda draft: replace(draft, **{field: text}))  # type: ignore[arg-type]  # a text

    # --- views --------------------------------------------------------------------------------

    def action_view(self) -> None:
        """Show the next view."""
        self.query_one(Views).action_turn(1)

    @on(Views.Changed)
    def _view_wanted(self, event: Views.Changed) -> None:
        event.stop()
        switcher = self.query_one("#composer-switcher", ContentSwitcher)
        had_focus = switcher.has_focus_within
        switcher.current = f"composer-{event.name.lower()}"
        if had_focus and switcher.visible_content is not None:
            switcher.visible_content.focus()

    @on(Parts.Opened)
    def _part_opened(self, event: Parts.Opened) -> None:
        self._enter(f"/draft part {event.number}")

    # --- remarks ------------------------------------------------------------------------------

    @on(Meter.Explained)
    def _explain(self, event: Meter.Explained) -> None:
        self.smtp_console.front.show(drafting.explained(event.remark))

    @on(Meter.Mended)
    def _mend(self, event: Meter.Mended) -> None:
        self._enter(f"/mend {event.remark.code}")

    @on(Line.Refused)
    def _refuse(self, event: Line.Refused) -> None:
        event.stop()
        title = "nothing was pasted"
        self.notify(visible(event.reason), title=title, severity="warning", markup=False)

    # --- what is chosen -----------------------------------------------------------------------

    def _enter(self, line: str | None) -> None:
        if line:
            self.post_message(self.Line(line))

    def action_choose(self) -> None:
        """Choose a ready-made message, a template, or a beginning."""
        found = offers.messages(self.smtp_console)
        screen = Picking("a message", narrowed(found), placeholder="type to narrow it down")
        self.app.push_screen(screen, self._enter)

    @on(Form.Wanted)
    def _parameter_wanted(self, event: Form.Wanted) -> None:
        event.stop()
        field = event.field
        table = parameters.MAIL if field.name == "mail-parameters" else parameters.RCPT
        found = offers.parameters(self.smtp_console, table)

        def add(parameter: str | None) -> None:
            if parameter:
                draft = self.smtp_console.draft
                self.smtp_console.draft = field.written(draft, f"{field.shown(draft)} {parameter}")
                self._take()

        self.app.push_screen(Picking(f"parameters of {field.label}", narrowed(found)), add)

    @on(Files.Wanted)
    def _file_wanted(self, event: Files.Wanted) -> None:
        event.stop()
        title = "an image that the HTML shows" if event.is_inline else "a file to attach"
        self.app.push_screen(
            Picking(title, offers.paths, placeholder=_PATH),
            lambda path: self._add([path] if path else [], is_inline=event.is_inline),
        )

    @on(Files.Pasted)
    def _files_pasted(self, event: Files.Pasted) -> None:
        event.stop()
        self._add(event.paths)

    def _add(self, paths: Sequence[str], *, is_inline: bool = False) -> None:
        for path in paths:
            name = drafting.content_id(path)
            how = f" --inline {shlex.quote(name)}" if is_inline else ""
            self._enter(f"/attach {shlex.quote(path)}{how}")

    @on(Files.Dropped)
    def _file_dropped(self, event: Files.Dropped) -> None:
        event.stop()
        self._enter(f"/attach {shlex.quote(event.name)} --remove")

    def action_open(self) -> None:
        """Open a message or a draft."""
        screen = Picking("open .eml, .mbox or .json", offers.paths, placeholder=_PATH)
        self.app.push_screen(screen, lambda path: self._file("open", path))

    def action_save(self) -> None:
        """Save the message or the draft."""
        title = "save as .eml, .mbox or .json"
        screen = Picking(title, offers.paths, placeholder=_PATH, is_free=True)
        self.app.push_screen(screen, lambda path: self._file("save", path))

    def _file(self, action: str, path: str | None) -> None:
        self._enter(f"/draft {action} {shlex.quote(path)}" if path else None)

    def action_edit(self) -> None:
        """Edit the text that is shown, or the source, in one's own editor."""
        shown = self.query_one(Views).shown.lower()
        is_octets = self.smtp_console.draft.source is not None
        what = {"html": "html", "calendar": "calendar", "source": "source"}.get(shown, "body")
        self._enter(f"/edit {'source' if is_octets else what}")


_PATH = "a path: type it, paste it, or walk"
