"""The language of checks: one line of a lesson, and whether the wire has shown it since.

A check is a predicate over a `View`: what the journal holds since a step began, what arrived in
that time, and where the session stands.  One kind of check is one entry of `KINDS`, under `@kind`.
Patterns are regular expressions, found anywhere, whether large or small letters.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from smtpconsole.smtp.events import (
    Event,
    Phase,
)
from smtpconsole.transcript.journal import Entry

if TYPE_CHECKING:
    from smtpconsole.sandbox.mailbox import Letter

E = TypeVar("E", bound=Event)

_LONGEST = 4096  # characters of a line that are looked at


# No slots: the cached property lives in the instance's dictionary.
@dataclass(frozen=True)
class View:
    """What a check looks at."""

    entries: Sequence[Entry] = ()  # since the step began
    letters: Sequence[Letter] = ()  # that arrived since
    phase: Phase | None = None  # of the session now; None without a connection
    identity: str | None = None  # who is logged in now
    typed: Sequence[str] = ()  # lines at the prompt since, whatever became of them

    @cached_property
    def seen(self) -> tuple[Entry, ...]:
        """The entries, each read once."""
        return tuple(self.entries)

    def events(self, cls: type[E]) -> Iterator[E]:
        """The events of a type."""
        return (entry.event for entry in self.seen if isinstance(entry.event, cls))

    def letter_lines(self) -> Iterator[str]:
        """The lines of the bodies that arrived."""
        for letter in self.letters:
            _, _, body = letter.content.partition(b"\r\n\r\n")
            yield from body.decode("utf-8", "surrogateescape").splitlines()


Test = Callable[[View], bool]
Make = Callable[[str], tuple[Test, str]]


class CheckError(ValueError):
    """A check cannot be read: what is wrong, and what would be right."""

    def __init__(self, text: str, remedy: str) -> None:
        super().__init__(text)
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that has to be seen."""

    line: str  # as it is written in the lesson
    words: str  # as a learner reads it
    holds: Test
    is_negative: bool = False  # it holds until something happens


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of check."""

    usage: str
    sentence: str  # when it holds
    make: Make


KINDS: dict[str, Kind] = {}
_NOTS = 2


def kind(usage: str) -> Callable[[Make], Make]:
    """Register a kind of check by its usage, which begins with its name."""

    def register(make: Make) -> Make:
        KINDS[usage.split()[0]] = Kind(usage, (make.__doc__ or "").strip(), make)
        return make

    return register


def parse(line: str, words: Mapping[str, str] | None = None) -> Check:
    """A check as it is written; CheckError says what is wrong with it.

    Two blanks and a `#` begin the words that a learner reads instead of those made here.  What
    stands in braces is taken from `words`.
    """
    rule, _, label = line.strip().partition("  # ")
    found = _parse(filled(rule.strip(), words or {}, re.escape), rule.strip())
    label = filled(label.strip(), words or {})
    return replace(found, line=line.strip(), words=label or _plain(found.words))


def _parse(rule: str, line: str, nots: int = 0) -> Check:
    name, _, rest = rule.partition(" ")
    if name == "not":
        if nots == _NOTS:
            raise CheckError(f"not stands more than {_NOTS} times in it", "say it once")
        other = _parse(rest.strip(), line, nots + 1)
        is_negative = not other.is_negative
        return Check(line, f"not: {other.words}", lambda view: not other.holds(view), is_negative)
    found = KINDS.get(name)
    if found is None:
        near = difflib.get_close_matches(name, [*KINDS, "not"], n=1, cutoff=0.5)
        remedy = f"did you mean {near[0]}?" if near else f"there are {', '.join(KINDS)} and not"
        raise CheckError(f"{name!r} is no check" if name else "there is no check here", remedy)
    try:
        holds, words = found.make(rest.strip())
    except (re.error, RecursionError) as error:
        raise CheckError(
            f"the pattern cannot be read: {error}", "write a regular expression as Python's re has"
        ) from error
    except (ValueError, OverflowError) as error:
        raise CheckError(str(error), f"write {found.usage}") from error
    return Check(line, words, holds)


def filled(
    text: str, words: Mapping[str, str], change: Callable[[str], str] = lambda word: word
) -> str:
    """The text with what stands for the sandbox at hand in place of its {names}."""
    return _NAMED.sub(
        lambda found: change(words[found[1]]) if found[1] in words else found[0], text
    )


_NAMED = re.compile(r"\{(\w+|key [\w.-]+)\}")


_SHOWN = (
    (re.compile(r"\(\?[a-z]+\)|\\b|(?<!\\)[\^$]"), ""),
    (re.compile(r"(?:\\s|(?<= ))[+*]"), " "),
    (re.compile(r"(?<!\\)\.[*+]\??|\\[Sw][+*]?"), "…"),
    (re.compile(r"\\d(?:[+*]|\{[\d,]+\})?"), "…"),
    (re.compile(r"\\([^\w])"), r"\1"),
    (re.compile(r" {2,}"), " "),
)


def _plain(words: str) -> str:
    """A pattern as a person reads it, as far as that can be said."""
    for pattern, instead in _SHOWN:
        words = pattern.sub(instead, words)
    return words.strip()
