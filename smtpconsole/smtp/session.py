"""One SMTP conversation as the client sees it: octets in, octets out, events.

A `Send` is what we say, a `Reply` what the server says, and an *exchange* a generator that
yields batches of Sends and is sent their replies.  The session keeps the one thing that SMTP
leaves implicit: which reply answers which command.

1. No I/O and no clock.  Whoever carries the octets calls `receive`, `receive_eof`, `upgraded`,
   and writes what `take_outgoing` gives, after every call.
2. What a reply does to the session hangs on the verb it answers (`reactions`), never on the
   exchange: a line typed by hand has the same consequences.
3. An exchange goes on only after the whole received chunk: a second reply in it was sent
   before our next command, and must not answer that.
4. Nothing is refused for being odd.  It is an `Anomaly`, and on we go; only what cannot be
   paired any more (a reply without end, plaintext behind STARTTLS) ends the session.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Generator, Sequence
from typing import Any, Protocol, TypeVar

from smtpconsole.smtp import reactions
from smtpconsole.smtp.capabilities import Capabilities
from smtpconsole.smtp.commands import CONTENT, PER_RECIPIENT, Send
from smtpconsole.smtp.errors import Disconnected, HandshakeFailed, Silence
from smtpconsole.smtp.events import (
    Anomaly,
    Answered,
    Closed,
    Event,
    NotSecured,
    Phase,
    Proposed,
    Received,
    Sent,
)
from smtpconsole.smtp.facts import TlsFacts
from smtpconsole.smtp.replies import (
    LINE_TOO_LONG,
    MALFORMED,
    REPLY_TOO_LONG,
    Reply,
    ReplyParser,
    stranger,
)
from smtpconsole.smtp.sasl import claims
from smtpconsole.smtp.transaction import Transaction

T = TypeVar("T")

Batch = Sequence[Send]
Exchange = Generator[Batch, list[Reply], T]
Observer = Callable[[Event], None]

_AUTH = re.compile(rb"\s*AUTH\s+(\S+)\s+(\S.*)", re.IGNORECASE | re.DOTALL)
_PATH = re.compile(rb"<([^>]*)>")


class Future(Protocol):
    """Where a result goes: asyncio's futures, concurrent's, or a test's own."""

    def set_result(self, result: Any, /) -> None: ...

    def set_exception(self, exception: BaseException, /) -> None: ...


class _Running:
    """An exchange under way."""

    __slots__ = ("exchange", "future", "last", "replies")

    def __init__(self, exchange: Exchange[Any], future: Future) -> None:
        self.exchange = exchange
        self.future = future
        self.last: Send | None = None  # of the batch: its reply completes it
        self.replies: list[Reply] = []


