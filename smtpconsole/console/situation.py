"""What is going on now: where the session stands, what was said last, and what can be said next.

It looks at the session alone, as the coach does, so that it is right whoever spoke.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from smtpconsole import knowledge
from smtpconsole.console import explaining
from smtpconsole.console.answers import Answer
from smtpconsole.smtp.events import Answered, Entered, Phase
from smtpconsole.smtp.session import Session
from smtpconsole.transcript.journal import Journal

if TYPE_CHECKING:
    from smtpconsole.console.console import Console

_FAR = 50  # entries that are looked back for the last reply
_PHASES = {
    Phase.GREETING: "greeting",
    Phase.AUTH: "auth",
    Phase.UPGRADING: "upgrading",
    Phase.CLOSING: "closing",
    Phase.CLOSED: "closed",
}


def situation(console: Console) -> Answer:
    """A refusal that was the last word is explained first; otherwise where the session stands."""
    moment = knowledge.moment(_moment(console))
    last = last_reply(console.journal) if console.connection is not None else None
    said = tuple(_can_be_said(console))
    if last is None or last.reply.code < 400:
        told = [*explaining.lines(moment.explanation), *_last(last), *said]
        answer = explaining.answer(moment.explanation)
        return explaining.at_hand(console, replace(answer, lines=tuple(told)))
    meaning = meaning_of(last)
    told = [*explaining.lines(meaning), f"{moment.explanation.title}: {moment.explanation.text}"]
    answer = replace(explaining.answer(meaning), lines=(*told, *said))
    suggested = meaning.next or moment.explanation.next
    return explaining.at_hand(console, replace(answer, next=suggested))


def last_reply(journal: Journal) -> Answered | None:
    """The last reply of the server, with what it answered."""
    for number in range(len(journal) - 1, max(-1, len(journal) - 1 - _FAR), -1):
        event = journal.event(number)
        if isinstance(event, Answered):
            return event
    return None


def was_asked(journal: Journal) -> bool:
    """Since the last reply somebody has asked what it means."""
    for number in range(len(journal) - 1, max(-1, len(journal) - 1 - _FAR), -1):
        match journal.event(number):
            case Entered(line) if line.startswith(("?", "/explain")):
                return True
            case Answered():
                return False
    return False


def meaning_of(last: Answered) -> knowledge.Explanation:
    """What a reply means, behind the command that it answered."""
    after = last.send.verb.decode("ascii", "replace") if last.send is not None else None
    found = knowledge.explain(str(last.reply), after=after or "connect")
    found = found or knowledge.anomaly("no reply code")
    assert found is not None  # whatever has a code is explained
    return found


def _last(last: Answered | None) -> Iterator[str]:
    if last is not None and last.reply.code > 0:
        yield f"The last reply was {meaning_of(last).title}."


def _moment(console: Console) -> str:
    connection = console.connection
    if console.is_dialling:
        return "dialling"
    if connection is None:
        return "unconnected"
    if console.held is not None:
        return "held"
    session = connection.session
    if session.phase is Phase.CONTENT:
        return "chunk" if session.chunk is not None else "content"
    return _PHASES.get(session.phase) or _ready(session)


def _ready(session: Session) -> str:
    known = session.capabilities
    if not known.greeting:
        return "hello again" if session.is_secure else "hello"
    if session.transaction is not None:
        return "recipients" if session.transaction.accepted else "transaction"
    if "STARTTLS" in known and not session.is_secure:
        return "ready in the clear"
    return "ready to log in" if known.mechanisms and session.identity is None else "ready"


def _can_be_said(console: Console) -> Iterator[str]:
    phase = knowledge.moment(_moment(console)).phase
    offered = [each.name for each in console.known]
    names = [
        verb.name
        for verb in knowledge.verbs()
        if phase in verb.phases and _is_common(verb.name, offered)
    ]
    if phase and names:
        yield f"Can be said here: {', '.join(names)}"


def _is_common(name: str, offered: list[str]) -> bool:
    """A command of the base protocol, or of an extension that is offered."""
    return name in _BASE or any(name in knowledge.adds(each) for each in offered)


_BASE = ("EHLO", "HELO", "MAIL", "RCPT", "DATA", "RSET", "NOOP", "VRFY", "HELP", "QUIT")
