"""One line of input, and what it is: said, a command, a question, a remark.

    MAIL FROM:<a@example.org>    is said verbatim, whatever the session expects
    /connect mail.example.org    talks to the console
    //etc                        says a line that begins with a slash
    ?550 5.7.1                   explains
    # the second try             is a remark, kept in the journal

While message content is being typed, only the slash is special.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from smtpconsole.console.answers import ConsoleError

VERBATIM = {"repeat": 1, "edit": 1}  # commands that take a line, and how many words before it

_AUTH = re.compile(r"\s*AUTH\s+\S+\s+(\S.*)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Say:
    """Octets for the server, without their line end."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Call:
    """A console command with its words, quotes resolved."""

    name: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Remark:
    """A note to oneself."""

    text: str


def parse(line: str, *, in_content: bool = False) -> Say | Call | Remark:
    """What a line means; ConsoleError if a command's quotes do not match."""
    if line.startswith("//"):
        return Say(line[1:].encode("utf-8", "surrogateescape"))
    if line.startswith("/"):
        name, _, rest = line[1:].partition(" ")
        if not name:
            raise ConsoleError("a slash alone is no command", next=("/help",))
        name = name.lower()
        if name in VERBATIM:
            return Call(name, tuple(rest.strip().split(" ", VERBATIM[name])) if rest else ())
        return Call(name, tuple(_words(rest)))
    if not in_content and line.startswith("?"):
        return Call("explain", tuple(line[1:].split()))
    if not in_content and line.startswith("#"):
        return Remark(line[1:].strip())
    return Say(line.encode("utf-8", "surrogateescape"))


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise ConsoleError(
            f"the command cannot be read: {str(error).lower()}",
            'a word with blanks stands between quotes: /send --subject "a test"',
        ) from error


def unescaped(text: str) -> bytes:
    """The octets that a text with escapes stands for; ConsoleError if it stands for none."""
    try:
        return text.encode("utf-8").decode("unicode_escape").encode("latin-1")
    except (UnicodeDecodeError, UnicodeEncodeError) as error:
        raise ConsoleError(
            "an escape cannot be read; nothing was sent", r"known are \r \n \t \0 \xNN \\"
        ) from error


def secret_of(line: str) -> str:
    """What must not be kept of a line that is to be said: what AUTH begins with."""
    found = _AUTH.fullmatch(line)
    return found[1] if found is not None else ""
