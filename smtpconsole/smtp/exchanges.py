"""What clients do, written as conversations.

An exchange is a generator.  `replies = yield batch` says everything in the batch in one go and
waits until all of it is answered: one round trip.  `yield from` includes another exchange, and
`return` gives the result.  Nothing here awaits, and nothing here knows of sockets; the same
generator runs on a connection, in a test against a written conversation, and in a rehearsal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from smtpconsole.smtp import content as octets
from smtpconsole.smtp.commands import CONTENT, GREETING, Send, command
from smtpconsole.smtp.errors import Disconnected
from smtpconsole.smtp.replies import Reply
from smtpconsole.smtp.session import Batch, Exchange, Session
from smtpconsole.smtp.streams import Content, chunked, dotted

_DATA = b"DATA\r\n"
_NO_EHLO = (500, 502, 504)  # RFC 5321, 3.2: the server may be older than EHLO


def ask(send: Send) -> Exchange[Reply]:
    """One command and its reply."""
    (reply,) = yield (send,)
    return reply


def greeting() -> Exchange[Reply]:
    """The server speaks first (RFC 5321, 3.1)."""
    return (yield from ask(Send(b"", GREETING)))


def typed(session: Session, line: bytes) -> Exchange[list[Reply]]:
    """A line somebody typed, with the meaning it has when its turn comes."""
    return (yield (session.typed(line),))


def hello(name: bytes, *, lmtp: bool = False) -> Exchange[Reply]:
    """EHLO, and HELO where that is not known; LHLO for LMTP (RFC 2033)."""
    if lmtp:
        return (yield from ask(command(b"LHLO", name)))
    reply = yield from ask(command(b"EHLO", name))
    if reply.code in _NO_EHLO:
        reply = yield from ask(command(b"HELO", name))
    return reply


def start_tls() -> Exchange[Reply]:
    """STARTTLS (RFC 3207); on 220 it returns only when the handshake is over."""
    return (yield from ask(command(b"STARTTLS")))


@dataclass(slots=True)
class Delivery:
    """The replies a mail transaction got, kind by kind."""

    mail: Reply
    recipients: list[tuple[Any, Reply]] = field(default_factory=list)
    data: Reply | None = None
    content: Sequence[Reply] = ()  # one, or in LMTP one for each accepted recipient

    @property
    def accepted(self) -> list[Any]:
        """The recipients the server took, as the caller knows them."""
        return [who for who, reply in self.recipients if reply.is_positive]

    @property
    def refused(self) -> list[tuple[Any, Reply]]:
        """The others, each with its reply."""
        return [(who, reply) for who, reply in self.recipients if not reply.is_positive]

    @property
    def has_envelope(self) -> bool:
        """The server holds a sender and a recipient: there is something to send content for."""
        return self.mail.is_positive and bool(self.accepted)

    @property
    def is_delivered(self) -> bool:
        """The server has taken responsibility for the message (RFC 5321, 4.2.5)."""
        return self.has_envelope and any(reply.is_positive for reply in self.content)


def deliver(
    mail: Send,
    rcpts: Sequence[Send],
    content: Content,
    *,
    pipelining: bool = False,
    chunking: bool = False,
    chunk: int | None = None,
    lmtp: bool = False,
) -> Exchange[Delivery]:
    """One mail transaction in as few round trips as the server allows.

    Content in bytes is canonical (`content.canonical`); dots are doubled here, where DATA needs
    it.  A Stream is pulled while it is sent.  With `chunking` it goes in BDAT commands of at most
    `chunk` octets (RFC 3030).
    """
    if chunking and pipelining:
        body = chunked(content, lmtp=lmtp, size=chunk)
        mail_reply, *rest = yield (mail, *rcpts, *body)
        outcome = Delivery(mail_reply, _paired(rcpts, rest))
        outcome.content = _final(rest[len(rcpts) :], outcome, lmtp)
        return outcome
    if pipelining:
        mail_reply, *answers, data = yield (mail, *rcpts, Send(_DATA, b"DATA"))
        outcome = Delivery(mail_reply, _paired(rcpts, answers), data)
    else:
        outcome = yield from _envelope(mail, rcpts)
        if not outcome.accepted or outcome.recipients[-1][1].code == 421:
            return outcome
        if chunking:
            replies = yield chunked(content, lmtp=lmtp, size=chunk, one_by_one=True)
            outcome.content = _final(replies, outcome, lmtp)
            return outcome
        outcome.data = data = yield from ask(Send(_DATA, b"DATA"))
    if data.code == 354:
        # RFC 2920, 3.1: a server may say 354 with nobody to send to; then nothing is sent.
        ending = dotted(content, lmtp=lmtp) if outcome.has_envelope else Send(octets.END, CONTENT)
        outcome.content = yield (ending,)
    return outcome


def data(content: Content) -> Exchange[tuple[Reply, Reply | None]]:
    """DATA and content: the replies to both; None for content that was not asked for."""
    reply = yield from ask(Send(_DATA, b"DATA"))
    if reply.code != 354:
        return reply, None
    return reply, (yield from ask(dotted(content)))


def _final(replies: Sequence[Reply], outcome: Delivery, lmtp: bool) -> Sequence[Reply]:
    """What decides, of the replies to some chunks: the first refusal, or those to the last."""
    count = max(1, len(outcome.accepted)) if lmtp else 1
    for at, reply in enumerate(replies[:-count]):
        if reply.is_negative:
            return replies[at : at + 1]
    return replies[-count:]


def _envelope(mail: Send, rcpts: Sequence[Send]) -> Exchange[Delivery]:
    """MAIL and each RCPT, one by one, until the server has had enough."""
    outcome = Delivery((yield from ask(mail)))
    if not outcome.mail.is_positive:
        return outcome
    for rcpt in rcpts:
        reply = yield from ask(rcpt)
        outcome.recipients.append((rcpt.about, reply))
        if reply.code == 421:
            break
    return outcome


def _paired(rcpts: Sequence[Send], answers: Sequence[Reply]) -> list[tuple[Any, Reply]]:
    return [(rcpt.about, reply) for rcpt, reply in zip(rcpts, answers, strict=False)]


Letter = tuple[Send, Sequence[Send], Content]  # MAIL, each RCPT, content


def deliver_all(letters: Iterable[Letter]) -> Exchange[list[Delivery]]:
    """Many transactions, a round trip each.

    RFC 2920, 3.1: content may be the first of a group, so the end of one message and the
    envelope of the next travel together.
    """
    outcomes: list[Delivery] = []
    ending: tuple[Send, ...] = ()
    for mail, rcpts, content in letters:
        replies = yield (*ending, mail, *rcpts, Send(_DATA, b"DATA"))
        if ending:
            outcomes[-1].content, replies = replies[:1], replies[1:]
        mail_reply, *answers, data = replies
        outcome = Delivery(mail_reply, _paired(rcpts, answers), data)
        outcomes.append(outcome)
        body = dotted(content) if outcome.has_envelope else Send(octets.END, CONTENT)
        ending = (body,) if data.code == 354 else ()
    if ending:
        outcomes[-1].content = yield ending
    return outcomes


def quit() -> Exchange[Reply]:
    """QUIT; a server that just leaves has said goodbye all the same."""
    try:
        return (yield from ask(command(b"QUIT")))
    except Disconnected:
        return Reply(221, [b""])


def always_yes(send: Send) -> Reply:
    """What a server that takes everything would answer."""
    return Reply({b"DATA": 354, b"AUTH": 235, b"QUIT": 221}.get(send.verb, 250), [b""])


def rehearse(exchange: Exchange[Any], answer: Callable[[Send], Reply] = always_yes) -> list[Batch]:
    """The batches an exchange would say, each a round trip, if the server answered so."""
    batches: list[Batch] = []
    replies: list[Reply] | None = None
    while True:
        try:
            batch = exchange.send(replies)  # type: ignore[arg-type]  # None starts it
        except StopIteration:
            return batches
        batches.append(batch)
        replies = [answer(send) for send in batch for _ in range(abs(send.replies))]
