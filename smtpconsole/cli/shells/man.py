"""The manual page, in the macros of man(7)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib.metadata import version

from smtpconsole.cli.shells import Option, Words


def script(everything: Sequence[Words]) -> str:
    """The page."""
    program, *commands = everything
    return "\n".join([*_program(program), *_commands(commands), *_end()]) + "\n"


def _program(words: Words) -> Iterator[str]:
    yield f'.TH SMTPCONSOLE 1 "" "smtpconsole {version("smtpconsole")}" "User Commands"'
    yield ".SH NAME"
    yield "smtpconsole \\- talk to a mail server, see every byte, know why"
    yield ".SH SYNOPSIS"
    yield f".B smtpconsole\n{_text(words.usage)}"
    yield ".br"
    yield ".B smtpconsole\n.I COMMAND\n[OPTIONS] ..."
    yield ".SH DESCRIPTION"
    yield from _prose(words.text)
    yield ".SH OPTIONS"
    yield from _options(words.options)


def _commands(commands: Sequence[Words]) -> Iterator[str]:
    yield ".SH COMMANDS"
    for words in commands:
        yield f".SS smtpconsole {words.name} {_text(words.usage)}"
        yield from _prose(words.text)
        yield from _options(words.options)


def _options(options: Sequence[Option]) -> Iterator[str]:
    for option in options:
        names = ", ".join(f"\\fB{_text(name)}\\fR" for name in option.names)
        value = f" \\fI{_text(option.metavar)}\\fR" if option.takes_value else ""
        yield f".TP\n{names}{value}\n{_text(option.help)}"
        is_short = 0 < len(option.values) < 20
        if is_short and not any(each.startswith("(") for each in option.values):
            yield f"One of {_text(', '.join(option.values))}."


def _prose(text: str) -> Iterator[str]:
    for part in re.split(r"\n\s*\n", text.strip()):
        lines = part.splitlines()
        if lines and lines[0].strip() == "\b":  # click's mark: as it stands
            yield ".PP\n.nf"
            yield from map(_text, lines[1:])
            yield ".fi"
        else:
            yield ".PP"
            yield " ".join(_text(line.strip()) for line in lines)


def _end() -> Iterator[str]:
    yield ".SH ENVIRONMENT"
    for name, told in (
        ("SMTPCONSOLE_NAME, ...", "Every setting: its name in capitals, _ for -."),
        ("SMTPCONSOLE_CONFIG", "The folder of config.toml, and of templates."),
        ("SMTPCONSOLE_STATE", "The folder of what is kept of sessions."),
        ("NO_COLOR", "No colours."),
        ("VISUAL, EDITOR", "What texts are edited in."),
        ("SSLKEYLOGFILE", "Where secrets of TLS are written, for Wireshark."),
    ):
        yield f".TP\n.B {_text(name)}\n{_text(told)}"


def _text(text: str) -> str:
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("\n", " ")
    text = "".join(char if char.isascii() else f"\\[u{ord(char):04X}]" for char in text)
    return f"\\&{text}" if text.startswith((".", "'")) else text
