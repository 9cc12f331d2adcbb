"""What a script expects: codes, texts, and how the session stands.

250              the last reply, of that code; 5.. and 2xx for all of a hundred
250 550          the last two
550 5.7.1        with that enhanced code; 5.7.* for all of a subject
text PATTERN     a pattern in the reply
caps STARTTLS    what the server offers; caps SIZE=1000 with that parameter
tls on           under TLS, or off
phase, identity, closed
not ...          that it is not so
... within 2s    the reply took no longer, or comes by then
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.arguments import duration
from smtpconsole.console.holding.stepping import regex
from smtpconsole.smtp.events import Answered, Connected, Dialling, Phase
from smtpconsole.smtp.replies import Reply

if TYPE_CHECKING:
    from smtpconsole.console.console import Console
    from smtpconsole.transcript.journal import Journal

_CODE = re.compile(r"[2-5.xX][0-9.xX]{2}")
_ENHANCED = re.compile(r"[245xX.*]\.[0-9xX*]{1,3}\.[0-9xX*]{1,3}")
_STATES = ("caps", "tls", "phase", "identity", "closed")
USAGE = "as in /expect 250, /expect 5.. within 2s, /expect caps STARTTLS, /expect text 'queued as'"


class Unmet(ConsoleError):
    """Something else than what was expected is so."""

    def __init__(self, text: str, *hints: str, about: str = "reply") -> None:
        super().__init__(text, *hints)
        self.about = about  # "reply", or the state that was asked about


@dataclass(frozen=True, slots=True)
class Expected:
    """A reply that is expected."""

    code: str  # a pattern; "none" for a reply without one
    enhanced: str = ""

    def fits(self, reply: Reply) -> bool:
        """The reply is such a one."""
        if self.code == "none":
            return reply.code < 0
        if not re.fullmatch(self.code.lower().replace("x", "."), f"{reply.code:03}"):
            return False
        pattern = re.escape(self.enhanced.lower()).replace(r"\*", "[0-9]+").replace("x", "[0-9]+")
        return not self.enhanced or re.fullmatch(pattern, reply.enhanced or "") is not None

    def __str__(self) -> str:
        return f"{self.code} {self.enhanced}".rstrip()


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is expected, as it was written."""

    replies: tuple[Expected, ...] = ()
    text: str = ""
    state: str = ""  # one of _STATES
    words: tuple[str, ...] = ()  # of the state
    within: float | None = None  # seconds
    is_negated: bool = False

    def __str__(self) -> str:
        told = " ".join(map(str, self.replies))
        if self.text:
            told += f" text {self.text!r}"
        if self.state:
            told = " ".join((self.state, *self.words))
        return f"{'not ' if self.is_negated else ''}{told.strip()}"


def parse(words: Sequence[str]) -> Expectation:
    """What was written behind /expect; ConsoleError if it says nothing."""
    rest = list(words)
    within = None
    if len(rest) > 1 and rest[-2].lower() == "within":
        within = duration(rest[-1])
        rest = rest[:-2]
    is_negated = rest[:1] == ["not"]
    rest = rest[1:] if is_negated else rest
    if rest and rest[0].lower() in _STATES:
        return _state(rest[0].lower(), tuple(rest[1:]), within, is_negated)
    text = ""
    if "text" in rest:
        at = rest.index("text")
        text = " ".join(rest[at + 1 :])
        rest = rest[:at]
        regex(text)
        if not text:
            raise ConsoleError("which text?", "/expect text 'queued as'")
    replies = _replies(rest)
    if not replies and not text:
        raise ConsoleError("expect what?", USAGE)
    return Expectation(replies, text, within=within, is_negated=is_negated)


def _replies(words: Sequence[str]) -> tuple[Expected, ...]:
    found: list[Expected] = []
    for word in words:
        if _CODE.fullmatch(word) or word == "none":
            found.append(Expected(word))
        elif _ENHANCED.fullmatch(word) and found and not found[-1].enhanced:
            found[-1] = Expected(found[-1].code, word)
        elif _ENHANCED.fullmatch(word):
            found.append(Expected("...", word))
        else:
            raise ConsoleError(f"{word!r} is nothing that can be expected", USAGE)
    return tuple(found)


def _state(
    state: str, words: tuple[str, ...], within: float | None, is_negated: bool
) -> Expectation:
    phases = [phase.value for phase in Phase]
    if state == "tls" and words not in (("on",), ("off",)):
        raise ConsoleError("tls is on or off", "/expect tls on")
    if state == "phase" and (len(words) != 1 or words[0].lower() not in phases):
        raise ConsoleError(f"a phase is one of {', '.join(phases)}", "/expect phase ready")
    if state == "caps" and not words:
        raise ConsoleError("which keyword?", "/expect caps STARTTLS")
    if state == "identity" and len(words) > 1:
        raise ConsoleError("which user?", "/expect identity alice@example.com")
    return Expectation(state=state, words=words, within=within, is_negated=is_negated)