class Session:
    """Pairs replies with commands, keeps the state, runs exchanges, one at a time."""

    def __init__(self, observe: Observer | None = None, *, lmtp: bool = False) -> None:
        self.observe = observe
        self.lmtp = lmtp
        self.phase = Phase.GREETING
        self.capabilities = Capabilities()
        self.transaction: Transaction | None = None
        self.identity: str | None = None  # who we authenticated as
        self.is_secure = False
        self.last_reply: Reply | None = None
        self.malformed: Reply | None = None  # the first answer that leaves in doubt what it says
        self.surplus: Reply | None = None  # the first that nobody asked for
        self.mechanism = ""  # of the AUTH under way, or the last
        self.challenge = b""  # the last of the AUTH under way, decoded
        self.claimed: str | None = None  # who the AUTH under way says we are
        self.owed = 0  # further replies to the oldest command, where it gets several
        self.stepping = False  # propose each batch, and wait for release()
        self._proposed: tuple[_Running, Batch] | None = None
        self._parser = ReplyParser()
        self._unanswered: deque[Send] = deque()
        self._orphans = 0  # how many of _unanswered, from the head on, nobody waits for
        self._outgoing: list[bytes] = []
        self._running: _Running | None = None
        self._held: _Running | None = None  # has its replies, waits for TLS

    # --- what we say --------------------------------------------------------------------------

    def begin(self, exchange: Exchange[Any], future: Future) -> None:
        """Start an exchange; its result or exception goes to the future."""
        assert self._running is None, "an exchange is under way"
        self._running = running = _Running(exchange, future)
        if self.phase is Phase.CLOSED:
            # Run it into the loss at its first yield, so that it ends the way it would have.
            self._throw(running, Disconnected("Not connected"), start=True)
        else:
            self._advance(running, None)

    def typed(self, line: bytes) -> Send:
        """What a line means when somebody types it here and now."""
        data = line + b"\r\n"
        if self.phase is Phase.CONTENT:
            return self._typed_content(line, data)
        if self.phase is Phase.AUTH:
            if line == b"*":
                return Send(data, b"AUTH")
            return self._typed_response(data, self.mechanism, 0, len(line))
        verb = line.split(None, 1)[0].upper() if line.strip() else b""
        if verb == b"AUTH" and (found := _AUTH.match(line)):
            mechanism = found[1].decode("ascii", "replace")
            return self._typed_response(data, mechanism, *found.span(2))
        if verb in (b"MAIL", b"RCPT") and (path := _PATH.search(line)):
            return Send(data, verb, about=path[1].decode("utf-8", "surrogateescape"))
        return Send(data, verb)

    def _typed_response(self, data: bytes, mechanism: str, start: int, stop: int) -> Send:
        # On the AUTH line the dialogue begins; afterwards it has been told who it is about.
        challenge, claimed = (b"", None) if start else (self.challenge, self.claimed)
        who = claims.claimed_user(mechanism, data[start:stop], challenge, claimed)
        is_secret = stop > start and claims.holds_secret(mechanism)
        return Send(data, b"AUTH", secret=slice(start, stop) if is_secret else None, about=who)

    def _typed_content(self, line: bytes, data: bytes) -> Send:
        if line != b".":
            return Send(data, CONTENT, replies=0)
        return Send(data, CONTENT, PER_RECIPIENT if self.lmtp else 1)

    @property
    def proposed(self) -> Batch | None:
        """What step mode holds back."""
        return self._proposed[1] if self._proposed is not None else None

    def release(self, batch: Batch | None = None) -> None:
        """Say what was proposed in step mode, or something else instead."""
        assert self._proposed is not None, "nothing is held"
        running, proposed = self._proposed
        self._proposed = None
        if not self._submit(running, proposed if batch is None else batch):
            self._advance(running, [])

    def take_outgoing(self) -> list[bytes]:
        """The octets to write now; they are given once."""
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    def abandon(self) -> None:
        """Stop the exchange under way; the replies it is owed are still consumed and shown."""
        running, self._running = self._running, None
        if running is not None:
            self._orphans = len(self._unanswered)
            self._proposed = self._held = None
            running.exchange.close()

    @property
    def waiting_for(self) -> Send | None:
        """The oldest command without an answer."""
        return self._unanswered[0] if self._unanswered else None

    # --- what the server says -----------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        """Octets from the server, decrypted."""
        observe, unanswered, running = self.observe, self._unanswered, self._running
        if observe is not None:
            observe(Received(data))
        complete = False
        replies = iter(self._parser.feed(data))
        for reply in replies:
            self.last_reply = reply
            if reply.flaws and self._report(reply):
                return
            if not unanswered:
                self._unsolicited(reply)
                continue
            send = unanswered[0]
            settled = send.replies == 1 or self._settled(send)
            if observe is not None:
                observe(Answered(reply, send))
            react = reactions.REACTIONS.get(send.verb)
            if react is not None:
                react(self, send, reply)
            if reply.code == 421:  # RFC 5321, 3.8: it may come at any time
                self.phase = Phase.CLOSING
            if settled:
                unanswered.popleft()
            if self._orphans:
                self._orphans -= settled
            else:
                assert running is not None  # else all that is unanswered were orphans
                running.replies.append(reply)
                complete = settled and send is running.last
            if self.phase is Phase.UPGRADING:
                self._prepare_upgrade(running if complete else None, list(replies))
                return
        if complete and running is not None:
            self._resume(running)

    def _prepare_upgrade(self, running: _Running | None, replies: list[Reply]) -> None:
        """The server agreed to STARTTLS: whatever came behind its 220 is an attack, or a fault."""
        injected = b"".join(reply.octets for reply in replies) + self._parser.clear()
        if not injected:
            self._held = running
            return
        self.remark("plaintext after STARTTLS", ascii(injected)[2:-1])
        reason = (
            f"{len(injected)} octets of plaintext came behind the reply to STARTTLS; "
            "the server or something on the path injects them"
        )
        facts = TlsFacts(failure="injected")
        if self.observe is not None:
            self.observe(NotSecured(facts, reason))
        self.receive_eof(HandshakeFailed(reason, facts), by_us=True)

    def _settled(self, send: Send) -> bool:
        """Count down the replies to a send that gets several; true for the last."""
        if not self.owed:
            accepted = len(self.transaction.accepted) if self.transaction is not None else 0
            self.owed = send.replies if send.replies > 0 else max(1, accepted)
        self.owed -= 1
        return self.owed == 0

    def _report(self, reply: Reply) -> bool:
        """Remark on the flaws of a reply; true if it cannot be paired and all is over."""
        for flaw in reply.flaws:
            self.remark(flaw, "")
        if self._unanswered and self.malformed is None and MALFORMED & {*reply.flaws}:
            self.malformed = reply
        if LINE_TOO_LONG in reply.flaws or REPLY_TOO_LONG in reply.flaws:
            self.receive_eof(Disconnected(f"{reply.flaws[-1]}; the reply has no end"), by_us=True)
            return True
        if self.phase is Phase.GREETING and (name := stranger(reply.octets)):
            self.remark("not SMTP", f"this looks like {name}")
        return False

    def _unsolicited(self, reply: Reply) -> None:
        if self.observe is not None:
            self.observe(Answered(reply, None))
        self.remark("unsolicited reply", str(reply))
        if self.surplus is None:
            self.surplus = reply
        if reply.code == 421:
            self.phase = Phase.CLOSING

    def upgraded(self) -> None:
        """The handshake that a 220 to STARTTLS called for is over: all we knew is void."""
        self.is_secure = True
        self.phase = Phase.READY
        self.capabilities = Capabilities()
        self.transaction = self.identity = None
        held, self._held = self._held, None
        if held is not None:
            self._resume(held)

    def receive_eof(self, error: Exception | None = None, *, by_us: bool = False) -> None:
        """The connection is gone, for this reason if one is known."""
        if self.phase is Phase.CLOSED:
            return
        left = self._parser.clear()
        if left:
            self.remark("incomplete reply", ascii(left)[2:-1])
        was_announced = self.phase is Phase.CLOSING
        self.phase = Phase.CLOSED
        if self.observe is not None:
            by_client = by_us or isinstance(error, Silence)
            reason = str(error) if error else None
            self.observe(Closed("client" if by_client else "server", reason, was_announced))
        self._unanswered.clear()
        self._proposed = self._held = None
        running = self._running
        if running is None:
            return
        if not isinstance(error, (Disconnected, HandshakeFailed, Silence)):
            reason = f"Connection lost: {error}" if error else "Connection closed by the server"
            error = Disconnected(reason)
        if isinstance(error, Disconnected):
            error.replies = running.replies
        self._throw(running, error)

    def remark(self, kind: str, detail: str) -> None:
        """Something odd is so; whoever observes is told."""
        if self.observe is not None:
            self.observe(Anomaly(kind, detail))

    # --- inner workings -----------------------------------------------------------------------

    def _resume(self, running: _Running) -> None:
        replies, running.replies = running.replies, []
        self._advance(running, replies)

    def _advance(self, running: _Running, replies: list[Reply] | None) -> None:
        """Let the exchange speak until it waits for an answer, or is over."""
        while True:
            try:
                batch = running.exchange.send(replies)  # type: ignore[arg-type]  # None starts it
            except StopIteration as stop:
                self._finish(running, stop.value)
                return
            except Exception as error:
                self._finish(running, None, error)
                return
            if self.stepping:
                self._proposed = running, batch
                if self.observe is not None:
                    self.observe(Proposed(batch))
                return
            if self._submit(running, batch):
                return
            replies = []

    def _submit(self, running: _Running, batch: Batch) -> bool:
        """Queue what is to be said; true if it asks for an answer."""
        asking = [send for send in batch if send.replies]
        self._outgoing += [send.data for send in batch]
        self._unanswered += asking
        if self.observe is not None:
            for send in batch:
                if send.data:
                    self.observe(Sent(send))
        if not asking:
            return False
        running.last = asking[-1]
        return True

    def _throw(self, running: _Running, error: Exception, *, start: bool = False) -> None:
        try:
            if start:
                next(running.exchange)
            running.exchange.throw(error)
        except StopIteration as stop:
            self._finish(running, stop.value)
        except Exception as raised:
            self._finish(running, None, raised)
        else:
            running.exchange.close()  # it wants to go on talking, to nobody
            self._finish(running, None, error)

    def _finish(self, running: _Running, result: Any, error: Exception | None = None) -> None:
        self._running = None
        if error is None:
            running.future.set_result(result)
        else:
            running.future.set_exception(error)
