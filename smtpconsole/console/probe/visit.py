"""A visit to a server: greeting, EHLO, STARTTLS, EHLO, HELP, NOOP, QUIT, and never MAIL.

1. Facts are taken from what happened, not from where the visit got to: a server that dies in the
   middle leaves a visit with all that came before.
2. There is one deadline for all of it.
3. A port that speaks TLS at once where plain text was meant, or the other way round, is
   recognised, and visited in its own way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from smtpconsole.net.connection import Connection
from smtpconsole.net.dial import dial
from smtpconsole.net.policy import TlsPolicy
from smtpconsole.net.route import Route
from smtpconsole.net.timeouts import Timeouts
from smtpconsole.smtp import exchanges
from smtpconsole.smtp.capabilities import Capabilities
from smtpconsole.smtp.commands import GREETING, command
from smtpconsole.smtp.errors import Disconnected, HandshakeFailed, Silence, Unreachable
from smtpconsole.smtp.events import (
    Anomaly,
    Answered,
    Connected,
    Event,
    Learned,
    NotSecured,
    Phase,
    Resolved,
    Secured,
    Sent,
    Target,
    Tried,
)
from smtpconsole.smtp.facts import TlsFacts
from smtpconsole.smtp.replies import Reply, stranger
from smtpconsole.smtp.session import Exchange
from smtpconsole.transcript.journal import Journal

TIMEOUT = 60.0  # seconds for the whole visit
FAREWELL = 1.0  # seconds for the connection to close
PATIENCE = 0.4  # of that, for an address, and for a greeting: TLS may still have to be tried

Kind = Literal["unreachable", "timeout", "not-smtp", "refused", "closed", "tls"]
_HELLO = (b"EHLO", b"HELO", b"LHLO")


@dataclass(frozen=True, slots=True)
class Errand:
    """How to visit."""

    name: str = "localhost"  # said in EHLO
    tls: TlsPolicy = field(default_factory=lambda: TlsPolicy(strict=False))
    timeout: float = TIMEOUT
    route: Route | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One address that was tried."""

    address: str
    seconds: float
    error: str = ""  # empty: this is the one


@dataclass(frozen=True, slots=True)
class Failure:
    """Where a visit ended, and why."""

    stage: str
    kind: Kind
    text: str


