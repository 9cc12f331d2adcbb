"""A session on a transport: asyncio carries the octets, and TLS wraps them.

1. `BufferedProtocol`: asyncio's other protocols allocate 256 KiB for every read.
2. A reply resumes its exchange inside the read callback, and what that says is written from
   there; the event loop wakes the caller once, when the exchange is over.
3. One watchdog serves all waits (`watchdog`): a completed reply, or octets that are taken off
   us, move a number.
4. Cancelling a caller leaves the session paired (its replies become orphans) or closed.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Coroutine
from dataclasses import replace
from typing import TypeVar, cast

from smtpconsole.net.handshake import Handshake
from smtpconsole.net.policy import TlsPolicy
from smtpconsole.net.pulling import Puller, leave, linger, unread
from smtpconsole.net.timeouts import TIMERS, Timeouts, Timer
from smtpconsole.net.tls import TlsLayer
from smtpconsole.net.watchdog import Watchdog, give_up, unsent
from smtpconsole.smtp.commands import Send
from smtpconsole.smtp.errors import HandshakeFailed, Silence
from smtpconsole.smtp.events import Noted, NotSecured, Phase, Secured, Sent, Target
from smtpconsole.smtp.exchanges import greeting
from smtpconsole.smtp.facts import TlsFacts
from smtpconsole.smtp.replies import Reply
from smtpconsole.smtp.session import Batch, Exchange, Observer, Session
from smtpconsole.smtp.stepping import Said

T = TypeVar("T")

BUFFER = 64 * 1024
SETTLING = 0.3  # seconds for a server to refuse our certificate, or the lack of one


class Connection(asyncio.BufferedProtocol):
    """One connection to one server."""

    def __init__(
        self,
        target: Target,
        *,
        observe: Observer | None = None,
        tls: TlsPolicy | None = None,
        lmtp: bool = False,
        header: bytes = b"",
    ) -> None:
        self.target = target
        self.session = Session(observe, lmtp=lmtp)
        self.tls: TlsFacts | None = None
        self.transport: asyncio.Transport | None = None
        self.tls_policy = tls or TlsPolicy()  # for the next handshake
        self._handshake: Handshake | None = None
        self._layer: TlsLayer | None = None  # the handshake's
        self._settling: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._memory = memoryview(bytearray(BUFFER))
        self._puller = Puller(self.session, self._flush)
        self._turn = asyncio.Lock()
        self._header = header  # of the PROXY protocol: before all else, also before TLS
        self._handed = 0  # octets given to the transport so far
        self._watchdog = Watchdog(self, self._late)
        self._companions: set[asyncio.Task[None]] = set()
        self.lost: asyncio.Future[None] = self._loop.create_future()
        self.greeting: asyncio.Future[Reply] = self._loop.create_future()
        # It may be lost before anybody asks for its greeting: that is no accident.
        self.greeting.add_done_callback(lambda done: done.cancelled() or done.exception())

    # --- asyncio's side -----------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        if self._header:
            if self.session.observe is not None:
                self.session.observe(Sent(Send(self._header, b"PROXY", replies=0)))
            self._put(self._header)
        # The greeting may be here before whoever dialled is: it is owed from now on.
        self.session.begin(greeting(), self.greeting)
        if self.target.implicit_tls:
            self._begin_tls()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._memory

    def buffer_updated(self, nbytes: int) -> None:
        data = bytes(self._memory[:nbytes])
        before = self.session.last_reply
        self._receive(data)
        moved = self.session.last_reply is not before
        self._flush()
        if moved:
            self._watchdog.progress()

    def _receive(self, data: bytes) -> None:
        receive = self.session.receive if self._layer is None else self._receive_encrypted
        receive(data)

    def eof_received(self) -> bool:
        layer = self._layer
        if layer is not None and not layer.is_ready:
            layer.feed_eof()
            self._shake()
        elif layer is not None and not layer.is_closed:
            self.session.remark("closed without close_notify", "")
        self.session.receive_eof(is_cut_short=self.is_uploading)
        self._flush()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        layer = self._layer
        if exc is not None and layer is not None and not layer.is_ready and self.is_open:
            reason = f"the server closed the connection during the TLS handshake ({exc})"
            self._fail_tls(HandshakeFailed(reason, replace(layer.facts(), failure="closed")))
        if exc is not None and self.transport is not None:
            for data in unread(self.transport):  # often it says why
                if self.is_open:
                    self._receive(data)
        self.session.receive_eof(exc, is_cut_short=self.is_uploading)
        self._flush()
        self._watchdog.close()
        self._puller.close()
        if self._handshake is not None:
            self._handshake.keep()
        if not self.lost.done():
            self.lost.set_result(None)

    def pause_writing(self) -> None:
        self._puller.can_write = False
        self._watchdog.uploading()

    def resume_writing(self) -> None:
        self._puller.can_write = True
        self._puller.wake()
        self._watchdog.progress()

    # --- the caller's side --------------------------------------------------------------------

    async def run(self, exchange: Exchange[T], timeout: float | Timeouts | None = None) -> T:
        """Hold an exchange to its end.

        `timeout` is a number of seconds for each reply, Timeouts by what is awaited, or None.
        Raises Silence, Disconnected or HandshakeFailed; for all three the connection is gone.
        """
        async with self._turn:
            done: asyncio.Future[T] = self._loop.create_future()
            self.session.begin(exchange, done)
            self._flush()
            self._watchdog.start(timeout)
            try:
                return await done
            except asyncio.CancelledError:
                self._give_up()
                raise
            finally:
                self._watchdog.stop()

    async def greeted(self, timeout: float | Timeouts | None = None) -> Reply:
        """The server's greeting, and the handshake before it where TLS comes first."""
        async with self._turn:
            self._watchdog.start(timeout)
            try:
                return await self.greeting
            except asyncio.CancelledError:
                self._give_up()
                raise
            finally:
                self._watchdog.stop()

    def _give_up(self) -> None:
        """The caller was cancelled."""
        self.session.abandon()
        self._flush()
        if self.session.is_amid:
            self.abort()  # there is no way back

    def release(self, batch: Said | None = None, rest: Batch = ()) -> None:
        """Say what step mode holds, or something else instead (`Session.release`)."""
        self.session.release(batch, rest)
        self._flush()

    def withdraw(self, error: Exception) -> None:
        """Say nothing of what step mode holds: whoever wanted it gets this error."""
        self.session.withdraw(error)
        self._flush()

    @property
    def is_open(self) -> bool:
        """Something can still be said."""
        return self.session.phase is not Phase.CLOSED

    @property
    def layer(self) -> TlsLayer | None:
        """The TLS layer, once a handshake has begun."""
        return self._layer

    def close(self) -> None:
        """End the connection in good order; nothing more is read."""
        if self.transport is None:
            return
        if self._layer is not None and self._layer.is_ready and self.is_open:
            self._layer.close()
            self._put(self._layer.take_outgoing())
        self.session.receive_eof(by_us=True)
        linger(self.transport)

    def abort(self) -> None:
        """End the connection at once."""
        self.session.receive_eof(by_us=True)
        if self.transport is not None:
            self.transport.abort()

    def keep(self, companion: Coroutine[None, None, None]) -> None:
        """Run something beside the connection, which ends by itself once that is lost."""
        self._companions.add(task := asyncio.ensure_future(companion))
        task.add_done_callback(self._companions.discard)

    async def wait_closed(self) -> None:
        """Until the connection is gone, and whatever ran beside it has ended."""
        await asyncio.wait({self.lost, *self._companions})  # a cancelled wait cancels none of them

    # --- writing ------------------------------------------------------------------------------

    def _flush(self) -> None:
        outgoing = self.session.take_outgoing()
        if self.session.phase is Phase.CLOSED:
            self._puller.wake()
            if self.transport is not None:
                leave(self.transport)
            return
        for data in outgoing if len(outgoing) < 2 else (b"".join(outgoing),):
            self._write(data)
        if self.session.phase is Phase.UPGRADING:
            self._upgrade()
        if self.session.streaming is not self._puller.framing:
            self._watchdog.progress()  # another timer runs
        if self.session.streaming is not None or self._puller.framing is not None:
            self._puller.wake()
        if self.session.holds is not None:
            self._watchdog.stand_still(self.session.held is not None)

    def _write(self, data: bytes) -> None:
        if self._layer is None:
            self._put(data)
        elif data:
            self._layer.write(data)
            self._put(self._layer.take_outgoing())

    def _put(self, data: bytes | memoryview) -> None:
        """Hand octets over to be carried."""
        if data and self.transport is not None:
            self._handed += len(data)
            self.transport.write(data)

    # --- TLS ----------------------------------------------------------------------------------

    def _begin_tls(self) -> None:
        """Shake hands: at once, or because of a 220 to STARTTLS."""
        try:
            self._handshake = Handshake(self.tls_policy, self.target, self.session.observe)
        except HandshakeFailed as failure:
            self._fail_tls(failure)
            return
        self._layer = self._handshake.layer
        if (warning := self._handshake.warning) and self.session.observe is not None:
            self.session.observe(Noted(warning))
        self._shake()

    def _upgrade(self) -> None:
        """STARTTLS was answered with 220."""
        if self._layer is None:
            self._begin_tls()
        elif self._layer.is_ready and self._settling is None:
            reason = "the server agreed to STARTTLS inside of TLS, which nobody can do"
            facts = replace(self._layer.facts(), failure="nested")
            self._fail_tls(HandshakeFailed(reason, facts))

    def _shake(self) -> None:
        handshake = self._handshake
        assert handshake is not None
        try:
            is_over = handshake.layer.handshake()
        except (ssl.SSLError, OSError) as error:
            self._put(handshake.layer.take_outgoing())  # the alert that tells the server why
            self._fail_tls(handshake.failed(error))
            return
        self._put(handshake.layer.take_outgoing())
        if not is_over:
            return
        self.tls = facts = handshake.facts()
        if (objection := handshake.objection(facts)) is not None:
            self._fail_tls(objection)
            return
        if facts.client_certificate_requested and facts.version == "TLSv1.3":
            # The server says only now whether it is content; what we sent meanwhile would
            # make it reset the connection, and its alert be lost.
            self._settling = self._loop.call_later(SETTLING, self._secured)
        else:
            self._secured()
        self._receive_encrypted(b"")

    def _secured(self) -> None:
        """TLS is on, and is here to stay."""
        if self._settling is not None:
            self._settling.cancel()
            self._settling = None
        session = self.session
        if not self.is_open:
            return
        assert self.tls is not None
        if session.observe is not None:
            session.observe(Secured(self.tls))
        if session.phase is Phase.UPGRADING:
            session.upgraded()
        else:
            session.is_secure = True
        self._watchdog.progress()
        self._flush()

    def _fail_tls(self, failure: HandshakeFailed) -> None:
        self.tls = failure.facts
        if self.session.observe is not None:
            self.session.observe(NotSecured(failure.facts, str(failure)))
        self.session.receive_eof(failure, by_us=True)
        if self.transport is not None:
            linger(self.transport)

    def _receive_encrypted(self, data: bytes) -> None:
        layer = self._layer
        assert layer is not None and self._handshake is not None
        if data:
            layer.feed(data)
        if not layer.is_ready:
            self._shake()
            return
        try:
            plain = layer.read()
        except ssl.SSLError as error:
            self._fail_tls(self._handshake.failed(error))
            return
        self._put(layer.take_outgoing())
        if self._settling is not None and data:
            self._secured()
        if plain:
            self.session.receive(plain)
        if layer.is_closed and self.is_open:
            self._unwrapped(layer)

    def _unwrapped(self, layer: TlsLayer) -> None:
        """The server has ended TLS: what it may say now, in the clear, is not its word."""
        if rest := layer.rest():
            self.session.remark("plaintext after TLS", ascii(rest)[2:-1])
        layer.close()
        self._put(layer.take_outgoing())
        self.session.receive_eof()

    # --- waiting ------------------------------------------------------------------------------

    @property
    def awaited(self) -> tuple[Timer, str, Send | None]:
        """Which timer runs, what is missing in words, and the command it answers."""
        session = self.session
        send = session.waiting_for
        is_shaking = self._layer is not None and not self._layer.is_ready
        if is_shaking or session.phase is Phase.UPGRADING:
            return "handshake", "No TLS handshake", send
        if session.phase is Phase.GREETING:
            return "greeting", "No greeting", send
        if self.is_uploading:
            return "block", "No octet of what is sent was taken", send
        if send is None:
            return "other", "No end of the exchange", send
        name = send.verb.decode("ascii", "replace") or "what was sent"
        return TIMERS.get(send.verb, "other"), f"No reply to {name}", send

    @property
    def is_uploading(self) -> bool:
        """There is more to say than is taken."""
        return self._puller.is_uploading

    @property
    def is_reading(self) -> bool:
        """Nobody but the source of the content is late."""
        return self._puller.is_hungry

    @property
    def taken(self) -> tuple[int, int]:
        """How many octets were taken off us so far, and how many are unsent."""
        left = unsent(self.transport) if self.transport is not None else 0
        return self._handed - left, left

    def _late(self, silence: Silence) -> None:
        if self.transport is not None:
            give_up(self.transport, silence)
        self.session.receive_eof(silence)
