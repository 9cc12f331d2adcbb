"""The manual page, in the macros of man(7)."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from importlib.metadata import version

from smtpconsole.cli import EXAMPLES
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
        if words.end:
            yield from (".PP", ".nf", *map(_text, words.end.splitlines()), ".fi")


def _options(options: Sequence[Option]) -> Iterator[str]:
    for option in options:
        names = ", ".join(f"\\fB{_text(name)}\\fR" for name in option.names)
        value = f" \\fI{_text(option.metavar)}\\fR" if option.takes_value else ""
        yield f".TP\n{names}{value}"
        yield from _lines(option.help)
        is_short = 0 < len(option.values) < 20
        if is_short and not any(each.startswith("(") for each in option.values):
            yield from _lines(f"One of {', '.join(option.values)}.")


def _prose(text: str) -> Iterator[str]:
    """Paragraphs; what stands in front of the first has begun it."""
    for number, part in enumerate(re.split(r"\n\s*\n", text.strip())):
        lines = part.splitlines()
        if number:
            yield ".PP"
        if lines and lines[0].strip() == "\b":  # click's mark: as it stands
            yield ".nf"
            yield from map(_text, lines[1:])
            yield ".fi"
        else:
            yield from _lines(part)


def _lines(text: str) -> Iterator[str]:
    """A paragraph in lines of a length to be read, each sentence on a line of its own."""
    for sentence in re.split(
        r"(?<=[.?!:;]) {2,}|(?<=[a-z)][.?!]) (?=[A-Z])", " ".join(text.split())
    ):
        yield from map(_text, textwrap.wrap(sentence, 72, break_on_hyphens=False))


def _end() -> Iterator[str]:
    yield ".SH EXAMPLES"
    for line, told in EXAMPLES:
        yield f".TP\n.B {_text(line)}\n{_text(told)}"
    for title, rows in (("ENVIRONMENT", _ENVIRONMENT), ("FILES", _FILES)):
        yield f".SH {title}"
        for name, told in rows:
            yield f".TP\n.B {_text(name)}"
            yield from _lines(told)
    yield ".SH SEE ALSO"
    yield ".BR swaks (1),\n.BR openssl (1),\n.BR posttls\\-finger (1)"


_ENVIRONMENT = (
    ("SMTPCONSOLE_NAME, ...", "Every setting: its name in capitals, _ for -."),
    ("SMTPCONSOLE_CONFIG", "The folder of config.toml, and of templates."),
    ("SMTPCONSOLE_STATE", "The folder of what is kept of sessions."),
    ("SMTP_PASSWORD", "The password where nobody can be asked: send, run, replay."),
    ("NO_COLOR", "No colours."),
    ("COLORTERM", "truecolor, where the terminal has all colours; else it has sixteen."),
    ("TEXTUAL_THEME", "Other colours: smtpconsole-light, or a theme of Textual's."),
    ("VISUAL, EDITOR", "What texts are edited in."),
    ("SSLKEYLOGFILE", "Where secrets of TLS are written, for Wireshark."),
)
_FILES = (
    ("~/.config/smtpconsole/config.toml", "Settings, profiles and keys; see smtpconsole settings."),
    ("~/.config/smtpconsole/templates/", "Messages to begin with."),
    ("~/.local/state/smtpconsole/journals/", "The sessions, for their owner alone."),
    ("~/.netrc", "Users and passwords, where they are asked for by --netrc."),
)


def _text(text: str) -> str:
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("\n", " ")
    text = "".join(char if char.isascii() else f"\\[u{ord(char):04X}]" for char in text)
    return f"\\&{text}" if text.startswith((".", "'")) else text
