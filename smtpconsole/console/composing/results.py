"""What became of a message, recipient by recipient, as a table; and what its server calls it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from smtpconsole import knowledge
from smtpconsole.console.answers import Answer
from smtpconsole.console.holding.stepping import NOT_SAID
from smtpconsole.console.troubles import TWICE
from smtpconsole.knowledge.queues import Queued, queued
from smtpconsole.smtp.exchanges import Delivery
from smtpconsole.smtp.outcome import NO_REPLY
from smtpconsole.smtp.replies import Reply

MANY = 24  # rows: of more, those that were accepted are counted

_OUT_OF_STEP = (
    "DATA was answered as only another command can be: the server gave a reply too many before, "
    "and all behind it are paired wrongly; one command at a time shows which it is"
)

_ENDED = "the connection ended before there was a word on it"

ACCEPTED, DEFERRED, REFUSED, UNKNOWN = "accepted", "deferred", "refused", "no answer"
SKIPPED = "skipped"  # in step mode


@dataclass(frozen=True, slots=True)
class Row:
    """The last word on one recipient."""

    recipient: str
    reply: Reply | None

    @property
    def outcome(self) -> str:
        """In a word."""
        reply = self.reply
        if reply is not None and reply.lines == [NOT_SAID]:
            return SKIPPED
        if reply is None or reply.code < 0:
            return UNKNOWN
        if reply.is_positive:
            return ACCEPTED
        return DEFERRED if reply.code // 100 == 4 else REFUSED

    @property
    def meaning(self) -> str:
        """What the reply says, where it is not what was wanted."""
        if self.outcome == UNKNOWN:
            is_said = self.reply is not None and self.reply is not NO_REPLY
            return "this says neither yes nor no" if is_said else _ENDED
        if self.outcome in (ACCEPTED, SKIPPED):
            return ""
        found = knowledge.explain(str(self.reply), after="RCPT")
        return found.title.lstrip("0123456789. ") if found is not None else ""


@dataclass(frozen=True, slots=True)
class Results:
    """What became of a message, in as many transactions as it took."""

    deliveries: tuple[Delivery, ...]

    @property
    def rows(self) -> tuple[Row, ...]:
        """The last word on each recipient; those never named to the server have none."""
        pairs = [pair for each in self.deliveries for pair in each.outcomes]
        return tuple(Row(str(who), reply) for who, reply in pairs)

    @property
    def is_delivered(self) -> bool:
        """The server has taken it for somebody."""
        return any(each.is_delivered for each in self.deliveries)

    @property
    def is_in_doubt(self) -> bool:
        """It may have taken some of it, and has not said so."""
        return any(each.is_in_doubt for each in self.deliveries)

    @property
    def is_complete(self) -> bool:
        """The server has taken it for everybody."""
        return self.is_delivered and all(row.outcome == ACCEPTED for row in self.rows)

    @property
    def queued(self) -> tuple[Queued, ...]:
        """What the server calls it, once for each name that is told."""
        found = (queued(reply.text) for each in self.deliveries for reply in _final(each))
        return tuple(dict.fromkeys(each for each in found if each is not None))

    @property
    def refusal(self) -> Reply | None:
        """The reply that decided against the message as a whole."""
        return next((each.refusal for each in self.deliveries if each.refusal is not None), None)

    @property
    def title(self) -> str:
        """All in one sentence."""
        if not self.is_delivered:
            why = _in_a_line(self.refusal) if self.refusal is not None else "it did not say why"
            if self.is_in_doubt:
                return f"the server has not said whether it has taken the message: {why}"
            return f"the server has not taken the message: {why}"
        count = sum(row.outcome == ACCEPTED for row in self.rows)
        people = "1 recipient" if count == 1 else f"{count} recipients"
        final = next(reply for each in self.deliveries for reply in _final(each))
        return f"the server has taken the message for {people}: {final.text}"

    @property
    def lines(self) -> tuple[str, ...]:
        """The table, and where to look in the server's log."""
        return (*table(self.rows), *(line for each in self.queued for line in log_lines(each)))

    @property
    def is_out_of_step(self) -> bool:
        """DATA got what only another command can: the server gave a reply too many before."""
        datas = (each.data for each in self.deliveries)
        return any(data is not None and data.code // 100 == 2 for data in datas)

    def answer(self) -> Answer:
        """For a person."""
        refusal = self.refusal
        asks = (f"?{refusal}".splitlines()[0],) if refusal and not self.is_delivered else ()
        lines = (*self.lines, *([TWICE] if self.is_in_doubt else ()))
        if self.is_out_of_step:
            lines, asks = (*lines, _OUT_OF_STEP), ("/send --no-pipelining", *asks)
        return Answer(self.title, lines, asks, is_trouble=not self.is_complete)


def table(rows: Sequence[Row]) -> list[str]:
    """Outcome, recipient, reply, and below it what a refusal means."""
    accepted = [row for row in rows if row.outcome == ACCEPTED]
    shown = rows if len(rows) <= MANY else [row for row in rows if row.outcome != ACCEPTED]
    width = max((len(row.recipient) for row in shown), default=0)
    lines = []
    for row in shown:
        said = _in_a_line(row.reply) if row.reply is not None else ""
        lines.append(f"{row.outcome:9}  {row.recipient:{width}}  {said}".rstrip())
        if row.meaning:
            lines.append(f"{'':9}  {'':{width}}  {row.meaning}")
    if len(shown) < len(rows) and accepted:
        lines.append(f"{ACCEPTED:9}  {len(accepted)} recipients")
    return lines


def _in_a_line(reply: Reply) -> str:
    return " ".join(str(reply).splitlines())


def log_lines(found: Queued) -> Iterator[str]:
    """Where the message is found on the server, to be copied."""
    whose = found.server or "unknown server"
    yield f"queue id {found.id} ({whose}); to find it there:"
    yield from (f"  {line}" for line in found.commands)
    if found.note:
        yield f"  {found.note}"


def _final(delivery: Delivery) -> Iterator[Reply]:
    """The replies by which the server took the message."""
    replies = (delivery.whole, *delivery.content)
    if delivery.is_delivered:
        yield from (each for each in replies if each is not None and each.is_positive)
