"""The place of a held batch, between wire and prompt; its keys work while the prompt is empty."""

from __future__ import annotations

from collections.abc import Iterator

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.console import Console
from smtpconsole.console.holding.held import KEYS, Held, Row
from smtpconsole.tui.panes import Pane
from smtpconsole.tui.prompt import Prompt
from smtpconsole.visible import visible

_MOST = 8  # rows of a batch that are shown at once


class StepBox(VerticalScroll, can_focus=False):
    """Shows what is held, and what each line of it is."""

    def __init__(self, console: Console) -> None:
        super().__init__(id="step")
        self.smtp_console = console
        self._held: Held | None = None
        self._at = 1  # the number of the chosen line

    def compose(self) -> ComposeResult:
        yield Static(id="step-text")
        yield Static(id="step-meaning")  # indented as a block, also where a line is folded

    def on_mount(self) -> None:
        self.border_title = KEYS
        self.app.query_one(Prompt).field.first = self._act

    def tell(self, held: Held | None) -> None:
        """Show what is held now, if anything is."""
        if held == self._held:
            return
        if held is None or self._held is None or len(held.rows) != len(self._held.rows):
            self._at = 1
        self._held = held
        self.display = held is not None
        self._draw()

    def _draw(self) -> None:
        held = self._held
        if held is None:
            return
        first = max(0, min(self._at - _MOST // 2, len(held.rows) - _MOST))
        shown = held.rows[first : first + _MOST]
        title = held.title
        if len(shown) < len(held.rows):
            title += f"; lines {first + 1} to {first + len(shown)} of {len(held.rows)}"
        lines = [Content.assemble((visible(title), "bold"))]
        lines += [self._line(held, row) for row in shown]
        self.query_one("#step-text", Static).update(Content("\n").join(lines))
        meaning = Content("\n").join(self._meaning(held.rows[self._at - 1]))
        self.query_one("#step-meaning", Static).update(meaning)
        self.scroll_home(animate=False)

    def _line(self, held: Held, row: Row) -> Content:
        is_chosen = row.number == self._at
        width = min(60, max(len(visible(each.text)) for each in held.rows))
        text = visible(row.text)
        state = "skipped: it is not said" if row.is_skipped else "edited, " if row.is_edited else ""
        return Content.assemble(
            ("> " if is_chosen else "  ", "bold $accent"),
            (f"{row.number:>2} {held.mark} ", "$foreground-muted"),
            (f"{text:<{width}}", "strike" if row.is_skipped else "bold" if is_chosen else ""),
            (f"  {state}", "bold $warning"),
            ("" if row.is_skipped else f"expects {row.expects}", "$foreground-muted"),
        )

    @staticmethod
    def _meaning(row: Row) -> Iterator[Content]:
        for line in row.meaning:
            yield Content(visible(line))
        if row.refusals:
            yield Content(f"It may be refused with {row.refusals}.")

    # --- keys

    def _act(self, key: str) -> bool:
        """What a key means while the prompt is empty; false if nothing."""
        is_held = self._held is not None and self.smtp_console.held is not None
        if not is_held or self.app.query_one(Prompt).is_asking:
            return False
        assert self._held is not None
        if key in ("up", "down"):
            self._at = min(max(1, self._at + (1 if key == "down" else -1)), len(self._held.rows))
            self._draw()
        elif key == "e":
            self._edit()
        elif key in (lines := {"enter": "/next", "x": "/skip", "1": "/next 1"}):
            self.post_message(Pane.Line(lines[key]))
        elif key == "s":
            self.post_message(Pane.Line(f"/skip {self._at}"))
        else:
            return False
        return True

    def _edit(self) -> None:
        """Put the line at the prompt; what is more than a line, or no text, is the command's."""
        stepping = self.smtp_console.stepping
        try:
            text = stepping.text(self._at)
        except ConsoleError:
            text = ""
        if not text or not text.isprintable():
            self.post_message(Pane.Line(f"/edit {self._at}"))
        else:
            self.app.query_one(Prompt).type(f"/edit {self._at} {text}")
