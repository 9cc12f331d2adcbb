"""Where the time went: a bar for the name, the connection, TLS, and each command.

Beside each bar stands how long RFC 5321, 4.5.3.2 lets a client wait for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from smtpconsole.smtp import events
from smtpconsole.smtp.commands import CONTENT, GREETING
from smtpconsole.transcript.dialogue import UNASKED, Question, Talk, talks
from smtpconsole.transcript.turns import Turn

LIMITS = {  # seconds
    GREETING: 300.0,
    b"MAIL": 300.0,
    b"RCPT": 300.0,
    b"DATA": 120.0,
    CONTENT: 600.0,
}
_WORDS = {GREETING: "greeting", CONTENT: "message"}
_LONGEST = 44  # characters of a command


@dataclass(frozen=True, slots=True)
class Bar:
    """Something that took its time."""

    label: str
    kind: str  # name, connection, tls, command, content
    start: float  # seconds since the journal began
    seconds: float
    code: int | None = None
    is_trouble: bool = False
    limit: float | None = None  # seconds

    @property
    def end(self) -> float:
        """When it was over."""
        return self.start + self.seconds

    @property
    def is_late(self) -> bool:
        """It took longer than a client needs to wait."""
        return self.limit is not None and self.seconds > self.limit


def waterfall(turns: Iterable[Turn]) -> list[Bar]:
    """The bars of all connections, in the order in which they began."""
    bars = [bar for talk in talks(turns) for bar in _bars(talk)]
    return sorted(bars, key=lambda bar: bar.start)


def _bars(talk: Talk) -> Iterator[Bar]:
    for turn in talk.remarks:
        match turn.event:
            case events.Resolved(_, _, seconds):
                yield Bar("DNS", "name", turn.at - seconds, seconds)
            case events.Tried(address, _, seconds):
                yield Bar(f"TCP {address}", "connection", turn.at - seconds, seconds, None, True)
            case events.Connected(_, peer, seconds):
                yield Bar(f"TCP {peer}", "connection", turn.at - seconds, seconds)
            case events.Secured(facts) if facts.seconds is not None:
                yield Bar("TLS handshake", "tls", turn.at - facts.seconds, facts.seconds)
            case events.NotSecured(facts) if facts.seconds is not None:
                start = turn.at - facts.seconds
                yield Bar("TLS handshake", "tls", start, facts.seconds, None, True)
    for question in talk.questions:
        if question.verb != UNASKED and question.seconds is not None:
            yield _bar(question, question.seconds)


def _bar(question: Question, seconds: float) -> Bar:
    label = _WORDS.get(question.verb, question.line)
    if len(label) > _LONGEST:
        label = f"{label[: _LONGEST - 1]}…"
    kind = "content" if question.verb == CONTENT else "command"
    trouble = any(turn.is_trouble for turn in question.answers)
    limit = LIMITS.get(question.verb, 300.0)
    return Bar(label, kind, question.ended, max(0.0, seconds), question.code, trouble, limit)


def scale(bars: Iterable[Bar]) -> Callable[[float], float]:
    """Where a time stands on a line from 0 to 1; the time in which nothing was waited for is
    shortened, for a person's thinking would leave no room for the server's."""
    spans: list[tuple[float, float]] = []
    for bar in sorted(bars, key=lambda each: each.start):
        if spans and bar.start <= spans[-1][1]:
            spans[-1] = spans[-1][0], max(spans[-1][1], bar.end)
        else:
            spans.append((bar.start, bar.end))
    busy = sum(end - start for start, end in spans) or 1.0
    points, at = [], 0.0
    for number, (start, end) in enumerate(spans):
        if number:
            at += min(start - spans[number - 1][1], busy / 20)
        points.append((start, at))
        at += end - start
        points.append((end, at))
    whole = at or 1.0

    def place(time: float) -> float:
        for (left, start), (right, end) in pairwise(points):
            if left <= time <= right:
                share = (time - left) / (right - left) if right > left else 0.0
                return (start + share * (end - start)) / whole
        return 0.0 if not points or time < points[0][0] else 1.0

    return place
