"""One line of input, and what it is: said, a command, a question, a remark.

    MAIL FROM:<a@example.org>    is said verbatim, whatever the session expects
    /connect mail.example.org    talks to the console
    //etc                        says a line that begins with a slash
    ?550 5.7.1                   explains
    # the second try             is a remark, kept in the journal

While message content is being typed, only the slash is special.  In a command `$NAME` stands for a
variable, but between single quotes.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.scripting import variables
from smtpconsole.console.scripting.variables import Lookup

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


def parse(
    line: str, *, in_content: bool = False, lookup: Lookup | None = None
) -> Say | Call | Remark:
    """What a line means; ConsoleError if a command's quotes do not match.

    `lookup` has the values of variables; without it their names stay.
    """
    if line.startswith("//"):
        return Say(line[1:].encode("utf-8", "surrogateescape"))
    if line.startswith("/"):
        name, _, rest = line[1:].partition(" ")
        if not name:
            raise ConsoleError("a slash alone is no command", next=("/help",))
        name = name.lower()
        if name in VERBATIM:
            return Call(name, tuple(rest.strip().split(" ", VERBATIM[name])) if rest else ())
        return Call(name, tuple(_words(rest, lookup)))
    if not in_content and line.startswith("?"):
        return Call("explain", tuple(line[1:].split()))
    if not in_content and line.startswith("#"):
        return Remark(line[1:].strip())
    return Say(line.encode("utf-8", "surrogateescape"))


def _words(text: str, lookup: Lookup | None) -> list[str]:
    marked, names = _marked(text)
    try:
        words = split(marked if lookup is not None else text)
    except ValueError as error:
        raise ConsoleError(
            f"the command cannot be read: {str(error).lower()}",
            'a word with blanks stands between quotes: /send --subject "a test"',
        ) from error
    if lookup is None or _MARK not in marked:
        return words
    values = [name if name == "$" else lookup(name) for name in names]
    return [_MARKED.sub(lambda found: values[int(found[1])], word) for word in words]


_PART = re.compile(
    r"""(?P<blanks>[ \t\r\n]+)|(?P<plain>[^ \t\r\n'"\\]+)|'(?P<single>[^']*)'"""
    r"""|"(?P<double>(?:[^"\\]|\\.)*)"|\\(?P<escaped>.)""",
    re.DOTALL,
)
_IN_QUOTES = re.compile(r"\\([\"\\])")


def split(text: str) -> list[str]:
    """The words as a shell has them; ValueError where a quote has no end.

    `shlex` does the same, in a time that grows with the square of a word's length.
    """
    words: list[str] = []
    parts: list[str] | None = None  # of the word under way
    at = 0
    while at < len(text):
        found = _PART.match(text, at)
        if found is None:
            raise ValueError("No escaped character" if text[at] == "\\" else "No closing quotation")
        at = found.end()
        if found["blanks"]:
            if parts is not None:
                words.append("".join(parts))
            parts = None
            continue
        parts = parts if parts is not None else []
        double = found["double"]
        parts.append(
            _IN_QUOTES.sub(r"\1", double)
            if double is not None
            else found["plain"] or found["single"] or found["escaped"] or ""
        )
    return words if parts is None else [*words, "".join(parts)]


_MARK = "\ue000"  # of private use: what is a variable once the words are cut
_MARKED = re.compile(f"{_MARK}([0-9]+){_MARK}")
# What is quoted twice, what is quoted once or escaped, and variables.  A quote without an end is
# taken to the end of the text, so that nothing is looked at twice.
_PIECE = re.compile(
    rf"'[^']*'|\\.|{variables.USE.pattern}|(?P<quoted>\"(?:[^\"\\]|\\.)*(?:\"|\\?\Z))", re.DOTALL
)


def _marked(text: str) -> tuple[str, list[str]]:
    """The text with marks for its variables, and their names; "$" for a dollar."""
    names: list[str] = []

    def mark(found: re.Match[str]) -> str:
        if found.re is _PIECE and found["quoted"]:
            return variables.USE.sub(mark, found[0])
        name = found[1] or found[2] or found[3]
        if not name:
            return found[0]
        names.append(name)
        return f"{_MARK}{len(names) - 1}{_MARK}"

    return _PIECE.sub(mark, text.replace(_MARK, "")), names


def names(line: str) -> list[str]:
    """The variables that a command needs."""
    return [name for name in _marked(line)[1] if name != "$"]


def quoted(word: str) -> str:
    """A word as it is written in a command."""
    return shlex.quote(word)


_ESCAPE = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|(.?))", re.DOTALL)
_ESCAPED = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"0": b"\0", b"\\": b"\\"}


def unescaped(text: str) -> bytes:
    """The octets that a text with escapes stands for; ConsoleError if it stands for none."""

    def octet(found: re.Match[bytes]) -> bytes:
        return bytes.fromhex(found[1].decode("ascii")) if found[1] else _ESCAPED[found[2]]

    try:
        return _ESCAPE.sub(octet, text.encode("utf-8", "surrogateescape"))
    except KeyError as error:
        raise ConsoleError(
            "an escape cannot be read; nothing was sent", r"known are \r \n \t \0 \xNN \\"
        ) from error


def secret_of(line: str) -> str:
    """What must not be kept of a line that is to be said: what AUTH begins with."""
    found = _AUTH.fullmatch(line)
    return found[1] if found is not None else ""


def without(line: str, secrets: list[str]) -> str:
    """A line that can be kept: what is secret in it is not shown."""
    for secret in secrets:
        line = line.replace(secret, "[not shown]") if secret else line
    return line
