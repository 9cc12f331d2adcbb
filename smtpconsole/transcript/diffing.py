"""Two sessions side by side: what the second server did otherwise than the first.

1. Commands are aligned as lines of a text are; a log-in is one, whatever it took.
2. What always differs (`essence`) does not.  Of the rest some makes a difference and some is only
   worth a look: `HEEDED` has the kinds that count, and a caller may count others.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher

from smtpconsole.smtp import events
from smtpconsole.smtp.capabilities import Capabilities, parse
from smtpconsole.smtp.commands import CONTENT, GREETING
from smtpconsole.smtp.replies import Reply
from smtpconsole.transcript.dialogue import UNASKED, Question, Talk, talks
from smtpconsole.transcript.essence import Essence
from smtpconsole.transcript.turns import Turn

KINDS = {
    "commands": "one was said in one of the sessions only",
    "codes": "another reply code, or another enhanced code of a refusal",
    "capabilities": "an extension, or a parameter of it, is not offered any more, or is new",
    "tls": "TLS in one of the sessions only, or another version, cipher or group",
    "certificates": "other problems of the certificate, or another certificate",
    "texts": "other words with the same code",
    "times": "an answer took much longer",
}
HEEDED = frozenset({"commands", "codes", "capabilities", "tls", "certificates"})
FACTOR = 5.0  # how many times longer an answer must take to be told
LEAST = 0.2  # seconds it must take longer at least
_PAIRS = 500_000  # of questions that are compared each with each


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not the same."""

    kind: str  # a key of KINDS
    left: str
    right: str
    is_gain: bool = False  # the second server does more, or it is only otherwise: never counted


@dataclass(frozen=True, slots=True)
class Row:
    """A command, and what came of it in both sessions."""

    left: Question | None
    right: Question | None
    differences: tuple[Difference, ...] = ()

    @property
    def command(self) -> str:
        """What was said."""
        question = self.left or self.right
        assert question is not None
        words = {GREETING: "(greeting)", CONTENT: "(message)", UNASKED: "(unasked)"}
        return words.get(question.verb, question.line)


@dataclass(frozen=True, slots=True)
class Comparison:
    """All of it."""

    rows: tuple[Row, ...]
    differences: tuple[Difference, ...]  # of the connections as a whole
    heeded: frozenset[str] = field(default=HEEDED)

    @property
    def all(self) -> Iterator[Difference]:
        """Every difference, those of the connections first."""
        yield from self.differences
        for row in self.rows:
            yield from row.differences

    def counts(self, difference: Difference) -> bool:
        """It is one of those that matter."""
        return difference.kind in self.heeded and not difference.is_gain

    @property
    def is_same(self) -> bool:
        """Nothing that matters differs."""
        return not any(map(self.counts, self.all))


def compared(
    left: Sequence[Turn],
    right: Sequence[Turn],
    *,
    heeded: Collection[str] = HEEDED,
    factor: float = FACTOR,
) -> Comparison:
    """Two sessions."""
    first, second = _heard(left), _heard(right)
    essences = Essence(first), Essence(second)
    before, after = _condensed(_questions(first)), _condensed(_questions(second))
    rows = [
        Row(a, b, tuple(_differences(a, b, essences, factor)))
        for a, b in _aligned(before, after, essences)
    ]
    whole = [each for pair in zip(first, second, strict=False) for each in _connections(*pair)]
    return Comparison(tuple(rows), tuple(dict.fromkeys(whole)), frozenset(heeded))


def _heard(turns: Sequence[Turn]) -> list[Talk]:
    told = talks(turns)
    return [talk for talk in told if talk.questions] or told[-1:]


def _questions(told: Sequence[Talk]) -> list[Question]:
    return [question for talk in told for question in talk.questions]


def _condensed(questions: Sequence[Question]) -> list[Question]:
    """An AUTH with its challenges and answers as one question, with the last of the replies."""
    told: list[Question] = []
    for question in questions:
        before = told[-1] if told else None
        is_more = before is not None and before.code == 334 and question.verb == b"AUTH"
        if is_more and before is not None:
            told[-1] = replace(before, answers=question.answers, ended=question.ended)
        else:
            told.append(question)
    return told


# --- aligning ---------------------------------------------------------------------------------


def _aligned(
    left: Sequence[Question], right: Sequence[Question], essences: tuple[Essence, Essence]
) -> Iterator[tuple[Question | None, Question | None]]:
    first, second = essences
    before = [_key(question, first) for question in left]
    after = [_key(question, second) for question in right]
    # Of what stands everywhere in long sessions each pair would be looked at.
    is_long = len(before) * len(after) > _PAIRS
    matcher = SequenceMatcher(None, before, after, autojunk=is_long)
    for what, a, b, c, d in matcher.get_opcodes():
        if what == "equal":
            yield from zip(left[a:b], right[c:d], strict=True)
        else:
            yield from _by_verb(left[a:b], right[c:d])


def _key(question: Question, essence: Essence) -> tuple[str, str]:
    verb = question.verb.decode("latin-1")
    if question.verb in (b"EHLO", b"HELO", b"LHLO", CONTENT, GREETING, UNASKED):
        return verb, ""
    if question.verb == b"AUTH":
        return verb, " ".join(question.line.upper().split()[:2])
    if question.verb == b"BDAT":
        return verb, " ".join(question.line.upper().split()[2:])
    return verb, essence.of(question.line).lower()


