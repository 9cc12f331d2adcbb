"""Does a server obey, under TLS, a command that came behind STARTTLS in the clear?

The fault is that of CVE-2011-0411: a server that keeps what it has read of the clear text
obeys it after the handshake, so that somebody on the path can slip commands into a session
that is proven to be someone else's.  The probe slips in a NOOP, which does nothing, and
counts the replies under TLS: one more than was asked for is the NOOP's.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Literal

from smtpconsole.net.connection import Connection
from smtpconsole.net.dial import dial
from smtpconsole.net.knocking import Unwelcome, greeted, knock, left, welcomed
from smtpconsole.net.policy import TlsPolicy
from smtpconsole.net.route import Route
from smtpconsole.smtp.commands import Send, command
from smtpconsole.smtp.errors import Disconnected, HandshakeFailed, Silence
from smtpconsole.smtp.events import Answered, Closed, Event, Secured, Target
from smtpconsole.smtp.replies import Reply
from smtpconsole.smtp.session import Exchange, Observer

Outcome = Literal["obeyed", "ignored", "refused", "answered in the clear", "unclear"]

_INJECTED = b"STARTTLS\r\nNOOP\r\n"


@dataclass(frozen=True, slots=True)
class Injection:
    """What became of the NOOP."""

    outcome: Outcome
    text: str
    proves: str


_PROVES: dict[Outcome, str] = {
    "obeyed": "who is on the path can put commands into a session under TLS (CVE-2011-0411)",
    "ignored": "what comes in the same segment as STARTTLS is not obeyed under TLS; a command "
    "behind it that comes later is part of the handshake, and breaks it",
    "refused": "with a command behind STARTTLS no TLS comes about: nothing of it gets in",
    "answered in the clear": "the NOOP was obeyed before TLS, which RFC 3207 does not allow; "
    "it does not get into the session under TLS",
    "unclear": "nothing: the probe did not come to its end",
}


class _Counter:
    """Passes events on, and counts the replies that come under TLS."""

    def __init__(self, observe: Observer | None) -> None:
        self.replies: list[Reply] = []
        self.is_over = asyncio.Event()  # QUIT has been answered, or the connection is gone
        self._observe = observe
        self._is_secure = False

    def __call__(self, event: Event) -> None:
        if isinstance(event, Secured):
            self._is_secure = True
        elif isinstance(event, Answered) and self._is_secure:
            self.replies.append(event.reply)
        if isinstance(event, Closed) or (self.replies and self.replies[-1].code == 221):
            self.is_over.set()
        if self._observe is not None:
            self._observe(event)


async def probe(
    target: Target,
    policy: TlsPolicy,
    *,
    name: bytes,
    timeout: float,
    observe: Observer | None = None,
    route: Route | None = None,
) -> Injection:
    """Try it on a server of one's own; `target` must not be one with TLS from the first octet.

    `timeout` is in seconds for each reply.  Raises Unwelcome, or what `dial` raises.
    """
    counter = _Counter(observe)
    connection = await dial(target, observe=counter, tls=policy, timeout=timeout, route=route)
    try:
        welcomed(connection)
        await greeted(connection, name=name, timeout=timeout)
        if "STARTTLS" not in connection.session.capabilities:
            raise Unwelcome("the server does not offer STARTTLS")
        outcome, text = await _injected(connection, counter, name, timeout)
    finally:
        await left(connection)
    if outcome == "broken":
        # Is it because of the NOOP?  Without it, TLS should come about.
        control = await knock(target, policy, name=name, timeout=timeout, route=route)
        if control.failure:
            return _told("unclear", text)
        return _told("refused", f"without the NOOP, TLS comes about; with it {text}")
    return _told(outcome, text)


async def _injected(
    connection: Connection, counter: _Counter, name: bytes, timeout: float
) -> tuple[Outcome | Literal["broken"], str]:
    try:
        reply = await connection.run(_start_tls(), timeout)
        if reply.code != 220:
            return "refused", f"it answers {reply}"
    except HandshakeFailed as error:
        is_clear = error.facts.failure in ("injected", "not-tls")
        return ("answered in the clear" if is_clear else "broken"), str(error)
    except Disconnected:
        return "refused", "it closes the connection"
    except Silence as error:
        return "unclear", str(error)
    with contextlib.suppress(Disconnected, Silence, HandshakeFailed):
        await connection.run(_farewell(connection, name), timeout)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(counter.is_over.wait(), min(timeout, 5))
    count = len(counter.replies)
    if count > 2:
        return "obeyed", f"two commands under TLS, {count} replies; the first: {counter.replies[0]}"
    if count == 2:
        return "ignored", "two commands under TLS, two replies"
    return "unclear", f"two commands under TLS, {count or 'no'} replies"


def _start_tls() -> Exchange[Reply]:
    """STARTTLS and the NOOP in one segment; one reply is for STARTTLS."""
    (reply,) = yield (Send(_INJECTED, b"STARTTLS"),)
    return reply


def _farewell(connection: Connection, name: bytes) -> Exchange[list[Reply]]:
    greeting = b"LHLO" if connection.session.lmtp else b"EHLO"
    return (yield (command(greeting, name), command(b"QUIT")))


def _told(outcome: Outcome, text: str) -> Injection:
    return Injection(outcome, text, _PROVES[outcome])