@dataclass(slots=True)
class Visit:
    """What a visit has found so far."""

    target: Target
    journal: Journal = field(default_factory=Journal)
    tell: Callable[[Visit], None] | None = None  # something has happened
    stage: str = "connect"
    addresses: list[Attempt] = field(default_factory=list)
    replies: dict[str, Reply] = field(default_factory=dict)  # by stage
    plain: Capabilities | None = None
    secure: Capabilities | None = None
    tls: TlsFacts | None = None
    is_secure: bool = False
    says_helo: bool = False  # because EHLO was not known
    anomalies: list[Anomaly] = field(default_factory=list)
    timings: dict[str, float] = field(default_factory=dict)  # seconds, by stage
    mixed_up: Literal["", "TLS", "plain"] = ""  # what the port speaks instead
    failure: Failure | None = None
    _asked_at: float = 0.0

    def observe(self, event: Event) -> None:
        """Take a fact from what happened."""
        self.journal(event)
        at = self.journal.entries[-1].at
        match event:
            case Resolved(_, _, seconds):
                self.timings["dns"] = seconds
            case Tried(address, error, seconds):
                self.addresses.append(Attempt(address, seconds, error))
            case Connected(_, peer, seconds):
                self.addresses.append(Attempt(peer, seconds))
                self.timings["connect"] = seconds
                self._asked_at = at
                self._go_to("TLS" if self.target.implicit_tls else "greeting")
            case Sent(send):
                self._asked_at = at
                self.says_helo |= send.verb == b"HELO"
                self._go_to(self._stage_of(send.verb))
            case Answered(reply, send) if send is not None:
                self._answered(self._stage_of(send.verb), reply, at)
            case Secured(facts) | NotSecured(facts):
                self._shook(facts, isinstance(event, Secured), at)
            case Learned(capabilities) if self.is_secure:
                self.secure = capabilities
            case Learned(capabilities):
                self.plain = capabilities
            case Anomaly():
                self.anomalies.append(event)

    def _answered(self, stage: str, reply: Reply, at: float) -> None:
        self.replies[stage] = reply
        self.timings[stage] = at - self._asked_at
        if stage == "STARTTLS" and reply.code == 220:
            self._asked_at = at
            self._go_to("TLS")

    def _shook(self, facts: TlsFacts, is_secure: bool, at: float) -> None:
        self.tls, self.is_secure = facts, is_secure
        if facts.seconds is not None:
            self.timings["handshake"] = facts.seconds
        self._asked_at = at
        if is_secure:
            self._go_to("greeting" if self.target.implicit_tls else "EHLO under TLS")

    def _stage_of(self, verb: bytes) -> str:
        if verb == GREETING:
            return "greeting"
        if verb in _HELLO:
            return "EHLO under TLS" if self.is_secure else "EHLO"
        return verb.decode("ascii", "replace")

    def _go_to(self, stage: str) -> None:
        self.stage = stage
        if self.tell is not None:
            self.tell(self)

    def end(self, kind: Kind, text: str, stage: str = "") -> None:
        """The visit is over before its time; only the first reason counts."""
        if self.failure is None:
            self.failure = Failure(stage or self.stage, kind, text)

    def again(self, target: Target, mixed_up: Literal["TLS", "plain"]) -> None:
        """Begin anew, in the way the port speaks."""
        self.target, self.mixed_up = target, mixed_up
        self.tls, self.is_secure = None, False
        self.replies.clear()
        self.anomalies.clear()
        self.addresses.clear()
        self._go_to("connect")

    # --- what is asked of it ------------------------------------------------------------------

    @property
    def greeting(self) -> Reply | None:
        """What the server said first."""
        return self.replies.get("greeting")

    @property
    def hello(self) -> Reply | None:
        """The last reply to EHLO."""
        return self.replies.get("EHLO under TLS") or self.replies.get("EHLO")

    @property
    def offers_tls(self) -> bool:
        """TLS can be had: by STARTTLS, or because it comes first."""
        return self.target.implicit_tls or (self.plain is not None and "STARTTLS" in self.plain)

    @property
    def peer(self) -> str:
        """The address that was connected to, without its port; empty if none was."""
        for each in reversed(self.addresses):
            if not each.error:
                return each.address.rpartition(":")[0].strip("[]")
        return ""


async def visit(
    target: Target,
    errand: Errand,
    *,
    journal: Journal | None = None,
    tell: Callable[[Visit], None] | None = None,
    asks_for_more: bool = True,
) -> Visit:
    """Visit a server; whatever it does, there is a Visit within `errand.timeout` seconds.

    `tell` is called at every stage; without `asks_for_more` HELP and NOOP are left out.
    """
    found = Visit(target, journal if journal is not None else Journal(), tell)
    began = asyncio.get_running_loop().time()
    visitor = _Visitor(found, errand, asks_for_more)
    try:
        async with asyncio.timeout(errand.timeout):
            await visitor.go()
    except TimeoutError:
        found.end("timeout", f"the {errand.timeout:g} seconds for the whole visit are over")
    finally:
        await visitor.leave()
    found.timings["total"] = asyncio.get_running_loop().time() - began
    return found


