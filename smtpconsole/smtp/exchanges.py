"""What clients do, written as conversations.

An exchange is a generator.  `replies = yield batch` says everything in the batch in one go and
waits until all of it is answered: one round trip.  `yield from` includes another exchange, and
`return` gives the result.  Nothing here awaits, and nothing here knows of sockets; the same
generator runs on a connection, in a test against a written conversation, and in a rehearsal.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from smtpconsole.smtp.commands import GREETING, Send, command
from smtpconsole.smtp.delivery import Letter, data, deliver, deliver_all, reset
from smtpconsole.smtp.errors import Disconnected
from smtpconsole.smtp.outcome import Delivery
from smtpconsole.smtp.replies import Reply
from smtpconsole.smtp.running import ask
from smtpconsole.smtp.session import Batch, Exchange, Session

__all__ = [
    "Delivery",
    "Letter",
    "always_yes",
    "ask",
    "data",
    "deliver",
    "deliver_all",
    "greeting",
    "hello",
    "quit",
    "rehearse",
    "reset",
    "start_tls",
    "typed",
]

_NO_EHLO = (500, 502, 504)  # RFC 5321, 3.2: the server may be older than EHLO


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
        replies = [answer(send) for send in batch for _ in range(_count(send))]


def _count(send: Send) -> int:
    return send.replies if send.replies >= 0 else 1
