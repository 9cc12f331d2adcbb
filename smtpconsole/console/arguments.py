"""What a command takes: each kind of argument parses, completes and describes itself.

A command declares its arguments in its signature, `who: Annotated[str, ADDRESS] = ""`; a
parameter that is keyword-only is an option, and a `bool` one a flag.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.targets import parse_target, password_of
from smtpconsole.smtp.targets import SCHEMES

if TYPE_CHECKING:
    from smtpconsole.console.console import Console

Complete = Callable[["Console", str], Iterable[str]]
CompleteAfter = Callable[["Console", Sequence[str], str], Iterable[str]]


def _nothing(console: Console, word: str) -> Iterable[str]:
    return ()


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of argument."""

    name: str  # as help shows it
    parse: Callable[[str], Any] = str
    complete: Complete = _nothing
    is_secret: bool = False
    is_rest: bool = False  # takes all words that are left
    is_list: bool = False  # as a tuple, with options among them
    hides: Callable[[str], str] | None = None  # the part of a word that must not be kept
    fits: Callable[[str], bool] | None = None  # a word that does not is the next argument's
    hides_after: Callable[[Sequence[str], str], str] | None = None  # ... behind some others
    complete_after: CompleteAfter | None = None  # where it depends on the words before
    sentence: str = ""  # what it is, for /help

    def completed(self, console: Console, before: Sequence[str], word: str) -> Iterable[str]:
        """What a word may become behind some others."""
        if self.complete_after is not None:
            return self.complete_after(console, before, word)
        return self.complete(console, word)


def choice(*names: str) -> Kind:
    """One of some words."""

    def parse(text: str) -> str:
        for name in names:
            if name.lower() == text.lower():
                return name
        raise ConsoleError(f"{text!r} is not among {', '.join(names)}")

    def complete(console: Console, word: str) -> Iterable[str]:
        return (name for name in names if name.lower().startswith(word.lower()))

    return Kind("|".join(names), parse, complete)


_DIGITS = 15
_YES = {"yes": "yes", "on": "yes", "true": "yes", "no": "no", "off": "no", "false": "no"}


def _switch(text: str) -> str:
    if text.lower() not in _YES:
        raise ConsoleError(f"{text!r} is neither yes nor no", "write yes or no")
    return _YES[text.lower()]


SWITCH = Kind("yes|no", _switch, choice("yes", "no").complete)


def is_number(text: str) -> bool:
    """Digits, and not more of them than anybody counts to."""
    return text.isascii() and text.isdecimal() and len(text) <= _DIGITS


def _number(text: str) -> int:
    if not is_number(text):
        raise ConsoleError(f"{text[:40]!r} is not a number")
    return int(text)


_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,6})?) ?(ms|s|m|h)?", re.ASCII)
LONGEST = 7 * 86400.0  # seconds


def duration(text: str) -> float:
    """Seconds, of 30, 30s, 1.5m, 1h or 500ms; ConsoleError if it is no such time."""
    found = _DURATION.fullmatch(text.lower())
    seconds = float(found[1]) * _SECONDS[found[2] or "s"] if found is not None else 0.0
    if not 0 < seconds <= LONGEST:
        raise ConsoleError(f"{text!r} is not a time", "give it as 30s, 5m, 1h or 500ms")
    return seconds


_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}


def _size(text: str) -> int:
    digits, unit = text.rstrip("kKmMgG"), text[-1:].upper()
    unit = unit if unit in _UNITS else ""
    if not is_number(digits) or len(text) > len(digits) + 1:
        raise ConsoleError(f"{text[:40]!r} is not a size", "give octets, or 500K, 30M, 2G")
    return int(digits) * _UNITS[unit]


def _complete_target(console: Console, word: str) -> Iterable[str]:
    from smtpconsole.console.configuring import profiles

    schemes = [f"{scheme}://" for scheme in SCHEMES]
    others = ["lmtp+unix://", "smtp+unix://", "mx:", "exec:"]
    known = (*profiles.names(), *console.targets_seen, *console.watch.servers, *schemes, *others)
    return (each for each in dict.fromkeys(known) if each.startswith(word))


def _complete_path(console: Console, word: str) -> Iterable[str]:
    """Files and folders, a folder with its slash; hidden ones when a dot is typed."""
    import os

    folder, _, start = word.rpartition("/")
    where = os.path.expanduser(f"{folder}/" if folder or word.startswith("/") else ".")
    try:
        with os.scandir(where) as found:
            names = sorted(f"{each.name}{'/' if each.is_dir() else ''}" for each in found)
    except (OSError, ValueError):  # a name may hold no NUL
        return ()
    front = word[: len(word) - len(start)]
    is_hidden = start.startswith(".")
    return [
        f"{front}{name}"
        for name in names[:_MOST_FILES]
        if name.startswith(start) and (is_hidden or not name.startswith("."))
    ]


_MOST_FILES = 5000  # of a folder


def _complete_address(console: Console, word: str) -> Iterable[str]:
    return (each for each in console.addresses_seen if each.startswith(word))


def _complete_mechanism(console: Console, word: str) -> Iterable[str]:
    return (each for each in console.mechanisms if each.startswith(word.upper()))


def _is_mechanism(word: str) -> bool:
    from smtpconsole.smtp.sasl import MECHANISMS  # which --help can do without

    return word.upper() in MECHANISMS


def _among(*words: str) -> Complete:
    return lambda console, word: (each for each in words if each.startswith(word.lower()))


def _complete_variable(console: Console, word: str) -> Iterable[str]:
    import os

    return sorted(each for each in {*console.variables.own, *os.environ} if each.startswith(word))


TARGET = Kind(
    "TARGET",
    parse_target,
    _complete_target,
    hides=password_of,
    sentence="host, host:port, smtps://host, mx:domain, a profile (/help connect has them all)",
)
ADDRESS = Kind(
    "ADDRESS",
    complete=_complete_address,
    sentence="a mail address, said as it is typed; several between quotes where a list may be",
)
MECHANISM = Kind(
    "MECHANISM",
    str.upper,
    _complete_mechanism,
    sentence="a way to log in, as the server offers it: PLAIN, SCRAM-SHA-256",
)
MECHANISM_FIRST = replace(MECHANISM, fits=_is_mechanism)
BINDING = choice("tls-exporter", "tls-server-end-point", "tls-unique")
SECRET = Kind("PASSWORD", is_secret=True, sentence="kept nowhere; asked for unseen if left out")
PROGRAM = Kind("COMMAND", sentence="a program and its arguments, between quotes")
VARIABLE = Kind("VARIABLE", complete=_complete_variable, sentence="a name in the environment")
NUMBER = Kind("NUMBER", _number, sentence="digits")
SIZE = Kind("SIZE", _size, _among("500k", "1m", "30m"), sentence="octets, or 500K, 30M, 2G")
DURATION = Kind(
    "TIME", duration, _among("500ms", "2s", "30s", "5m"), sentence="500ms, 30s, 5m or 1h"
)
TEXT = Kind("TEXT", sentence="a word, or several between quotes")
WORDS = Kind("WORDS", is_rest=True)
LIST = Kind("WORD ...", is_rest=True, is_list=True)
PATH = Kind("FILE", complete=_complete_path, sentence="a path; ~ is your own folder")