class _Visitor:
    """Whoever makes a visit."""

    def __init__(self, found: Visit, errand: Errand, asks_for_more: bool) -> None:
        self._found = found
        self._errand = errand
        self._asks_for_more = asks_for_more
        self._connection: Connection | None = None

    async def go(self) -> None:
        """Come, ask, and take leave."""
        found = self._found
        try:
            await self._arrive()
            if self._is_welcome():
                await self._ask()
            await self._quit()
        except Unreachable as error:
            found.end("unreachable", str(error), "connect")
        except Silence as error:
            found.end("timeout", str(error))
        except HandshakeFailed as error:
            found.end("tls", str(error), "TLS")
        except (Disconnected, OSError) as error:
            other = stranger(error.left) if isinstance(error, Disconnected) else None
            if found.stage == "greeting" and other is not None:
                found.end("not-smtp", f"this is not SMTP but {other}", "greeting")
            else:
                found.end("closed", str(error))

    async def leave(self) -> None:
        """Close what is open, and see it closed."""
        connection, self._connection = self._connection, None
        if connection is None:
            await asyncio.sleep(0)  # what was aborted while it was dialled closes in the next turn
            return
        if self._found.failure is not None:
            connection.abort()
        connection.close()
        try:
            async with asyncio.timeout(FAREWELL):
                await connection.wait_closed()
        except TimeoutError:  # it does not take what is still to be written
            connection.abort()
            await connection.wait_closed()

    # --- coming -------------------------------------------------------------------------------

    async def _arrive(self) -> None:
        """A greeted connection, in the way that the port speaks."""
        found = self._found
        try:
            await self._dial()
            if not self._speaks_tls():
                return
            reason: Exception | None = None
        except (Silence, HandshakeFailed, Disconnected) as error:
            if not self._may_be_mixed_up(error):
                raise
            reason = error
        failed = found.target
        other: Literal["TLS", "plain"] = "plain" if failed.implicit_tls else "TLS"
        kept = found.tls, found.replies.copy(), found.stage
        found.again(replace(failed, implicit_tls=not failed.implicit_tls), other)
        try:
            await self._dial()
        except (Silence, HandshakeFailed, Disconnected, Unreachable):
            found.target, found.mixed_up = failed, ""
            found.tls, found.replies, found.stage = kept
            if reason is None:
                return
            raise reason from None

    async def _dial(self) -> None:
        patience = self._errand.timeout * PATIENCE
        times = Timeouts(connect=patience, greeting=patience, handshake=patience)
        await self.leave()
        self._connection = await dial(
            self._found.target,
            observe=self._found.observe,
            tls=self._errand.tls,
            timeout=times,
            route=self._errand.route,
        )

    def _speaks_tls(self) -> bool:
        """The greeting is a TLS record."""
        reply = self._found.greeting
        return reply is not None and stranger(reply.octets) == "TLS"

    def _may_be_mixed_up(self, error: Exception) -> bool:
        target = self._found.target
        if target.is_local:
            return False
        if isinstance(error, HandshakeFailed):
            return target.implicit_tls and error.facts.failure == "not-tls"
        if isinstance(error, Disconnected):
            return stranger(error.left) == "TLS"
        return not target.implicit_tls and self._found.stage == "greeting"

    def _is_welcome(self) -> bool:
        """The greeting allows more than QUIT."""
        reply = self._found.greeting
        assert reply is not None
        other = stranger(reply.octets)
        if other is not None:
            self._found.end("not-smtp", f"this is not SMTP but {other}", "greeting")
        elif reply.code < 0:
            self._found.end("not-smtp", "the greeting has no reply code", "greeting")
        elif reply.code != 220:
            self._found.end("refused", f"the server refuses service: {reply}", "greeting")
        return self._found.failure is None

    # --- asking -------------------------------------------------------------------------------

    async def _ask(self) -> None:
        found = self._found
        if not await self._introduce():
            return
        must_secure = not found.is_secure and "STARTTLS" in self._session_capabilities
        if must_secure and not (await self._secure() and await self._introduce()):
            return
        if self._asks_for_more:
            for verb in (b"HELP", b"NOOP"):
                if self._can_go_on:
                    await self._run(exchanges.ask(command(verb)))

    async def _introduce(self) -> bool:
        name = self._errand.name.encode("ascii", "replace")
        reply = await self._run(exchanges.hello(name, lmtp=self._found.target.lmtp))
        if not reply.is_positive:
            self._found.end("refused", f"the server does not want to be greeted: {reply}")
        return reply.is_positive and self._can_go_on

    async def _secure(self) -> bool:
        reply = await self._run(exchanges.start_tls())
        if reply.code != 220:
            self._found.end("tls", f"the server offers STARTTLS and refuses it: {reply}")
        return reply.code == 220

    async def _quit(self) -> None:
        """A stranger is not told QUIT: it would be taken for something else."""
        failure = self._found.failure
        if self._can_go_on and (failure is None or failure.kind != "not-smtp"):
            await self._run(exchanges.quit())

    async def _run(self, exchange: Exchange[Reply]) -> Reply:
        assert self._connection is not None
        return await self._connection.run(exchange, self._errand.timeout)

    @property
    def _can_go_on(self) -> bool:
        """Something can still be said: the server has not said 421."""
        connection = self._connection
        return connection is not None and connection.session.phase is Phase.READY

    @property
    def _session_capabilities(self) -> Capabilities:
        assert self._connection is not None
        return self._connection.session.capabilities
