"""Words and octets for a shell, such that every character of them prints.

What a POSIX shell cannot carry in a word, NUL, is left out there; `printf` carries all.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence

from smtpconsole.visible import visible


def word(text: str) -> str:
    """A word that a shell reads as the text."""
    text = text.replace("\0", "")
    if text.isprintable():
        return shlex.quote(text)
    stem = text.rstrip("\n")
    ends = text[len(stem) :]  # which a substitution would drop
    octets = stem.encode("utf-8", "surrogateescape")
    return f'"$(printf %b {_escaped(octets)})"' + (f"'{ends}'" if ends else "")


def plain(text: str) -> str:
    """A word of the console's language; what does not print becomes visible."""
    return shlex.quote(visible(text))


def command(words: Sequence[str], *, width: int = 88) -> str:
    """A command line of words, in lines of a bearable length."""
    lines, line = [], ""
    for each in map(word, words):
        if line and len(line) + len(each) + 1 > width and each.startswith("-"):
            lines.append(line)
            line = f"    {each}"
        else:
            line = f"{line} {each}" if line else each
    return " \\\n".join([*lines, line])


def printed(data: bytes) -> Iterator[str]:
    """Lines of shell that write the octets, one for each line of them; all are one command."""
    *lines, rest = data.split(b"\r\n")
    if lines:
        yield "printf '%b\\r\\n'"
        yield from (f"    {_escaped(line)}" for line in lines)
    if rest:
        if lines:
            yield "&& printf %b"
            yield f"    {_escaped(rest)}"
        else:
            yield f"printf %b {_escaped(rest)}"


def piped(data: bytes, words: Sequence[str]) -> str:
    """The octets as standard input of a command."""
    lines = list(printed(data))
    text = " \\\n".join(lines) if lines else "printf ''"
    if "&& printf" in text:
        text = f"{{ {text}; }}"
    return f"{text} |\n{command(words)}"


def remarks(texts: Iterable[str]) -> Iterator[str]:
    """Texts as comments."""
    yield from (f"# {visible(text)}".rstrip() for text in texts)


def _escaped(data: bytes) -> str:
    """A word for the %b of printf."""
    text = data.decode("utf-8", "surrogateescape")
    told = "".join(
        "\\\\" if char == "\\" else char if char.isprintable() else _octal(char) for char in text
    )
    return shlex.quote(told)


def _octal(char: str) -> str:
    return "".join(f"\\0{octet:03o}" for octet in char.encode("utf-8", "surrogateescape"))
