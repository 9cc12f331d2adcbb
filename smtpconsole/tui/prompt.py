"""The input line: history, completion, ghost text, questions, secrets hidden.

It knows the language only through `console.completion`, and says what was entered in messages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from smtpconsole.console import agreeing, pasting
from smtpconsole.console.actions import of
from smtpconsole.console.completion import Completion, complete, suggest
from smtpconsole.console.configuring.keynames import split
from smtpconsole.console.console import Console
from smtpconsole.console.history import History
from smtpconsole.smtp.events import Phase
from smtpconsole.tui import keys
from smtpconsole.tui.entry import Entry
from smtpconsole.visible import visible

PROMPT = "smtp> "
_MOST_CHOICES = 10


class _Ghost(Suggester):
    """What the line may become, in grey."""

    def __init__(self, console: Console, history: History) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self.smtp_console, self._history = console, history

    async def get_suggestion(self, value: str) -> str | None:
        ghost = suggest(self.smtp_console, value, self._history.newest_first(value))
        return ghost if ghost is not None and ghost.isprintable() else None


class _Line(Entry):
    """An input that loses nothing: neither lines of a paste, nor what is typed behind Enter."""

    class Pasted(Message):
        """Several lines at once."""

        def __init__(self, lines: list[str]) -> None:
            super().__init__()
            self.lines = lines

    class Taken(Message):
        """A line was ended."""

        def __init__(self, line: str) -> None:
            super().__init__()
            self.line = line

    mode = ""  # or "complete" or "search": then Enter is for a choice, not for the line

    first: Callable[[str], bool] | None = None  # asked of a key while there is no text
    actions: Mapping[str, Callable[[], None]] = MappingProxyType({})

    async def _on_key(self, event: events.Key) -> None:
        is_empty = not (self.value or self.mode)
        if is_empty and self.first is not None and self.first(event.key):
            event.prevent_default()
            event.stop()
            return
        if action := self.actions.get(event.key):
            # Not as bindings, which come before or after what is typed around them.
            event.prevent_default()
            event.stop()
            action()
            return
        if event.key != "enter" or self.mode:
            await super()._on_key(event)
            return
        # Not in Textual's action: that runs later, when the next line may have been begun.
        event.prevent_default()
        event.stop()
        line, self.value = self.value, ""
        self.post_message(self.Taken(line))

    def _on_paste(self, event: events.Paste) -> None:
        lines = pasting.split(event.text)
        if len(lines) > 1 and not self.password:  # an answer is one line, and a secret not shown
            event.prevent_default()
            event.stop()
            at = self.cursor_position
            lines = [self.value[:at] + lines[0], *lines[1:-1], lines[-1] + self.value[at:]]
            self.value = ""
            self.post_message(self.Pasted(lines))
        # Else Textual calls the input's own, after this.


class _Choices(OptionList, can_focus=False):
    """The candidates, above the prompt."""


class Prompt(Vertical):
    """Where one types."""

    BINDINGS = keys.bindings("prompt")

    class Entered(Message):
        """A line was entered."""

        def __init__(self, line: str) -> None:
            super().__init__()
            self.line = line

    class Pasted(Message):
        """Several lines were pasted, and wait for a word."""

        def __init__(self, lines: list[str]) -> None:
            super().__init__()
            self.lines = lines

    class Digit(Message):
        """A digit on an empty line: it may stand for a line of the answer."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self, console: Console, history: History) -> None:
        super().__init__(id="prompt")
        self.smtp_console, self._history = console, history
        self._ghost = _Ghost(console, history)
        self.suggestion = ""  # what Tab types on an empty line
        self._found: list[Completion] = []
        self._completing = ""
        self._hits: list[str] = []
        self._walk: list[str] = []
        self._at = -1
        self._draft = ""

    def compose(self) -> ComposeResult:
        yield _Choices(compact=True)
        yield Static(id="question")
        yield Label(PROMPT, id="prompt-label", markup=False)
        field = _Line(compact=True, select_on_focus=False, suggester=self._ghost)
        field.cursor_blink = False
        field.actions = {
            "ctrl+u": field.action_delete_left_all,
            **{
                key: getattr(self, f"action_{each.does}")
                for each in of("prompt")
                if hasattr(self, f"action_{each.does}")
                for key in split(self.smtp_console.settings.keys.get(each.name, each.keys))
            },
        }
        yield field

    @property
    def field(self) -> _Line:
        """The input itself."""
        return self.query_one(_Line)

    @property
    def is_asking(self) -> bool:
        """A question is put instead of the prompt."""
        return bool(self.query_one("#question").display)

    # --- states -------------------------------------------------------------------------------

    def question(self, text: str, *, secret: bool) -> None:
        """Put a question instead of the prompt; what was being typed comes back after it."""
        self._close()
        self._draft = "" if self.field.password else self.field.value
        self._put("")
        self._label("secret> " if secret else "answer> ")
        self.query_one("#question", Static).update(Content(visible(text)))
        self.query_one("#question", Static).display = True
        self.field.password = secret
        self.field.suggester = None  # what is known of the language is no answer
        if agreeing.is_put(text):
            self.field.may_be_seen = agreeing.may_be_seen
        self.field.focus()

    def resume(self) -> None:
        """Back to the prompt; hidden where the server waits for a secret."""
        self.query_one("#question", Static).display = False
        self.field.may_be_seen, self.field.suggester = None, self._ghost
        self._put(self._draft)
        self._draft = ""
        self.hide(self.smtp_console.phase is Phase.AUTH)

    def hide(self, is_hidden: bool) -> None:
        """Hide what is typed, or show it."""
        if self.field.password != is_hidden:
            self.field.password = is_hidden
        self._label("secret> " if is_hidden else PROMPT)

    def type(self, line: str) -> None:
        """Put a line there, not yet entered."""
        self._close()
        self._put(line)
        self.field.focus()

    def _label(self, text: str) -> None:
        self.query_one("#prompt-label", Label).update(text)

    # --- completion ---------------------------------------------------------------------------

    def action_complete(self) -> None:
        """Type the advice, complete, or take the candidate."""
        field = self.field
        if self.field.mode:
            self._accept()
        elif field.password or self.is_asking:
            return
        elif not field.value:
            self._put(self.suggestion)
        else:
            self._complete(field.value[: field.cursor_position])

    def _complete(self, line: str) -> None:
        self._completing = self.field.value
        self._found = complete(self.smtp_console, line)
        if len(self._found) == 1:
            self.field.mode = "complete"
            self._accept(0)
        elif self._found:
            width = max(len(each.text) for each in self._found)
            rows = [
                Content.assemble(
                    visible(each.text).ljust(width + 2), (visible(each.help), "$foreground-muted")
                )
                for each in self._found
            ]
            self._open("complete", rows)

    def action_search(self) -> None:
        """Search the history."""
        if self.field.password or self.is_asking:
            return
        if self.field.mode != "search":
            self._draft = self.field.value
            self._label("find> ")
        self._search()

    def _search(self) -> None:
        self._hits = self._history.search(self.field.value)[:200]
        self._open("search", [Content(visible(hit)) for hit in self._hits])
        self.field.mode = "search"

    def _open(self, mode: str, rows: list[Content]) -> None:
        choices = self.query_one(_Choices)
        choices.set_options([Option(row) for row in rows])
        choices.display = bool(rows)
        choices.styles.offset = (0, -min(len(rows), _MOST_CHOICES))  # above the line
        self.field.mode = mode if rows else ""
        if rows:
            choices.highlighted = 0

    def _accept(self, index: int | None = None) -> None:
        if index is None:
            index = self.query_one(_Choices).highlighted or 0
        mode = self.field.mode
        self._close()
        if mode == "complete":
            found = self._found[index]
            field = self.field
            tail = field.value[field.cursor_position :]
            value = field.value[: found.start] + found.text
            self._put(value + tail, len(value))
        elif self._hits:
            self._put(self._hits[index])

    def _close(self) -> None:
        if self.field.mode == "search":
            self._label(PROMPT)
        self.field.mode = ""
        self.query_one(_Choices).display = False

    def back(self) -> bool:
        """Close what is open, and say whether anything was."""
        if not self.field.mode:
            return False
        was_search = self.field.mode == "search"
        self._close()
        if was_search:
            self._put(self._draft)
        return True

    # --- history ------------------------------------------------------------------------------

    def action_older(self) -> None:
        """An older line that begins as this one does."""
        if self.field.mode:
            self.query_one(_Choices).action_cursor_up()
            return
        if self.field.password or self.is_asking:
            return
        if self._at == -1:
            self._draft = self.field.value
            self._walk = list(self._history.newest_first(self._draft))
        if self._at + 1 < len(self._walk):
            self._at += 1
            self._put(self._walk[self._at])

    def action_newer(self) -> None:
        """A newer one."""
        if self.field.mode:
            self.query_one(_Choices).action_cursor_down()
        elif self._at >= 0:
            self._at -= 1
            self._put(self._walk[self._at] if self._at >= 0 else self._draft)

    # --- events -------------------------------------------------------------------------------

    def _put(self, value: str, cursor: int | None = None) -> None:
        with self.prevent(Input.Changed):
            self.field.value = value
        self.field.cursor_position = len(value) if cursor is None else cursor

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        if event.value != self.field.value:
            return  # there is more by now, and news of that will come
        self._at = -1
        if self.field.mode == "search":
            self._search()
        elif self.field.mode == "complete" and event.value != self._completing:
            self._close()
        elif len(event.value) == 1 and event.value in "123456789" and not self.field.password:
            self.post_message(self.Digit(int(event.value)))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._accept()

    @on(_Line.Taken)
    def _taken(self, event: _Line.Taken) -> None:
        event.stop()
        self._at = -1
        self.post_message(self.Entered(event.line))

    @on(_Line.Pasted)
    def _pasted(self, event: _Line.Pasted) -> None:
        event.stop()
        self.post_message(self.Pasted(event.lines))

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._accept()
        self.field.focus()