async def check(console: Console, expected: Expectation, *, since: int | None = None) -> str:
    """Wait until it is so, and say what is; Unmet if it is not, or not in time.

    `since` is the number of the journal's entry from which on replies count.
    """
    first = _connection_began(console.journal) if since is None else since
    loop = asyncio.get_running_loop()
    began = loop.time()
    if not _is_met(console, expected, first):
        if expected.within is None:
            raise Unmet(*_unmet(console, expected, first), about=expected.state or "reply")
        try:
            async with asyncio.timeout(expected.within):
                await console.stepping.until(lambda: _is_met(console, expected, first))
        except TimeoutError:
            late = f"not within {expected.within:g} s: {_unmet(console, expected, first)[0]}"
            raise Unmet(late, about=expected.state or "reply") from None
        return f"{_now(console, expected, first)}, after {loop.time() - began:.1f} s"
    if expected.within is not None and not expected.state:
        took = _took(console.journal, first)
        if took is not None and took > expected.within:
            raise Unmet(
                f"the reply took {took:.1f} s, and was expected within {expected.within:g} s"
            )
    return _now(console, expected, first)


def _connection_began(journal: Journal) -> int:
    numbers = journal.since(0, Dialling).numbers
    return numbers[-1] if len(numbers) else 0


def _heard(journal: Journal, since: int, count: int) -> list[Reply]:
    """The last replies."""
    numbers = journal.since(since, Answered).numbers[-count:]
    found = (journal.event(number) for number in numbers)
    return [event.reply for event in found if isinstance(event, Answered)]


def _is_met(console: Console, expected: Expectation, since: int) -> bool:
    if expected.state:
        return _stands(console, expected) is not expected.is_negated
    count = max(1, len(expected.replies))
    heard = _heard(console.journal, since, count)
    if len(heard) < count:
        return False
    fits = all(each.fits(reply) for each, reply in zip(expected.replies, heard, strict=False))
    if expected.text:
        pattern = regex(expected.text)
        fits = fits and any(pattern.search(reply.text) for reply in heard)
    return fits is not expected.is_negated


def _stands(console: Console, expected: Expectation) -> bool:
    session = console.connection.session if console.connection is not None else None
    match expected.state:
        case "caps":
            return all(_is_offered(console, word) for word in expected.words)
        case "tls":
            return (session is not None and session.is_secure) is (expected.words == ("on",))
        case "phase":
            return session is not None and session.phase.value == expected.words[0].lower()
        case "identity":
            who = session.identity if session is not None else None
            return bool(who) and (not expected.words or who == expected.words[0])
    return session is None or session.phase is Phase.CLOSED


def _is_offered(console: Console, word: str) -> bool:
    name, _, parameter = word.partition("=")
    found = [each for each in console.known if each.name.upper() == name.upper()]
    offered = [part for each in found for part in each.parameters.upper().split()]
    return bool(found) and (not parameter or parameter.upper() in offered)


def _unmet(console: Console, expected: Expectation, since: int) -> tuple[str, ...]:
    return f"expected {expected}; {_now(console, expected, since)}", ""


def _now(console: Console, expected: Expectation, since: int) -> str:
    """What is so instead, or as it was expected."""
    session = console.connection.session if console.connection is not None else None
    match expected.state:
        case "caps":
            return f"offered are {' '.join(each.name for each in console.known) or 'none'}"
        case "tls":
            return "TLS is on" if session is not None and session.is_secure else "TLS is off"
        case "phase" | "closed":
            return f"the phase is {session.phase.value if session is not None else 'closed'}"
        case "identity":
            who = session.identity if session is not None else None
            return f"logged in as {who}" if who else "nobody is logged in"
    heard = _heard(console.journal, since, max(1, len(expected.replies)))
    return " and ".join(str(reply).split("\n")[0] for reply in heard) or "nothing was answered"


def _took(journal: Journal, since: int) -> float | None:
    """How long the last reply took, in seconds."""
    numbers = journal.since(since, Answered).numbers
    if not len(numbers):
        return None
    entry = journal.entry(numbers[-1])
    if entry.asked is not None:
        return entry.at - journal.entry(entry.asked).at
    connected = journal.since(since, Connected).numbers
    is_greeting = len(numbers) == 1 and len(connected) > 0  # which nobody asked for in words
    return entry.at - journal.entry(connected[-1]).at if is_greeting else None
