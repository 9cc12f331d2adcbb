"""What Python's smtplib writes with `set_debuglevel(1)`, or with times before it, `(2)`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from smtpconsole.smtp.events import Dialling, Target
from smtpconsole.transcript.reading import Problems, reader
from smtpconsole.transcript.reading.retelling import Heard
from smtpconsole.transcript.turns import Side

_LINE = re.compile(
    r"(?:(?P<clock>\d{1,2}:\d\d:\d\d\.\d{1,9}) )?(?P<what>send|reply|connect|data): ?(?P<rest>.*)$"
)
_TO = re.compile(r"to \('(?P<host>[^']{1,255})', (?P<port>\d{1,5})\)")
_QUOTED = re.compile(r"b?(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")$", re.DOTALL)


def _weigh(lines: Sequence[str]) -> float:
    found = [match for line in lines if (match := _LINE.match(line)) is not None]
    has_literal = any(match["rest"][:2] in ("b'", 'b"') for match in found)
    return 1.1 * len(found) / len(lines) if has_literal else 0.0


@reader("smtplib", _weigh)
def smtplib(lines: Sequence[str], problems: Problems) -> Iterator[Heard]:
    """The debug output of smtplib."""
    first: float | None = None
    for number, line in enumerate(lines, 1):
        found = _LINE.match(line)
        if found is None:
            if line.strip():
                problems.add(number, "is none of smtplib's")
            continue
        clock = _seconds(found["clock"])
        first = clock if first is None else first
        at = clock - first if clock is not None and first is not None else None
        heard = _heard(found["what"], found["rest"])
        if isinstance(heard, str):
            problems.add(number, heard)
        elif heard is not None:
            heard.at = at
            yield heard


def _heard(what: str, rest: str) -> Heard | str | None:
    """What a line tells; None if another line tells it, too."""
    if what == "connect" and (to := _TO.match(rest)) is not None:
        target = Target(to["host"], int(to["port"]))
        return Heard(Side.CONSOLE, event=Dialling(target))
    if what in ("connect", "data") or rest.startswith("retcode "):
        return None
    octets = _octets(rest)
    if octets is None:
        return "has no octets that can be read"
    return Heard(Side.CLIENT if what == "send" else Side.SERVER, octets)


def _octets(text: str) -> bytes | None:
    """The octets of a literal."""
    if _QUOTED.match(text) is None:
        return None
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else bytes(value)


def _seconds(clock: str | None) -> float | None:
    if clock is None:
        return None
    hours, minutes, seconds = clock.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
