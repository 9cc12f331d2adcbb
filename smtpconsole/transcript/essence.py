"""What two servers, or the same one twice, always say differently is taken out of their words."""

from __future__ import annotations

import re
from collections.abc import Iterable

from smtpconsole.smtp.commands import GREETING
from smtpconsole.transcript.dialogue import Talk

_DAYS = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_MONTHS = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?"
_ALWAYS = tuple(
    (re.compile(pattern, re.IGNORECASE), what)
    for pattern, what in (
        (
            rf"(?:{_DAYS},? )?\d{{1,2}} {_MONTHS} \d{{4}}(?: {_CLOCK})?"
            r"(?: [+-]\d{4}| [A-Z]{1,5})?(?: \([A-Z]{1,5}\))?",
            "(date)",
        ),
        (rf"{_DAYS} {_MONTHS} +\d{{1,2}} {_CLOCK}(?: [A-Z]{{1,5}})? \d{{4}}", "(date)"),
        (rf"\d{{4}}-\d{{2}}-\d{{2}}(?:[T ]{_CLOCK}(?:Z|[+-]\d{{2}}:?\d{{2}})?)?", "(date)"),
        (rf"\b{_CLOCK}\b(?: [AP]M\b)?", "(time)"),
        (r"<[^<>@\s]{6,200}@[^<>\s]{1,200}>(?= (?:queued|accepted|\[))", "(id)"),
        (
            r"(?:(?<=queued as )|(?<=kept as )|(?<=queue id )|(?<=\bid=)|(?<=\bid ))"
            r"<?[\w.@$/+-]{1,200}>?",
            "(id)",
        ),
        (r"\[(?:IPv6:)?[0-9a-f.:]{3,45}\]", "(address)"),
        (r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])", "(address)"),
        (
            r"(?<![\w.@-])(?=(?:[a-z._-]{0,30}\d){5})(?=[\d._-]{0,30}[a-z])[\w.-]{12,80}(?![\w@-])",
            "(id)",
        ),
        (r"(?<![\w.@-])(?=[\w-]{0,60}\d)(?=[\w-]{0,60}[a-z])[a-z0-9_-]{10,64}(?![\w@.-])", "(id)"),
        (r"(?<![\w.])\d{6,30}(?![\w.])", "(number)"),
        (r"\b\d+(?:\.\d+)? ?(?:ms|milliseconds|secs?|seconds)\b", "(duration)"),
    )
)
_NAME = re.compile(r"[\w-]{1,63}(?:\.[\w-]{1,63}){1,10}")


class Essence:
    """Knows the names of both ends of a session."""

    def __init__(self, talks: Iterable[Talk]) -> None:
        names = {name.lower(): what for talk in talks for name, what in _names(talk) if name}
        ordered = sorted(names, key=len, reverse=True)
        either = "|".join(map(re.escape, ordered)) or r"(?!)"
        self._names = names
        self._pattern = re.compile(rf"(?<![\w-])(?:{either})(?![\w-])", re.IGNORECASE)

    def of(self, text: str) -> str:
        """The words without dates, identifiers, and the names of both ends."""
        text = self._pattern.sub(lambda found: self._names[found[0].lower()], text)
        for pattern, what in _ALWAYS:
            text = pattern.sub(what, text)
        return " ".join(text.split())


def _names(talk: Talk) -> Iterable[tuple[str, str]]:
    """Host names and addresses, with what stands for them."""
    if talk.target is not None:
        yield talk.target.host, "(server)"
    if talk.connected is not None:
        yield _host(talk.connected.peer), "(server)"
        yield _host(talk.connected.local), "(client)"
    for question in talk.questions:
        greeted = question.verb in (b"EHLO", b"HELO", b"LHLO")
        if greeted:
            words = question.line.split(None, 1)
            yield (words[1] if len(words) > 1 else ""), "(client)"
        if (greeted or question.verb == GREETING) and question.answers:
            first = question.answers[0].lines[0][4:].split(" ", 1)[0]
            if _NAME.fullmatch(first):
                yield first, "(server)"


def _host(peer: str) -> str:
    return peer.rpartition(":")[0].strip("[]")
