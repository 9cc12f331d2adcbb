"""Transcripts of others read into a journal, on which all that works on our own works, too.

1. A reader is a file here: `weigh` says how much a text looks like its format, `parse` makes
   lines of both sides out of it.  The heaviest wins; nobody need say what a text is.
2. Reading is total: any text gives a journal.  What could not be read is told by line number.
3. What is secret by its place (AUTH, and answers to challenges) is known as such from then on, and
   never shown, though the text that was read had it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from smtpconsole import registry
from smtpconsole.transcript.journal import Journal
from smtpconsole.transcript.reading.retelling import Heard, Retelling

_LIMIT = 20  # problems that are told one by one
_ENOUGH = 0.3  # of the lines must be of a format
_SAMPLE = 2000  # lines that are weighed

Weigh = Callable[[Sequence[str]], float]
Parse = Callable[[Sequence[str], "Problems"], Iterable[Heard]]


class Unreadable(ValueError):
    """A text is no transcript that can be read; says what could be."""


class Problems:
    """What could not be read."""

    def __init__(self) -> None:
        self._told: list[str] = []
        self._count = 0

    def add(self, number: int, what: str) -> None:
        """A line, counted from 1, and what is the matter with it."""
        self._count += 1
        if self._count <= _LIMIT:
            self._told.append(f"line {number} {what}")

    def told(self) -> tuple[str, ...]:
        """All of them, or the first of many."""
        more = self._count - len(self._told)
        return (*self._told, f"and {more} more lines") if more else tuple(self._told)


@dataclass(frozen=True, slots=True)
class Reader:
    """A format that can be read."""

    name: str
    weigh: Weigh  # how much of the text is in this format, from 0 to 1
    parse: Parse
    is_own: bool = False  # it says itself what was odd; nothing is remarked on again
    began: Callable[[Sequence[str]], datetime | None] = lambda lines: None  # if the text tells


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of it."""

    journal: Journal
    format: str
    problems: tuple[str, ...] = ()


READERS: dict[str, Reader] = {}


def reader(
    name: str,
    weigh: Weigh,
    *,
    is_own: bool = False,
    began: Callable[[Sequence[str]], datetime | None] = lambda lines: None,
) -> Callable[[Parse], Parse]:
    """Register a parse function."""

    def register(parse: Parse) -> Parse:
        READERS[name] = Reader(name, weigh, parse, is_own, began)
        return parse

    return register


def read(text: str | bytes) -> Reading:
    """A transcript in whatever format; Unreadable if it is in none that is known."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "surrogateescape")
    lines = text.removeprefix("\ufeff").split("\n")
    lines = [line.removesuffix("\r") for line in lines]
    while lines and not lines[-1].strip():
        lines.pop()
    chosen = _chosen(lines)
    problems = Problems()
    retelling = Retelling(remarks=not chosen.is_own)
    for heard in chosen.parse(lines, problems):
        retelling.hear(heard)
    retelling.end()
    retelling.journal.began = chosen.began(lines) or retelling.journal.began
    if not len(retelling.journal):
        raise Unreadable("there is no line of a session in it")
    return Reading(retelling.journal, chosen.name, problems.told())


def _chosen(lines: Sequence[str]) -> Reader:
    sample = [line for line in lines[:_SAMPLE] if line.strip()]
    weights = {name: each.weigh(sample) for name, each in READERS.items()} if sample else {}
    best = max(weights, key=lambda name: weights[name], default="")
    if not best or weights[best] < _ENOUGH:
        known = ", ".join(sorted(READERS))
        raise Unreadable(f"it is no transcript that is known here; known are {known}")
    return READERS[best]


registry.load(__name__, __path__)
