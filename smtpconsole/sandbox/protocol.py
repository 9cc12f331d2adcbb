"""One conversation with one client: aiosmtpd's protocol, tamed.

1. Nothing is written but to the client: aiosmtpd's log stays silent.
2. Every refusal carries an enhanced status code, so that ENHANCEDSTATUSCODES is true.
3. What a client sends is bounded in memory, whatever it sends; one that floods gives others turns.
"""

from __future__ import annotations

import asyncio
from asyncio.sslproto import SSLProtocol
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from ssl import SSLContext
from typing import Any, AnyStr

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session, syntax

from smtpconsole.net.records import HANDSHAKE, is_record
from smtpconsole.sandbox.accounts import DOMAIN, Accounts, is_local
from smtpconsole.sandbox.answers import Answers, Verbs, enhanced
from smtpconsole.sandbox.mailbox import Letter, Mailbox

MAX_AUTH_LINE = 12_288  # RFC 4954, 4
REPLIES_A_TURN = 256
LAST_WORD = 10  # seconds to take the last reply


@dataclass(frozen=True, slots=True)
class House:
    """What all conversations of one sandbox share."""

    accounts: Accounts
    mailbox: Mailbox
    context: SSLContext
    size_limit: int
    timeout: float


class Conversation(SMTP):
    """aiosmtpd's protocol with true pipelining, enhanced codes, and content of any shape."""

    AuthLoginUsernameChallenge = "Username:"
    AuthLoginPasswordChallenge = "Password:"
    line_length_limit = 16 * 1024  # of the stream's buffer; holds the longest AUTH line

    def __init__(self, house: House, *, has_tls: bool) -> None:
        # aiosmtpd 1.4.6 shares this dictionary between all connections, and counts it up.
        self.command_size_limits = defaultdict(lambda: self.command_size_limit)
        self.house = house
        self.wire: asyncio.BaseTransport | None = None  # below any TLS
        self.is_secure = has_tls
        self._is_upgrading = False
        self._has_heard = False
        self._replies = 0
        super().__init__(
            Answers(house.accounts),
            data_size_limit=house.size_limit,
            enable_SMTPUTF8=True,
            hostname=DOMAIN,
            ident="ESMTP smtpconsole sandbox",
            tls_context=None if has_tls else house.context,
            timeout=house.timeout,
            auth_require_tls=not has_tls,  # aiosmtpd only knows of STARTTLS
            authenticator=self._check_login,
            loop=asyncio.get_running_loop(),
        )
        self.command_size_limits["AUTH"] = MAX_AUTH_LINE
        self._smtp_methods = Verbs(self._smtp_methods, unknown=self._refuse_verb)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, or begin anew when STARTTLS is done."""
        self.wire = self.wire or transport
        self.is_secure = transport.get_extra_info("ssl_object") is not None
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """End; nothing is left to abort."""
        self.wire = None
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """Take what came; any octets show that the client is alive, content too."""
        self._reset_timeout()
        if not self._has_heard and not self.is_secure and is_record(data):
            self.dismiss("501 5.5.1 That is a TLS hello; say STARTTLS first, or use the TLS port")
            return
        self._has_heard = True
        super().data_received(data)

    def dismiss(self, reply: str) -> None:
        """Say a last word, if it can be said now, and close."""
        if self._is_upgrading or self.transport is None:
            self.abort()
        elif not self._writer.is_closing():
            self._writer.write(reply.encode() + b"\r\n")
            self._writer.close()

    def abort(self) -> None:
        """Close at once."""
        if isinstance(self.wire, asyncio.WriteTransport):
            with suppress(AttributeError):  # asyncio's, if it closed just now (anyio#1250)
                self.wire.abort()

    def _timeout_cb(self) -> None:
        self.dismiss(f"421 4.4.2 {DOMAIN} Idle for too long, closing")
        self.loop.call_later(LAST_WORD, self.abort)  # a client that does not read

    async def _handle_client(self) -> None:
        # A task that ends in an exception would complain when it is collected.
        with suppress(ConnectionError):
            await super()._handle_client()

    async def push(self, status: AnyStr) -> None:
        """Send a reply, with an enhanced code if aiosmtpd gave it none."""
        text = status if isinstance(status, str) else status.decode("utf-8", "surrogateescape")
        await super().push(enhanced(text).encode("utf-8", "surrogateescape"))
        self._replies += 1
        if self._replies % REPLIES_A_TURN == 0:
            await asyncio.sleep(0)

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        try:
            return super()._getaddr(arg)
        except (AttributeError, IndexError):  # CPython's address parser, at `<` and the like
            return None, None

    def _check_login(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, login: Any
    ) -> AuthResult:
        assert isinstance(login, LoginPassword)
        accounts = self.house.accounts
        is_right = accounts.has_login(login.login, login.password)
        return AuthResult(success=is_right, handled=False, auth_data=accounts.user)

    async def _refuse_verb(self, _arg: str | None) -> None:
        await self.push("500 5.5.1 Command not recognized; HELP lists those that are")

    @syntax("HELP [command]")
    async def smtp_HELP(self, arg: str | None) -> None:
        """List the commands, or give the syntax of one."""
        known = {v: m for v, m in self._smtp_methods.items() if self._syntax_available(m)}
        if not arg:
            await self.push(f"214 2.0.0 Commands: {' '.join(sorted(known))}")
        elif method := known.get(arg.upper()):
            more = method.__smtp_syntax_extended__ or ""
            await self.push(f"214 2.0.0 Syntax: {method.__smtp_syntax__}{more}")
        else:
            await self.push("504 5.5.4 No such command; HELP alone lists them")

    @syntax("STARTTLS", when="tls_context")
    async def smtp_STARTTLS(self, arg: str | None) -> None:
        """Shake hands; what was pipelined behind the command is discarded."""
        if self.is_secure:
            await self.push("503 5.5.1 TLS is already on")
            return
        self._is_upgrading = not arg
        await super().smtp_STARTTLS(arg or "")
        if self._is_upgrading and not self.is_secure:  # asyncio tells a loss as if it were success
            raise ConnectionResetError("Connection lost during the handshake")
        self._is_upgrading = False

    @syntax("AUTH <mechanism> [initial-response]")
    async def smtp_AUTH(self, arg: str | None) -> None:
        """Log in, whatever the case of the mechanism, but not amid a transaction (RFC 4954, 4)."""
        assert self.envelope is not None
        if self.envelope.mail_from:
            await self.push("503 5.5.1 AUTH is not possible during a mail transaction")
            return
        mechanism, blank, response = (arg or "").partition(" ")
        await super().smtp_AUTH(mechanism.upper() + blank + response)

    @syntax("DATA")
    async def smtp_DATA(self, arg: str | None) -> None:
        """Take the content and keep the letter."""
        if await self.check_helo_needed():
            return
        assert self.envelope is not None
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
        elif not self.envelope.rcpt_tos:
            await self.push("503 5.5.1 No recipient accepted, RCPT first")
        else:
            await self.push("354 End data with <CR><LF>.<CR><LF>")
            content = await self._read_content()
            if content is None:
                await self.push("552 5.3.4 Message is larger than SIZE said")
            else:
                letter = self.house.mailbox.keep(self._letter(content))
                await self.push(f"250 2.0.0 Ok: kept as {letter.number}")
            self._set_post_data_state()  # type: ignore[no-untyped-call]  # lacks "-> None"

    async def _read_content(self) -> bytes | None:
        """The content up to the lone dot, dots unstuffed; None if it was too much."""
        content = bytearray()
        fits = at_line_start = True
        while True:
            try:
                piece, is_whole = await self._reader.readuntil(b"\r\n"), True
            except asyncio.LimitOverrunError as error:  # a long line comes in pieces
                piece, is_whole = await self._reader.readexactly(error.consumed), False
            if at_line_start and piece == b".\r\n":
                return bytes(content) if fits else None
            if at_line_start and piece.startswith(b"."):
                piece = piece[1:]
            at_line_start = is_whole
            fits = fits and len(content) + len(piece) <= self.house.size_limit
            if fits:
                content += piece
            else:
                content.clear()

    def _letter(self, content: bytes) -> Letter:
        envelope, session = self.envelope, self.session
        assert envelope is not None and session is not None
        return Letter(
            received=datetime.now(UTC),
            peer=_address(session.peer),
            helo=session.host_name or "",
            tls=self.is_secure,
            user=session.auth_data,
            sender=(envelope.mail_from or "").removeprefix("<>"),
            recipients=tuple(envelope.rcpt_tos),
            content=content,
            mail_options=tuple(envelope.mail_options),
            relayed=not all(map(is_local, envelope.rcpt_tos)),
        )


class TlsLayer(SSLProtocol):
    """TLS from the first octet, below a conversation."""

    # Not `create_server(ssl=...)`: nobody could close a connection amid its handshake.
    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        super().__init__(
            conversation.loop,
            conversation,
            conversation.house.context,
            None,  # type: ignore[arg-type]  # nobody waits; asyncio allows it, typeshed does not
            server_side=True,
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Shake hands; the conversation begins when that is done."""
        self._conversation.wire = transport
        self._memory: memoryview | None = None  # of the first octets
        self._is_first = True
        super().connection_made(transport)

    def get_buffer(self, n: int) -> memoryview:
        """Where octets go to."""
        self._memory = super().get_buffer(n)
        return self._memory

    def buffer_updated(self, nbytes: int) -> None:
        """Octets came; who begins in plain is told so in plain."""
        wire, is_first, self._is_first = self._conversation.wire, self._is_first, False
        if is_first and self._memory is not None and self._memory[0] != HANDSHAKE:
            if isinstance(wire, asyncio.WriteTransport):
                wire.write(b"554 5.7.0 This port speaks TLS from the first octet\r\n")
                wire.close()
            return
        super().buffer_updated(nbytes)


def _address(peer: Any) -> str:
    host, port = peer[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