def _by_verb(
    left: Sequence[Question], right: Sequence[Question]
) -> Iterator[tuple[Question | None, Question | None]]:
    """What differs in its words, but is of the same kind, is told side by side."""
    places: dict[bytes, deque[int]] = {}
    for at, other in enumerate(right):
        places.setdefault(other.verb, deque()).append(at)
    told = 0  # of those on the right
    for question in left:
        waiting = places.get(question.verb, _NOWHERE)
        while waiting and waiting[0] < told:
            waiting.popleft()
        if not waiting:
            yield question, None
            continue
        at = waiting.popleft()
        yield from ((None, other) for other in right[told:at])
        yield question, right[at]
        told = at + 1
    yield from ((None, other) for other in right[told:])


_NOWHERE: deque[int] = deque()


# --- comparing --------------------------------------------------------------------------------


def _differences(
    left: Question | None, right: Question | None, essences: tuple[Essence, Essence], factor: float
) -> Iterator[Difference]:
    if left is None or right is None:
        present = left or right
        assert present is not None
        told = "said" if present.verb not in (GREETING, UNASKED) else "heard"
        here, there = (told, "not " + told) if right is None else ("not " + told, told)
        yield Difference("commands", here, there)
        return
    codes = list(_codes(left, right))
    yield from codes
    if left.verb in (b"EHLO", b"LHLO"):
        yield from _capabilities(left, right)
    elif not codes:
        words = [
            essence.of(_text(each)) for essence, each in zip(essences, (left, right), strict=True)
        ]
        if all(words) and words[0] != words[1]:
            yield Difference("texts", _text(left), _text(right))
    before, after = left.seconds, right.seconds
    if before is not None and after is not None and after > max(before * factor, before + LEAST):
        yield Difference("times", _seconds(before), _seconds(after))


def _codes(left: Question, right: Question) -> Iterator[Difference]:
    if left.codes != right.codes:
        yield Difference("codes", _told(left), _told(right))
        return
    pair = [each.answers[-1] if each.answers else None for each in (left, right)]
    told = [turn for turn in pair if turn is not None and turn.is_trouble and turn.lines[0][4:]]
    enhanced = [_enhanced(turn) for turn in told]
    if len(enhanced) == 2 and enhanced[0] != enhanced[1]:
        yield Difference("codes", _told(left), _told(right))


def _enhanced(turn: Turn) -> str | None:
    return _reply(turn).enhanced


def _reply(turn: Turn) -> Reply:
    lines = [line[4:].encode("utf-8", "surrogateescape") for line in turn.lines]
    return Reply(turn.code if turn.code is not None else -1, lines)


def _told(question: Question) -> str:
    """The codes with the enhanced ones, as a person writes them."""
    told = [
        " ".join(part for part in (str(turn.code), _enhanced(turn)) if part)
        for turn in question.answers
        if turn.code is not None
    ]
    return ", ".join(told) or "no reply"


def _text(question: Question) -> str:
    return " ".join(line[4:] for turn in question.answers for line in turn.lines).strip()


def _capabilities(left: Question, right: Question) -> Iterator[Difference]:
    if not (_text(left) and _text(right)):  # a script knows no more than the code
        return
    before, after = (_offer(each) for each in (left, right))
    names = dict.fromkeys([word.name for word in before] + [word.name for word in after])
    for name in names:
        old, new = before.parameters(name), after.parameters(name)
        if old is None or new is None:
            written = [f"{name} {each}".strip() if each is not None else "-" for each in (old, new)]
            yield Difference("capabilities", written[0], written[1], is_gain=old is None)
        elif _words(old) != _words(new):
            yield Difference("capabilities", f"{name} {old}".strip(), f"{name} {new}".strip())


def _words(parameters: str) -> list[str]:
    return sorted(parameters.upper().split())


def _offer(question: Question) -> Capabilities:
    turn = question.answers[-1] if question.answers else None
    return parse(_reply(turn)) if turn is not None and turn.code == 250 else Capabilities()


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


# --- connections ------------------------------------------------------------------------------


def _connections(left: Talk, right: Talk) -> Iterator[Difference]:
    before, after = (_tls(talk) for talk in (left, right))
    if before != after:
        same = (before == "no TLS") == (after == "no TLS") and "failed" not in before + after
        yield Difference("tls", before, after, is_gain=same or before == "no TLS")
    problems = [_problems(talk) for talk in (left, right)]
    for code in sorted(problems[0].keys() | problems[1].keys()):
        if code not in problems[1]:
            yield Difference("certificates", problems[0][code], "-", is_gain=True)
        elif code not in problems[0]:
            yield Difference("certificates", "-", problems[1][code])
    subjects = [_subject(talk) for talk in (left, right)]
    if all(subjects) and subjects[0] != subjects[1]:
        yield Difference("certificates", subjects[0], subjects[1], is_gain=True)


def _tls(talk: Talk) -> str:
    match talk.tls:
        case events.Secured(facts):
            parts = (facts.version or "TLS", facts.cipher, facts.group)
            return ", ".join(part for part in parts if part)
        case events.NotSecured(_, error):
            return f"TLS failed: {error}"
    return "no TLS"


def _problems(talk: Talk) -> dict[str, str]:
    facts = talk.tls.facts if talk.tls is not None else None
    return {each.code or each.text: each.text for each in facts.errors} if facts is not None else {}


def _subject(talk: Talk) -> str:
    chain = talk.tls.facts.chain if talk.tls is not None else ()
    return f"{chain[0].subject}, by {chain[0].issuer}" if chain else ""
