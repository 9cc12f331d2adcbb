"""What can go wrong with a server, as data: `faults.toml` says what each fault does, and when.

A fault applies at a moment: `address` (which of two is come by), `connect`, `greeting`, a verb
whose reply is due, `offer` (what EHLO lists), `challenge` (of an AUTH under way), `content` (while
it comes), `end` (the reply to it), `tls` (the client has begun its handshake) or `context` (how
that is done); `*` is every reply.
A person may choose otherwise:

    rcpt-mixed               as the table has it
    421@MAIL                 at the reply to MAIL
    drip#3                   at its third chance in a connection only
    double-reply%20          at a fifth of its chances, by a seed that can be given
"""

from __future__ import annotations

import itertools
import random
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cache
from importlib.resources import files
from typing import Any, Literal

End = Literal["", "close", "reset", "half-close", "silence", "stop-reading", "cut"]

BEGINNINGS = (
    "address",
    "connect",
    "greeting",
)  # a connection has one of each, so connections are counted
WORDLESS = ("address", "connect", "offer", "content", "tls", "context")  # moments without a reply
Chances = Counter[tuple[int, str]]

_WRITTEN = re.compile(r"([\w-]+)(?:@([\w-]+))?(?:#(\d+))?(?:%(\d+(?:\.\d+)?))?")


class FaultError(ValueError):
    """There is no such fault; says what is near."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way to fail."""

    name: str
    id: str  # F01 ...
    group: str = ""
    title: str  # what the server does, in a sentence
    shows: str  # what a good client shows, or does
    told: tuple[str, ...] = ()  # words of what our console tells a person of it
    seconds: float = 5  # that it may take, at most, a client that waits 2 seconds for a reply
    at: tuple[str, ...]
    nth: int = 0  # of its chances in a connection only; 0 is every one
    chance: float = 100  # per cent
    # What is done, in this order.
    wait: float = 0  # seconds
    say: str | None = None  # octets instead of the reply, as characters U+0000 to U+00FF
    before: str = ""  # octets before it
    after: str = ""  # octets behind it, in the same segment
    later: str = ""  # octets behind it, in a segment of their own
    swap: tuple[tuple[str, str], ...] = ()  # octets of the reply for others
    withdraw: tuple[str, ...] = ()  # keywords out of EHLO
    offer: tuple[str, ...] = ()  # lines into EHLO
    pad: int = 0  # further octets in the last line of the reply
    split: int = 0  # octets a segment
    pause: float = 0  # seconds between segments
    flood: str = ""  # octets again and again, until the client leaves
    swallow: bool = False  # no reply at all
    discard: bool = False  # what the client has sent already
    plain: bool = False  # below TLS
    octets: int = 0  # of content that are taken before it applies
    deaf: bool = False  # the other address of localhost answers nobody, while the fault is on
    lax: bool = False  # a bare LF ends a line of content
    end: End = ""
    tls: dict[str, Any] = field(default_factory=dict)  # see `certificates.context`

    @property
    def written(self) -> str:
        """As `parsed` reads it."""
        usual = known().get(self.name, self)
        at = f"@{self.at[0]}" if self.at != usual.at else ""
        nth = f"#{self.nth}" if self.nth != usual.nth else ""
        return f"{self.name}{at}{nth}" + (f"%{self.chance:g}" if self.chance < 100 else "")

    def changed(self, reply: bytes) -> bytes:
        """The octets instead of a reply."""
        if self.swallow:
            return b""
        if self.say is not None:
            reply = _octets(self.say)
        for old, new in self.swap:
            reply = reply.replace(_octets(old), _octets(new))
        if self.pad and reply:
            reply = reply.removesuffix(b"\r\n") + b"x" * self.pad + b"\r\n"
        return _octets(self.before) + reply + _octets(self.after)

    def segments(self, data: bytes) -> Iterator[bytes]:
        """The octets as they are sent."""
        step = self.split or len(data) or 1
        yield from (data[at : at + step] for at in range(0, len(data), step))
        if self.later:
            yield _octets(self.later)


def _octets(text: str) -> bytes:
    return text.encode("latin-1")


@cache
def known() -> dict[str, Fault]:
    """Every fault by its name."""
    text = files(__package__).joinpath("faults.toml").read_text("utf-8")
    return {
        name: _fault(name, group, entry)
        for group, entries in tomllib.loads(text).items()
        for name, entry in entries.items()
    }


def _fault(name: str, group: str, entry: dict[str, Any]) -> Fault:
    values: dict[str, Any] = {
        key: tuple(tuple(each) if isinstance(each, list) else each for each in value)
        if isinstance(value, list)
        else value
        for key, value in entry.items()
    }
    assert set(values) <= {each.name for each in fields(Fault)}, name
    return Fault(name=name, group=group, **values)


def parsed(text: str) -> Fault:
    """A fault as a person asks for it; FaultError if there is none."""
    found = _WRITTEN.fullmatch(text.strip())
    by_id = {fault.id.lower(): fault for fault in reversed(known().values())}
    name = found[1].lower() if found else text
    fault = known().get(name) or by_id.get(name)
    if found is None or fault is None:
        near = [each for each in known() if name[:4] and name[:4] in each]
        hint = (
            f"near are {', '.join(near[:4])}" if near else "smtpconsole sandbox --faults lists them"
        )
        raise FaultError(f"there is no fault {text!r}; {hint}")
    if found[2]:
        at = found[2] if found[2].islower() else found[2].upper()
        fault = replace(fault, at=(at,))
    if found[3]:
        fault = replace(fault, nth=int(found[3]))
    if found[4]:
        fault = replace(fault, chance=float(found[4]))
    return fault


class Switches:
    """The faults that are on; switched in any thread, asked in the sandbox's."""

    def __init__(self, faults: Sequence[Fault] = (), *, seed: int = 0) -> None:
        # By what chances are counted by: a fault that is switched on anew counts anew.
        self._numbers = itertools.count()
        self._on = {next(self._numbers): fault for fault in faults}
        self._random = random.Random(seed)
        self._connections: Chances = Counter()
        self.changed: Callable[[], None] = lambda: None  # whoever has to do something is told

    @property
    def on(self) -> tuple[Fault, ...]:
        """Those that are on."""
        return tuple(self._on.values())

    def switch_on(self, fault: Fault) -> None:
        """From the next chance on it applies; if it was on already, as it is given now.

        OSError if it needs a port that cannot be had; then all is as before."""
        before = self._on
        others = {number: each for number, each in before.items() if each.name != fault.name}
        self._on = {**others, next(self._numbers): fault}
        try:
            self.changed()
        except OSError:
            self._on = before
            raise

    def switch_off(self, name: str = "") -> None:
        """One of them, or all."""
        self._on = {number: each for number, each in self._on.items() if name and each.name != name}
        self.changed()

    def due(self, moment: str, chances: Chances) -> list[Fault]:
        """Those that apply now; `chances` are those that there were in this connection."""
        if moment in BEGINNINGS:
            chances = self._connections
        return [
            fault
            for number, fault in self._on.items()
            if (moment in fault.at or ("*" in fault.at and moment not in WORDLESS))
            and self._is_due(fault, chances, (number, moment))
        ]

    def _is_due(self, fault: Fault, chances: Chances, chance: tuple[int, str]) -> bool:
        chances[chance] += 1
        if fault.nth and chances[chance] != fault.nth:
            return False
        return fault.chance >= 100 or self._random.random() * 100 < fault.chance
