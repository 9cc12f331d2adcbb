"""What a line may become, for every face: the drop-down, the ghost text, the line mode.

Pure and quick: candidates only, never a scan of the transcript.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from smtpconsole.console import vocabulary
from smtpconsole.console.arguments import PATH
from smtpconsole.console.commands import COMMANDS, Command, Parameter
from smtpconsole.console.console import Console
from smtpconsole.console.vocabulary import Completion as Completion
from smtpconsole.smtp.events import Phase


def complete(console: Console, line: str) -> list[Completion]:
    """The candidates for a line up to the cursor, each once."""
    if line.startswith("//") or (line.startswith("#") and console.phase is not Phase.CONTENT):
        return []
    if line.startswith("/"):
        found = _command(console, line)
    elif line.startswith("?") and console.phase is not Phase.CONTENT:
        found = vocabulary.asked(console, line)
    else:
        found = vocabulary.said(console, line)
    return list({each.text: each for each in found}.values())


def suggest(console: Console, line: str, history: Iterator[str]) -> str | None:
    """The whole line that ghost text shows: from the history, or where there is one way only."""
    if not line or console.phase in (Phase.CONTENT, Phase.AUTH):
        return None
    for old in history:
        if old != line:
            return old
    if _is_path(console, line):  # the disk is asked when somebody asks for it
        return None
    found = complete(console, line)
    if len(found) != 1:
        return None
    whole = line[: found[0].start] + found[0].text
    return whole if whole.startswith(line) else None


# --- commands ---------------------------------------------------------------------------------


def _command(console: Console, line: str) -> Iterator[Completion]:
    name, blank, rest = line[1:].partition(" ")
    if not blank:
        for each in COMMANDS.values():
            if each.name.startswith(name.lower()):
                tail = " " if each.parameters else ""
                yield Completion(f"/{each.name}{tail}", 0, each.sentence)
        return
    if name.lower() == "explain":
        yield from vocabulary.asked(console, line)
        return
    command = COMMANDS.get(name.lower())
    if command is None:
        return
    before, raw, word = _words(rest)
    start = len(line) - len(raw)
    if word.startswith("--") and "=" in word:
        yield from _joined(console, command, before, word, start)
    elif word.startswith("-"):
        yield from _options(command, before, word, start)
    else:
        for parameter in _expected(command, before):
            for text in parameter.kind.completed(console, _positional(command, before), word):
                yield Completion(_quoted(text), start, _told(parameter))


def _words(text: str) -> tuple[list[str], str, str]:
    """The words that are complete, the one being typed as it stands, and what it means."""
    before: list[str] = []
    begun, quote, at, is_escaped = "", "", 0, False
    for index, char in enumerate(text):
        if is_escaped:
            begun, is_escaped = begun + char, False
        elif char == "\\" and quote != "'":
            is_escaped = True
        elif quote:
            begun, quote = (begun, "") if char == quote else (begun + char, quote)
        elif char in "\"'":
            quote = char
        elif char.isspace():
            if text[at:index]:
                before.append(begun)
            begun, at = "", index + 1
        else:
            begun += char
    return before, text[at:], begun


def _quoted(text: str) -> str:
    """A word that may stand in a line; the ~ of a path goes on to mean a home."""
    if text.startswith("~/") and shlex.quote(text[2:]) == text[2:]:
        return text
    return shlex.quote(text) if text else text


def _options(command: Command, before: list[str], word: str, start: int) -> Iterator[Completion]:
    for option, parameter in command.options.items():
        if option.startswith(word) and option not in before:
            yield Completion(option, start, _told(parameter))


def _joined(
    console: Console, command: Command, before: list[str], word: str, start: int
) -> Iterator[Completion]:
    """--option=value"""
    option, _, value = word.partition("=")
    parameter = command.options.get(option)
    if parameter is not None and not parameter.is_flag:
        for text in parameter.kind.completed(console, _positional(command, before), value):
            yield Completion(f"{option}={_quoted(text)}", start, _told(parameter))


def _told(parameter: Parameter) -> str:
    return "" if parameter.is_flag else parameter.kind.name


def _positional(command: Command, before: list[str]) -> list[str]:
    """The words that are no options, and no values of any."""
    found: list[str] = []
    is_value = False
    for word in before:
        if is_value or word in command.options:
            is_value = not is_value and not command.options[word].is_flag
        elif not word.startswith("--"):
            found.append(word)
    return found


def _expected(command: Command, before: list[str]) -> Iterator[Parameter]:
    """The parameter whose word is being typed; several, where some may be left out."""
    if before and before[-1] in command.options and not command.options[before[-1]].is_flag:
        yield command.options[before[-1]]
        return
    left = command.positional
    for word in _positional(command, before):
        while left and left[0].kind.fits is not None and not left[0].kind.fits(word):
            left.pop(0)
        if left and left[0].kind.is_rest:
            break
        del left[:1]
    # What need not be there may be left out, and the next be written.
    optional = next((n for n, each in enumerate(left) if each.kind.fits is None), len(left))
    yield from left[: optional + 1]


def _is_path(console: Console, line: str) -> bool:
    name, blank, rest = line[1:].partition(" ")
    command = COMMANDS.get(name.lower()) if line.startswith("/") and blank else None
    if command is None:
        return False
    wanted = _expected(command, _words(rest)[0])
    return any(each.kind.complete is PATH.complete for each in wanted)
