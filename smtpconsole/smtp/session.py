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

from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Any

from smtpconsole.smtp import reactions, stepping, typed, upload
from smtpconsole.smtp.capabilities import Capabilities
from smtpconsole.smtp.commands import CONTENT, PRDR, Send
from smtpconsole.smtp.errors import Disconnected, HandshakeFailed, Silence
from smtpconsole.smtp.events import (
    Anomaly,
    Answered,
    Closed,
    Event,
    NotSecured,
    Phase,
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
from smtpconsole.smtp.running import Batch, Exchange, Future, Running
from smtpconsole.smtp.streams import Framing
from smtpconsole.smtp.transaction import Chunk, Transaction

__all__ = ["Batch", "Exchange", "Observer", "Session"]

Observer = Callable[[Event], None]

_OF_CONTENT = (CONTENT, b"BDAT")


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
        self.farewell: Reply | None = None  # a 421: why the server leaves
        self.malformed: Reply | None = None  # the first answer that leaves in doubt what it says
        self.is_in_doubt = False  # a message had such an answer
        self.surplus: Reply | None = None  # the first that nobody asked for
        self.mechanism = ""  # of the AUTH under way, or the last
        self.challenge = b""  # the last of the AUTH under way, decoded
        self.claimed: str | None = None  # who the AUTH under way says we are
        self.chunk: Chunk | None = None  # that is being typed
        self.mails = 0  # transactions begun (RFC 9422: MAILMAX)
        self.owed = 0  # further replies to the oldest command, where it gets several
        self.permit: Callable[[Batch], None] | None = None  # raises what an exchange shall end with
        self.holds: Callable[[Batch], bool] | None = None  # such a batch waits for release()
        self.held: tuple[Running, Batch] | None = None
        self._parser = ReplyParser()
        self.unanswered: deque[Send] = deque()
        self._orphans = 0  # how many of _unanswered, from the head on, nobody waits for
        self._outgoing: list[bytes] = []
        self.running: Running | None = None
        self._upgrading: Running | None = None  # has its replies, waits for TLS
        self.streaming: Framing | None = None  # makes Sends of the content under way
        self.behind: Batch = ()  # of the batch, to be said when that content is over

    # --- what we say --------------------------------------------------------------------------

    def begin(self, exchange: Exchange[Any], future: Future) -> None:
        """Start an exchange; its result or exception goes to the future."""
        assert self.running is None, "an exchange is under way"
        self.running = running = Running(exchange, future)
        self.advance(running, None)

    def typed(self, line: bytes) -> Send:
        """What a line means when somebody types it here and now."""
        return typed.typed(self, line)

    @property
    def proposed(self) -> Batch | None:
        """What step mode holds back."""
        return self.held[1] if self.held is not None else None

    def release(self, batch: stepping.Said | None = None, rest: Batch = ()) -> None:
        """Say what was proposed, or something else instead; the rest is proposed after it.

        A Reply in the batch stands for the answer to a Send that is not said.
        """
        assert self.held is not None, "nothing is held"
        (running, proposed), self.held = self.held, None
        said = stepping.begin(running, proposed if batch is None else batch, rest)
        if not self._submit(running, said):
            self.resume(running)

    def withdraw(self, error: Exception) -> None:
        """Say nothing of what was proposed: its exchange ends with this error."""
        assert self.held is not None, "nothing is held"
        (running, _), self.held = self.held, None
        self._throw(running, error)

    def take_outgoing(self) -> list[bytes]:
        """The octets to write now; they are given once."""
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    def abandon(self) -> None:
        """Stop the exchange under way; the replies it is owed are still consumed and shown."""
        running, self.running = self.running, None
        if running is not None:
            self._orphans = len(self.unanswered)
            self.held = self._upgrading = None
            upload.drop(self)
            running.exchange.close()

    @property
    def is_amid(self) -> bool:
        """What is said next is no command to the server, or may be none."""
        return typed.is_amid(self)

    @property
    def waiting_for(self) -> Send | None:
        """The oldest command without an answer."""
        return self.unanswered[0] if self.unanswered else None

    def failed(self, error: Exception) -> None:
        """The content under way cannot be had, so this is the end: part of it is no message.

        The exchange ends with the error itself.
        """
        reason = f"the content could not be read: {error}"
        self.end(Closed("client", reason, self.phase is Phase.CLOSING), error)

    # --- what the server says -----------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        """Octets from the server, decrypted."""
        observe, unanswered, running = self.observe, self.unanswered, self.running
        if observe is not None:
            observe(Received(data))
        complete = is_refused = False
        replies = iter(self._parser.feed(data))
        for reply in replies:
            self.last_reply = reply
            if reply.flaws and self._report(reply):
                return
            if not unanswered:
                self._unsolicited(reply)
                continue
            send = unanswered[0]
            settled = send.replies == 1 or self._settled(send, reply)
            if observe is not None:
                observe(Answered(reply, send))
            react = reactions.REACTIONS.get(send.verb)
            if react is not None:
                react(self, send, reply)
            if reply.code == 421:  # RFC 5321, 3.8: it may come at any time
                self.phase, self.farewell = Phase.CLOSING, reply
            if settled:
                unanswered.popleft()
            if self._orphans:
                self._orphans -= settled
            else:
                assert running is not None  # else all that is unanswered were orphans
                running.replies.append(reply)
                complete = settled and send is running.last
                if self.streaming is not None and send.verb in _OF_CONTENT:
                    is_refused |= reply.is_negative
            if self.phase is Phase.UPGRADING:
                self._prepare_upgrade(running if complete else None, list(replies))
                return
        if running is None:
            return
        if complete:
            self.resume(running)
        elif is_refused:
            upload.cut_short(self, running)
        elif self.streaming is not None:
            upload.go_on(self)

    def _prepare_upgrade(self, running: Running | None, replies: list[Reply]) -> None:
        """The server agreed to STARTTLS: whatever came behind its 220 is an attack, or a fault."""
        injected = b"".join(reply.octets for reply in replies) + self._parser.clear()
        if not injected:
            self._upgrading = running
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

    def _settled(self, send: Send, reply: Reply) -> bool:
        """Count down the replies to a send that gets several; true for the last."""
        if not self.owed:
            accepted = len(self.transaction.accepted) if self.transaction is not None else 0
            if send.replies == PRDR:
                self.owed = accepted + 2 if reply.code == 353 else 1
            else:
                self.owed = send.replies if send.replies > 0 else max(1, accepted)
        self.owed -= 1
        return self.owed == 0

    def _report(self, reply: Reply) -> bool:
        """Remark on the flaws of a reply; true if it cannot be paired and all is over."""
        for flaw in reply.flaws:
            self.remark(flaw, "")
        if self.unanswered and MALFORMED & {*reply.flaws}:
            self.malformed = self.malformed or reply
            self.is_in_doubt |= self.unanswered[0].is_end
        if LINE_TOO_LONG in reply.flaws or REPLY_TOO_LONG in reply.flaws:
            self.receive_eof(Disconnected(f"{reply.flaws[-1]}; the reply has no end"), by_us=True)
            return True
        if self.phase is Phase.GREETING and (name := stranger(reply.octets)):
            self.remark("not SMTP", f"this looks like {name}")
        return False

    def _unsolicited(self, reply: Reply) -> None:
        if self.observe is not None:
            self.observe(Answered(reply, None))
        if self.chunk is not None:  # the refusal of a chunk that is not complete
            self.chunk, self.phase = None, Phase.READY
            self.remark("reply before the end of the content", str(reply))
            return
        self.remark("unsolicited reply", str(reply))
        self.surplus = self.surplus or reply
        if reply.code == 421:
            self.phase, self.farewell = Phase.CLOSING, reply

    def upgraded(self) -> None:
        """The handshake that a 220 to STARTTLS called for is over: all we knew is void."""
        self.is_secure = True
        self.phase = Phase.READY
        self.capabilities = Capabilities()
        self.transaction = self.identity = None
        waiting, self._upgrading = self._upgrading, None
        if waiting is not None:
            self.resume(waiting)

    def receive_eof(
        self, error: Exception | None = None, *, by_us: bool = False, is_cut_short: bool = False
    ) -> None:
        """The connection is gone, for this reason if one is known; `is_cut_short` where what we
        have to say was not all sent."""
        if self.phase is Phase.CLOSED:
            return
        left = self._parser.clear()
        if left:
            self.remark("incomplete reply", ascii(left)[2:-1])
        by_client = by_us or isinstance(error, Silence)
        reason = str(error) if error else None
        if not isinstance(error, (Disconnected, HandshakeFailed, Silence)):
            told = f"Connection lost: {error}" if error else "Connection closed by the server"
            error = Disconnected(told + self._because)
        if isinstance(error, Disconnected):
            error.waiting_for, error.left = self.waiting_for, left
        if not isinstance(error, HandshakeFailed):
            error.replies = self.running.replies if self.running is not None else []
        error.is_cut_short |= is_cut_short or self.streaming is not None
        # Of several messages only the last can have been cut short.
        error.is_in_doubt = self._ends_said > error.is_cut_short
        was_announced = self.phase is Phase.CLOSING
        self.end(Closed("client" if by_client else "server", reason, was_announced), error)

    def end(self, closed: Closed, error: Exception | None) -> None:
        """Nothing more is said or heard; the exchange, if it is told, ends with the error."""
        self.phase = Phase.CLOSED
        if self.observe is not None:
            self.observe(closed)
        self.unanswered.clear()
        self.held = self._upgrading = None
        upload.drop(self)
        if self.running is not None and error is not None:
            self._throw(self.running, error)

    @property
    def _ends_said(self) -> int:
        """How many messages somebody waits for the word on, that were said to their end."""
        return sum(send.is_end for send in islice(self.unanswered, self._orphans, None))

    @property
    def _because(self) -> str:
        return f"; the server had said: {self.farewell}" if self.farewell is not None else ""

    def remark(self, kind: str, detail: str) -> None:
        """Something odd is so; whoever observes is told."""
        if self.observe is not None:
            self.observe(Anomaly(kind, detail))

    # --- inner workings -----------------------------------------------------------------------

    def resume(self, running: Running) -> None:
        if running.step is not None and not stepping.is_over(self, running, running.step):
            return
        replies, running.replies = running.replies, []
        self.advance(running, replies)

    def advance(self, running: Running, replies: list[Reply] | None) -> None:
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
            if self.phase is Phase.CLOSED:
                # Run it into the loss, so that it ends the way it would have.
                self._throw(running, Disconnected("Not connected" + self._because))
                return
            if self.holds is not None and self.holds(batch):
                stepping.propose(self, running, batch)
                return
            if self._submit(running, batch):
                return
            replies = []

    def _submit(self, running: Running, batch: Batch) -> bool:
        """Queue what is to be said; true if it asks for an answer, or must not be said."""
        if self.permit is not None:
            try:
                self.permit(batch)
            except Exception as error:
                self._throw(running, error)
                return True
        if batch and (batch[0].framing is not None or batch[-1].framing is not None):
            upload.begin(self, running, batch)
            return True
        last = self.say(batch)
        if last is None:
            return False
        running.last = last
        return True

    def say(self, batch: Batch, *, is_owed: bool = True) -> Send | None:
        """Queue Sends, and the replies they ask for; the last that asks."""
        if self.phase is Phase.AUTH:
            batch = [typed.as_response(self, send) for send in batch]
        asking = [send for send in batch if send.replies]
        if len(asking) < len(batch) or self.chunk is not None:
            typed.follow(self, batch)
        self._outgoing += [send.data for send in batch]
        if is_owed:
            self.unanswered += asking
        if self.observe is not None:
            for send in batch:
                if send.data:
                    self.observe(Sent(send))
        return asking[-1] if asking else None

    def _throw(self, running: Running, error: Exception) -> None:
        try:
            running.exchange.throw(error)
        except StopIteration as stop:
            self._finish(running, stop.value)
        except Exception as raised:
            self._finish(running, None, raised)
        else:
            running.exchange.close()  # it wants to go on talking, to nobody
            self._finish(running, None, error)

    def _finish(self, running: Running, result: Any, error: Exception | None = None) -> None:
        self.running = None
        if running.future.done():  # cancelled, and whoever waited has not been here to abandon
            return
        if error is None:
            running.future.set_result(result)
        else:
            running.future.set_exception(error)
