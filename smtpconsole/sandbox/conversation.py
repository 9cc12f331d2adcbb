"""One conversation with one client: what was said so far, and what is answered.

1. Every reply goes through `reply`, which asks the faults that are on what becomes of it.
2. Every refusal carries an enhanced status code, so that ENHANCEDSTATUSCODES is true.
3. A client that floods gives others turns; what it sends is bounded in memory.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from smtpconsole.sandbox import proxy
from smtpconsole.sandbox.diary import Diary
from smtpconsole.sandbox.faults import Chances, Fault, Switches
from smtpconsole.sandbox.house import House
from smtpconsole.sandbox.mailbox import Mailbox
from smtpconsole.sandbox.wire import Idle, Wire

if TYPE_CHECKING:
    from smtpconsole.sandbox.certificates import Identity

MAX_LINE = 512  # octets, CRLF included (RFC 5321, 4.5.3.1.4)
MAX_PARAMETERS = 1500  # further ones for MAIL and RCPT (RFC 3461, 4; RFC 6531, 3.4)
MAX_AUTH_LINE = 12_288  # RFC 4954, 4
REPLIES_A_TURN = 256

log = logging.getLogger("smtpconsole.sandbox")
log.addHandler(logging.NullHandler())  # without one, logging writes across the screen

_HELLO = b"\x16\x03"  # how a TLS record of the handshake begins
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(slots=True)
class Shared:
    """What all conversations of one sandbox have in common."""

    house: House
    mailbox: Mailbox
    diary: Diary
    faults: Switches
    identity: Identity
    token: str  # that XOAUTH2 takes
    greylisted: dict[tuple[str, str, str], float]  # since when each triplet is known


@dataclass(slots=True)
class Recipient:
    """Somebody who was accepted."""

    address: str
    mailboxes: tuple[str, ...]
    options: tuple[str, ...] = ()


@dataclass(slots=True)
class Envelope:
    """A transaction under way."""

    sender: str
    options: tuple[str, ...] = ()
    is_utf8: bool = False
    is_binary: bool = False
    recipients: list[Recipient] = field(default_factory=list)
    chunks: bytearray | None = None  # of BDAT, so far; None before the first
    is_too_large: bool = False


class Conversation:
    """A client and what it has said."""

    def __init__(
        self,
        shared: Shared,
        *,
        has_tls: bool = False,
        is_lmtp: bool = False,
        is_proxied: bool = False,
        is_refused: bool = False,
    ) -> None:
        self.shared = shared
        self.house = shared.house
        self.is_lmtp = is_lmtp
        self.helo = ""
        self.is_extended = False
        self.user: str | None = None
        self.envelope: Envelope | None = None
        self.messages = 0
        self.peer = ""
        self.verb = ""
        self.wire = Wire(self._serve, timeout=shared.house.idle)
        self._has_tls = has_tls
        self._is_proxied = is_proxied
        self._is_refused = is_refused
        self._is_over = False
        self._replies = 0
        self._chances = Chances()  # that faults had

    @property
    def greeting(self) -> str:
        """Who we are."""
        return f"220 {self.house.domain} {'LMTP' if self.is_lmtp else 'ESMTP'} smtpconsole sandbox"

    def note(self, what: str, why: str = "", *, about: str = "") -> None:
        """Write something in the diary."""
        self.shared.diary.note(self.peer, what, why, about=about)

    def due(self, moment: str) -> list[Fault]:
        """The faults that apply now."""
        return self.shared.faults.due(moment, self._chances)

    def forget(self) -> None:
        """All that was said is void: TLS has begun, or XCLIENT was said."""
        self.helo, self.is_extended, self.user, self.envelope = "", False, None, None

    def leave(self) -> None:
        """No more commands are read."""
        self._is_over = True

    # --- the loop -----------------------------------------------------------------------------

    async def _serve(self, wire: Wire) -> None:
        self.peer = wire.peer
        try:
            self.note("connected")
            await self._begin()
            while not self._is_over:
                await self._take_turn()
        except Idle:
            self.note("dismissed", "it said nothing for too long")
            wire.dismiss(f"421 4.4.2 {self.house.domain} Idle for too long, closing")
        except proxy.NotProxied as error:
            self.note("refused", f"no PROXY header: {error}")
        finally:
            self.note("gone")

    async def _begin(self) -> None:
        if self._is_refused:
            await self._refuse(f"421 4.3.2 {self.house.domain} Too many clients at once")
            return
        if await self._fails("address") or await self._fails("connect"):
            return
        if self._is_proxied:
            self.peer = await proxy.read_header(self.wire) or self.peer
        if self._has_tls:
            if not await self.wire.begins_with(_HELLO[:1]):
                await self._refuse("554 5.7.0 This port speaks TLS from the first octet")
                return
            await self.start_tls()
        await self.reply(self.greeting, at="greeting")
        if not self._has_tls and not self._is_over and await self.wire.begins_with(_HELLO):
            hint = "say STARTTLS first, or use the TLS port"
            await self._refuse(f"501 5.5.1 That is a TLS hello; {hint}")

    async def _refuse(self, reply: str) -> None:
        """A last word to somebody who speaks another protocol."""
        self.note("refused", reply)
        self.wire.write_plain(f"{reply}\r\n".encode())
        self.leave()

    async def _take_turn(self) -> None:
        """Read a command, and answer it."""
        line, is_whole = await self.wire.until(b"\n", MAX_AUTH_LINE)
        length = len(line)
        while not is_whole:  # read to its end, then refuse it
            line, is_whole = await self.wire.until(b"\n", MAX_AUTH_LINE)
            length += len(line)
        word, _, rest = line.rstrip(b"\r\n").partition(b" ")
        self.verb = word.upper().decode("ascii", "replace")
        if length > _LIMITS.get(self.verb, MAX_LINE):
            await self.reply("500 5.5.2 Command line too long")
            return
        if not word or not word.isascii():
            await self.reply("500 5.5.2 Syntax: a command is letters, and then its arguments")
            return
        argument = rest.strip(b" ").decode("utf-8", "surrogateescape")
        self.note(_said(self.verb, argument), about="said")
        try:
            await self._answer(argument)
        except (ConnectionError, TimeoutError, OSError):
            raise
        except Exception as error:
            log.error("Sandbox failed at a command", exc_info=error)
            await self.reply(f"451 4.3.0 Sandbox failed at this command ({type(error).__name__})")

    async def _answer(self, argument: str) -> None:
        verb = VERBS.get(self.verb)
        if verb is None or (verb.keyword and verb.keyword in self.house.withdraw):
            await self.reply("500 5.5.1 Command not recognized; HELP lists those that are")
        elif verb.needs_hello and not self.helo:
            hello = "LHLO" if self.is_lmtp else "EHLO"
            await self.reply(f"503 5.5.1 {hello} first")
        else:
            await verb.run(self, argument)

    # --- answering ----------------------------------------------------------------------------

    async def reply(self, *lines: str, at: str = "", why: str = "") -> bytes:
        """Send a reply of one line or several; all but the last are given without a code.

        Returns what went out instead of it, as the faults wanted.
        """
        *first, last = lines
        code = last[:3]
        text = [*(f"{code}-{line}" for line in first), last]
        data = "".join(f"{_CONTROL.sub('?', line)}\r\n" for line in text)
        moment = at or self.verb
        if code[0] in "45" and moment != "greeting":
            self.note(f"answered {last}", why, about=f"reply {' '.join(last.split()[:2])}")
        self._replies += 1
        if self._replies % REPLIES_A_TURN == 0:
            await asyncio.sleep(0)
        return await self._send(data.encode("utf-8", "surrogateescape"), moment)

    async def _send(self, data: bytes, moment: str) -> bytes:
        due = (fault for each in self._moments(moment) for fault in self.due(each))
        faults = list({id(fault): fault for fault in due}.values())  # "*" is every moment
        for fault in faults:
            data = fault.changed(data)
        if not faults:
            await self.wire.write(data)
        for fault in faults:
            await self.commit(fault, data if fault is faults[-1] else b"")
        return data

    def _moments(self, moment: str) -> tuple[str, ...]:
        """A moment may be one of two kinds."""
        if moment == "EHLO" and self.wire.is_secure:
            return moment, "EHLO-TLS"
        return (moment, "BDAT") if moment == "end" and self.verb == "BDAT" else (moment,)

    async def _fails(self, moment: str) -> bool:
        """Whether a fault ends it all at a moment that has no reply."""
        for fault in self.due(moment):
            await self.commit(fault, fault.changed(b""))
        return self._is_over

    async def commit(self, fault: Fault, data: bytes) -> None:
        """Do what a fault does, with the octets that are to be sent."""
        self.note(f"fault {fault.name}", fault.title, about=f"fault {fault.name}")
        if fault.discard:
            self.wire.discard()
        if fault.wait:
            await asyncio.sleep(fault.wait)
        for segment in fault.segments(data):
            if fault.plain:
                self.wire.write_plain(segment)
            elif segment:
                await self.wire.write(segment)
            if fault.split or fault.later:
                await asyncio.sleep(fault.pause)
        while fault.flood:
            await self.wire.write(fault.flood.encode("latin-1") * 64)
            await asyncio.sleep(0)
        await self._end(fault)

    async def _end(self, fault: Fault) -> None:
        match fault.end:
            case "":
                return
            case "close" | "cut":
                self.wire.close(with_notify=fault.end == "close")
            case "reset":
                self.wire.abort(with_reset=True)
            case "half-close":
                self.wire.half_close()
                await self.wire.end()
            case "silence":
                await self.wire.end()
            case "stop-reading":
                await self.wire.never()
        self.leave()

    # --- TLS ----------------------------------------------------------------------------------

    async def start_tls(self) -> None:
        """Shake hands; ssl.SSLError or ConnectionError if that fails."""
        await self._fail_tls()
        context = self.shared.identity.context
        for fault in self.due("context"):
            self.note(f"fault {fault.name}", fault.title, about=f"fault {fault.name}")
            context = self.shared.identity.variant(fault.tls)
        try:
            await self.wire.start_tls(context)
        except OSError as error:
            self.note("no TLS", str(error))
            raise
        self.note(f"TLS: {self.wire.tls}")

    async def _fail_tls(self) -> None:
        """Instead of a handshake, what the faults want, once the client has begun it."""
        faults = self.due("tls")
        if not faults:
            return
        self.wire.discard()
        self.wire.is_upgrading = True
        await self.wire.some(1 << 14)
        for fault in faults:
            await self.commit(fault, fault.changed(b""))
        raise ConnectionAbortedError("a fault instead of a handshake")


Run = Callable[[Conversation, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Verb:
    """A command that is known."""

    name: str
    syntax: str
    run: Run
    needs_hello: bool
    keyword: str  # without which it is not known


VERBS: dict[str, Verb] = {}


def verb(syntax: str, *, needs_hello: bool = False, keyword: str = "") -> Callable[[Run], Run]:
    """Register a coroutine function as a verb; the first word of the syntax is its name."""

    def register(run: Run) -> Run:
        name = syntax.split()[0]
        VERBS[name] = Verb(name, syntax, run, needs_hello, keyword)
        return run

    return register


_LIMITS = {
    "MAIL": MAX_LINE + MAX_PARAMETERS,
    "RCPT": MAX_LINE + MAX_PARAMETERS,
    "XCLIENT": MAX_LINE + MAX_PARAMETERS,
    "AUTH": MAX_AUTH_LINE,
}


def _said(verb: str, argument: str) -> str:
    """A command for the diary, without what may be secret in it."""
    if verb == "AUTH":
        argument = argument.split(" ")[0] + (" ..." if " " in argument else "")
    return f"{verb} {argument}".strip()[:200]
