"""What a line may become: verbs, commands and their arguments, parameters, addresses seen.

Pure and quick: candidates only, never a scan of the transcript.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from smtpconsole import knowledge
from smtpconsole.console.commands import COMMANDS, Parameter
from smtpconsole.console.console import Console
from smtpconsole.smtp.events import Phase

_PATHS = {"MAIL FROM:": "sender", "RCPT TO:": "recipient"}
_PARAMETERS = {
    "SIZE": "SIZE=",
    "8BITMIME": "BODY=8BITMIME",
    "SMTPUTF8": "SMTPUTF8",
    "DSN": "RET=HDRS",
}


@dataclass(frozen=True, slots=True)
class Completion:
    """A candidate: `text` replaces what stands from `start` to the cursor."""

    text: str
    start: int
    help: str = ""


def complete(console: Console, line: str) -> list[Completion]:
    """The candidates for a line up to the cursor."""
    if line.startswith("/"):
        return list(_complete_command(console, line))
    if console.phase in (Phase.CONTENT, Phase.AUTH):
        return []
    upper = line.upper()
    for opening in _PATHS:
        if upper.startswith(opening):
            return list(_complete_path(console, line, opening))
    if upper.startswith("AUTH "):
        word = upper[5:]
        return [
            Completion(name, 5, "offered by the server")
            for name in console.mechanisms
            if name.startswith(word)
        ]
    return list(_complete_verb(console, upper))


def suggest(console: Console, line: str, history: Iterator[str]) -> str | None:
    """The whole line that ghost text shows: from the history, or where there is one way only."""
    if not line:
        return None
    for old in history:
        if old != line:
            return old
    found = complete(console, line)
    if len(found) != 1:
        return None
    whole = line[: found[0].start] + found[0].text
    return whole if whole.startswith(line) else None


def _complete_verb(console: Console, upper: str) -> Iterator[Completion]:
    offered = console.connection.session.capabilities if console.connection is not None else None
    for verb in knowledge.verbs():
        head = _head(verb.syntax, console)
        if head.upper().startswith(upper) and head.upper() != upper:
            is_usual = verb.name in _USUAL or (offered is not None and verb.name in offered)
            if is_usual:
                yield Completion(head, 0, verb.sentence)


_USUAL = {
    "EHLO",
    "HELO",
    "MAIL",
    "RCPT",
    "DATA",
    "RSET",
    "NOOP",
    "QUIT",
    "VRFY",
    "STARTTLS",
    "HELP",
}
_HEADS = {"MAIL": "MAIL FROM:<", "RCPT": "RCPT TO:<"}


def _head(syntax: str, console: Console) -> str:
    """The part of a verb's syntax that is the same every time."""
    verb = syntax.split(" ", 1)[0]
    if verb in ("EHLO", "HELO"):
        return f"{verb} {console.settings.name}"
    return _HEADS.get(verb, verb)


def _complete_path(console: Console, line: str, opening: str) -> Iterator[Completion]:
    rest = line[len(opening) :]
    if ">" in rest:
        if opening == "MAIL FROM:" and " " in rest and console.connection is not None:
            word = rest.rsplit(" ", 1)[1]
            known = console.connection.session.capabilities
            for keyword, parameter in _PARAMETERS.items():
                if keyword in known and parameter.startswith(word.upper()):
                    yield Completion(parameter, len(line) - len(word), f"{keyword} is offered")
        return
    typed = rest.lstrip().removeprefix("<")
    for address in console.addresses_seen:
        if address.startswith(typed):
            yield Completion(f"<{address}>", len(opening), "seen before")


def _complete_command(console: Console, line: str) -> Iterator[Completion]:
    name, blank, rest = line[1:].partition(" ")
    if not blank:
        for each in COMMANDS.values():
            if each.name.startswith(name):
                tail = " " if each.parameters else ""
                yield Completion(f"/{each.name}{tail}", 0, each.sentence)
        return
    command = COMMANDS.get(name)
    if command is None:
        return
    *before, word = rest.split(" ")
    start = len(line) - len(word)
    if word.startswith("-"):
        for option, parameter in command.options.items():
            if option.startswith(word):
                yield Completion(
                    option, start, parameter.kind.name if not parameter.is_flag else ""
                )
        return
    for parameter in _expected(command.options, command.positional, before):
        for text in parameter.kind.complete(console, word):
            yield Completion(text, start, parameter.kind.name)


def _expected(
    options: dict[str, Parameter], positional: list[Parameter], before: list[str]
) -> Iterator[Parameter]:
    """The parameter whose word is being typed."""
    if before and before[-1] in options and not options[before[-1]].is_flag:
        yield options[before[-1]]
        return
    left = list(positional)
    skip = False
    for word in before:
        if skip or word in options:
            skip = word in options and not options[word].is_flag
            continue
        while left and left[0].kind.fits is not None and not left[0].kind.fits(word):
            left.pop(0)
        if left and not left[0].kind.is_list:
            left.pop(0)
    # What need not be there may be left out, and the next be written.
    optional = next((n for n, each in enumerate(left) if each.kind.fits is None), len(left))
    yield from left[: optional + 1]
