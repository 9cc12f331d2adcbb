"""F8: formats on the left, a live preview on the right, below it what is hidden, and where to."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from textual import on
from textual.app import App, ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static

from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.configuring.keynames import told
from smtpconsole.console.console import Console
from smtpconsole.console.filenames import path_of
from smtpconsole.console.sessions.saving import save, suggested
from smtpconsole.transcript.formats import FORMATS, exported
from smtpconsole.transcript.showing import Show
from smtpconsole.tui import keys
from smtpconsole.tui.copying import copied
from smtpconsole.tui.entry import Entry
from smtpconsole.visible import visible

PICTURE = "svg"
ORDER = ("markdown", "text", "html", PICTURE, "json", "jsonl", "script", "swaks", "curl", "openssl")
PARTS = ("all of it", "the last connection", "the last exchange")
_KEYS = (
    "Enter saves  {key export.copy} copies  {key export.content} content  {key export.addresses} "
    "addresses  {key export.part} part  Tab path  {key export.close}"
)
_HIDDEN = (
    "credentials not shown · content {0} ({{key export.content}}) · addresses {1} "
    "({{key export.addresses}}) · {2} ({{key export.part}})"
)
_LINES = 400  # of the preview
_ENTRIES = 4000  # that the preview of a long session is made of
_WEB = re.compile(r"@font-face\s*\{[^}]*\}|<!--.*?-->", re.DOTALL)


def picture(app: App[Any]) -> str:
    """The screen as SVG, which loads nothing from anywhere; the last line has its SHA-256."""
    text = _WEB.sub("", app.export_screenshot(title="smtpconsole")).strip()
    digest = hashlib.sha256(f"{text}\n".encode()).hexdigest()
    return f"{text}\n<!-- sha256 of the lines above: {digest} -->\n"


class ExportScreen(ModalScreen[Answer | None]):
    """Chooses a format, shows what it gives, and saves it."""

    BINDINGS = keys.bindings("export")
    opened_by = "export"

    def __init__(self, console: Console, screen_svg: str) -> None:
        super().__init__()
        self.smtp_console = console
        self._svg = screen_svg
        self._openness = Show()
        self._part = 0
        self._suggested = Path()  # the path that was put there for the person
        rest = sorted(FORMATS.keys() - set(ORDER))
        self._formats = [*ORDER, *rest]

    def compose(self) -> ComposeResult:
        box = Vertical(id="export")
        box.border_title = "export"
        box.border_subtitle = self._told(_KEYS)
        with box:
            with Horizontal(id="export-middle"):
                yield OptionList(*self._formats, id="export-formats")
                with VerticalScroll(id="export-scroll", can_focus=False):
                    yield Static(id="export-preview")
            yield Static(id="export-hidden")
            yield Entry(id="export-path", compact=True, select_on_focus=False)

    def on_mount(self) -> None:
        self.query_one("#export-path", Input).cursor_blink = False
        formats = self.query_one("#export-formats", OptionList)
        formats.highlighted = 0
        formats.focus()

    def _told(self, text: str) -> str:
        return told(text, self.smtp_console.settings.keys)

    # --- what is shown ------------------------------------------------------------------------

    @property
    def _format(self) -> str:
        highlighted = self.query_one("#export-formats", OptionList).highlighted
        return self._formats[highlighted or 0]

    def _text(self, *, is_preview: bool = False) -> str:
        if self._format == PICTURE:
            return self._svg
        journal = self.smtp_console.journal
        is_long = is_preview and len(journal) > _ENTRIES
        return exported(
            journal,
            self._format,
            show=self._openness,
            first=len(journal) - _ENTRIES if is_long else None,
            last_connection=self._part == 1,
            last_exchange=self._part == 2,
        )

    @on(OptionList.OptionHighlighted)
    def _chosen(self) -> None:
        suffix = PICTURE if self._format == PICTURE else FORMATS[self._format].suffix
        path = self.query_one("#export-path", Input)
        if path.value in ("", str(self._suggested)):
            self._suggest(suffix)
        else:
            self._put(Path(path.value).with_suffix(f".{suffix}"))
        self._refresh()

    def _suggest(self, suffix: str) -> None:
        self._suggested = self._named(suffix)
        self._put(self._suggested)

    def _put(self, path: Path) -> None:
        field = self.query_one("#export-path", Input)
        field.value = str(path)
        field.cursor_position = len(field.value)  # it would stay where the shorter one ended

    def _named(self, suffix: str) -> Path:
        return suggested(self.smtp_console, suffix, names_host=self._openness.addresses)

    def _refresh(self) -> None:
        lines = self._text(is_preview=True).splitlines()
        rows = [visible(line) for line in lines[:_LINES]]
        if len(lines) > _LINES:
            rows.append(f"… {len(lines) - _LINES} lines more")
        self.query_one("#export-preview", Static).update(Content("\n".join(rows)))
        self.query_one("#export-scroll").scroll_home(animate=False)
        self.query_one("#export-hidden", Static).update(Content(self._hidden()))

    def _hidden(self) -> str:
        if self._format == PICTURE:
            return "the screen as it was before this one"
        show = self._openness
        content = "shown" if show.content else "not shown"
        addresses = "shown" if show.addresses else "masked"
        return self._told(_HIDDEN.format(content, addresses, PARTS[self._part]))

    # --- what the person does -----------------------------------------------------------------

    def action_content(self) -> None:
        """Show messages, or leave them out."""
        self._openness = replace(self._openness, content=not self._openness.content)
        self._refresh()

    def action_addresses(self) -> None:
        """Show addresses, or mask them."""
        self._openness = replace(self._openness, addresses=not self._openness.addresses)
        path = self.query_one("#export-path", Input)
        if path.value == str(self._suggested):  # a masked file is not called by the host
            self._suggest(self._suggested.suffix[1:])
        self._refresh()

    def action_part(self) -> None:
        """All of it, the last connection, the last exchange."""
        self._part = (self._part + 1) % len(PARTS)
        self._refresh()

    def action_copy(self) -> None:
        """Give it to the terminal's clipboard."""
        text = self._text()
        lines = text.count("\n")
        copied(self.app, text, f"{lines} lines")

    @on(OptionList.OptionSelected)
    @on(Input.Submitted)
    def _save(self) -> None:
        try:
            path = path_of(self.query_one("#export-path", Input).value.strip())
            saved = save(path, self._text())
        except ConsoleError as error:
            self.notify(visible(error.text), severity="error", markup=False)
            self.query_one("#export-path", Input).focus()
            return
        what = "" if self._format == PICTURE else str(self._openness)
        self.dismiss(Answer(f"saved as {saved}", (what,) if what else ()))
