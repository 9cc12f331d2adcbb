"""The place of an answer: between the wire and the prompt, gone with Escape."""

from __future__ import annotations

from collections.abc import Mapping

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from smtpconsole.console.answers import Answer
from smtpconsole.console.configuring.keynames import told
from smtpconsole.visible import visible


class AnswerBox(VerticalScroll, can_focus=False):
    """Shows one answer, literally."""

    def __init__(self, own_keys: Mapping[str, str]) -> None:
        super().__init__(id="answer")
        self._own_keys = own_keys
        self.answer: Answer | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="answer-title")
        yield Static(id="answer-text")  # indented as a block, also where a line is folded

    def show(self, answer: Answer) -> None:
        """Open with an answer."""
        self.answer = answer
        style = "bold $error" if answer.is_trouble else "bold"
        sign = "! " if answer.is_trouble else ""
        title = Content.assemble((f"{sign}{visible(answer.title)}", style))
        self.query_one("#answer-title", Static).update(title)
        said = [Content(visible(line)) for line in answer.lines]
        typed = [
            Content.assemble((str(number), "bold $accent"), f"  {visible(line)}")
            for number, line in enumerate(answer.next, 1)
        ]
        rows = [*said[: answer.lead], *typed, *(said[answer.lead :] if answer.lead else ())]
        text = self.query_one("#answer-text", Static)
        text.display = bool(rows)
        text.update(Content("\n").join(rows))
        self.display = True
        self.scroll_home(animate=False)
        self._tell_keys()
        self.call_after_refresh(self._tell_keys)  # how long it is is known only then

    def _tell_keys(self) -> None:
        lines = len(self.answer.next) if self.answer is not None else 0
        digits = f"1-{lines} types a line" if lines > 1 else "1 types a line" if lines else ""
        more = "{key answer-down} reads on" if self.max_scroll_y > 0 else ""
        words = " · ".join(filter(None, (more, digits, "{key back} closes")))
        self.border_title = told(words, self._own_keys)

    def close(self) -> bool:
        """Go away, and say whether there was something to see."""
        was_open = self.answer is not None
        self.answer = None
        self.display = False
        return was_open

    def line(self, number: int) -> str:
        """The line that a digit stands for."""
        lines = self.answer.next if self.answer is not None else ()
        return lines[number - 1] if 0 < number <= len(lines) else ""
