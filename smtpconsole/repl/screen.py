"""Lines of a terminal that can move its cursor: editing, history, completion, ghost text."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from contextlib import ExitStack
from typing import Any

from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggest, Suggestion
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.history import DummyHistory
from prompt_toolkit.history import History as Past
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.output.color_depth import ColorDepth
from prompt_toolkit.patch_stdout import patch_stdout

from smtpconsole.console import agreeing, pasting
from smtpconsole.console.coach import advise
from smtpconsole.console.completion import complete, suggest
from smtpconsole.console.console import Console
from smtpconsole.console.history import History
from smtpconsole.repl.inputs import Pasted
from smtpconsole.repl.looks import Looks
from smtpconsole.visible import visible

_CANCEL = "*"  # RFC 4954, 4: the client gives up


class Screen:
    """Lines of a capable terminal."""

    prompts = True

    def __init__(self, console: Console, history: History) -> None:
        self._stack = ExitStack()
        depth = None if Looks.of(console.settings).has_colour else ColorDepth.MONOCHROME
        self._lines: PromptSession[Any] = PromptSession(
            history=_Kept(history),
            completer=_Candidates(console),
            auto_suggest=_Ghost(console, history),
            complete_while_typing=False,
            key_bindings=_keys(console),
            color_depth=depth,
        )
        self._questions: PromptSession[str] = PromptSession(
            history=DummyHistory(),  # no answer is kept
            key_bindings=_answer_keys(),
            color_depth=depth,
        )
        self._agreeing: PromptSession[str] = PromptSession(
            history=DummyHistory(),
            key_bindings=_answer_keys(),
            color_depth=depth,
            is_password=Condition(lambda: not agreeing.may_be_seen(self._typed)),
        )

    @property
    def _typed(self) -> str:
        return self._agreeing.default_buffer.text

    def __enter__(self) -> Screen:
        self._stack.enter_context(patch_stdout(raw=True))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    async def line(self, prompt: str, *, is_hidden: bool) -> str | Pasted | None:
        """Let somebody type a line."""
        while True:
            try:
                if is_hidden:
                    return await self._questions.prompt_async(prompt, is_password=True)
                line: str | Pasted = await self._lines.prompt_async(prompt)
                return line
            except EOFError:
                return None
            except KeyboardInterrupt:  # as in a shell: another line
                if is_hidden:
                    return _CANCEL

    async def answer(self, question: str, *, is_secret: bool) -> str:
        """Ask; Ctrl+C and Ctrl+D are no answer."""
        try:
            if agreeing.is_put(question.rstrip()):
                return await self._agreeing.prompt_async(question)
            return await self._questions.prompt_async(question, is_password=is_secret)
        except (EOFError, KeyboardInterrupt):
            return ""


class _Kept(Past):
    """The history on disk; whoever adds a line there has made sure that it may be kept."""

    def __init__(self, history: History) -> None:
        super().__init__()
        self._history = history

    def load_history_strings(self) -> Iterable[str]:
        """The newest first."""
        return self._history.newest_first()

    async def load(self) -> AsyncGenerator[str, None]:
        """As it is now, for every prompt."""
        for line in self._history.newest_first():
            yield line

    def get_strings(self) -> list[str]:
        """The oldest first."""
        return list(self._history.newest_first())[::-1]

    def append_string(self, string: str) -> None:
        """What was entered is not kept for that alone."""

    def store_string(self, string: str) -> None:
        """The console does."""


class _Candidates(Completer):
    """What the line may become."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def get_completions(self, document: Document, event: CompleteEvent) -> Iterable[Completion]:
        """From the place where all faces have them."""
        before = document.text_before_cursor
        for each in complete(self._console, before):
            yield Completion(
                each.text,
                start_position=each.start - len(before),
                display=visible(each.text),
                display_meta=visible(each.help),
            )


class _Ghost(AutoSuggest):
    """What the line may become, in grey."""

    def __init__(self, console: Console, history: History) -> None:
        self._console, self._history = console, history

    def get_suggestion(self, buffer: Buffer, document: Document) -> Suggestion | None:
        """The rest of the one line there is."""
        text = document.text
        whole = suggest(self._console, text, self._history.newest_first(text))
        return Suggestion(whole[len(text) :]) if whole is not None else None


def _keys(console: Console) -> KeyBindings:
    keys = KeyBindings()

    @keys.add("tab")
    def _(event: KeyPressEvent) -> None:
        """Type the coach's advice on an empty line, else complete."""
        buffer = event.current_buffer
        if not buffer.text:
            buffer.insert_text(advise(console).line)
        elif buffer.complete_state is not None:
            buffer.complete_next()
        else:
            before = buffer.document.text_before_cursor
            found = complete(console, before)
            if len(found) == 1:  # at once: what is typed next comes behind it
                buffer.delete_before_cursor(len(before) - found[0].start)
                buffer.insert_text(found[0].text)
            elif found:
                buffer.start_completion(insert_common_part=True)

    @keys.add(Keys.BracketedPaste)
    def _(event: KeyPressEvent) -> None:
        """Several lines wait for a word."""
        buffer = event.current_buffer
        lines = pasting.split(event.data)
        if len(lines) == 1:
            buffer.insert_text(lines[0])
            return
        before, after = buffer.document.text_before_cursor, buffer.document.text_after_cursor
        lines = [before + lines[0], *lines[1:-1], lines[-1] + after]
        buffer.reset()
        event.app.exit(result=Pasted(lines))

    return keys


def _answer_keys() -> KeyBindings:
    keys = KeyBindings()

    @keys.add(Keys.BracketedPaste)
    def _(event: KeyPressEvent) -> None:
        """An answer is one line."""
        event.current_buffer.insert_text(pasting.split(event.data)[0])

    return keys
