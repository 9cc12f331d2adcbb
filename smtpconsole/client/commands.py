"""class Commands: a method for each command, and what the server has told of itself."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from smtpconsole.client.errors import (
    SMTPDataError,
    SMTPException,
    SMTPHeloError,
    SMTPNotSupported,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
    positive,
)
from smtpconsole.client.esmtp import parse_esmtp_extensions
from smtpconsole.client.link import Link, LoopLock
from smtpconsole.client.options import Options, given, host_name
from smtpconsole.client.response import SMTPResponse, response
from smtpconsole.client.status import SMTPStatus
from smtpconsole.client.typing import Default
from smtpconsole.smtp import content
from smtpconsole.smtp.addresses import path

if TYPE_CHECKING:
    from smtpconsole.client.typing import Timeout
    from smtpconsole.net.timeouts import Timeouts

_default = Default.token


class Commands(Link):
    """SMTP command by command; all but `helo`, `ehlo` and `quit` greet first where needed.

    All of them take `timeout`, in seconds for each reply; None waits for ever, and without it
    the client's own holds.  All raise SMTPServerDisconnected if there is no connection or it is
    lost, and SMTPReadTimeoutError if no reply comes in time; both close the connection.
    """

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._greeting = LoopLock()  # many first commands at once greet once

    # --- greeting -----------------------------------------------------------------------------

    async def ehlo(
        self, *, hostname: str | None = None, timeout: Timeout = _default
    ) -> SMTPResponse:
        """EHLO, or LHLO with `lmtp` (RFC 5321, 4.1.1.1; RFC 2033, 4.1): what the server offers.

        `hostname` is how we call ourselves, `local_hostname` by default.  Raises SMTPHeloError
        if it is refused, ValueError if the name is empty or holds blanks or control characters.
        """
        verb = b"LHLO" if self._options.lmtp else b"EHLO"
        answer = await self.execute_command(verb, self._name(hostname), timeout=timeout)
        self.last_ehlo_response = positive(answer, SMTPHeloError)
        return answer

    async def helo(
        self, *, hostname: str | None = None, timeout: Timeout = _default
    ) -> SMTPResponse:
        """HELO, for servers without extensions (RFC 5321, 4.1.1.1); errors as for `ehlo`."""
        answer = await self.execute_command(b"HELO", self._name(hostname), timeout=timeout)
        self.last_helo_response = positive(answer, SMTPHeloError)
        return answer

    def _name(self, hostname: str | None) -> bytes:
        if hostname is not None:
            return host_name(hostname).encode("ascii")
        if self.local_hostname is None:
            self.local_hostname = socket.getfqdn()
        return host_name(self.local_hostname).encode("ascii")

    async def _ehlo_or_helo_if_needed(self, timeout: Timeout = _default) -> None:
        """EHLO, and HELO if that is refused (RFC 5321, 3.2), unless it was done."""
        async with self._greeting.here:
            if not self.is_ehlo_or_helo_needed:
                return
            try:
                await self.ehlo(timeout=timeout)
            except SMTPHeloError as error:
                if error.code == SMTPStatus.domain_unavailable or not self.is_connected:
                    raise
                if self._options.lmtp:  # it has no other greeting
                    raise
                await self.helo(timeout=timeout)

    async def _greet(self, timeout: Timeout) -> Timeout:
        """Greet if that is needed; what is left of the time by then."""
        if not self.is_ehlo_or_helo_needed:
            return timeout
        clock = asyncio.get_running_loop().time
        began = clock()
        if isinstance(timeout, Default):
            await self._ehlo_or_helo_if_needed()
        else:
            await self._ehlo_or_helo_if_needed(timeout)
        own = self._seconds(timeout)
        total = getattr(own, "total", None)
        if total is None:
            return timeout
        # A total is for all of a call; the other times start anew with each reply.
        return replace(cast("Timeouts", own), total=max(0.0, total - (clock() - began)))

    @property
    def is_ehlo_or_helo_needed(self) -> bool:
        """Neither EHLO nor HELO has been answered in this session."""
        return self._last_ehlo_response is None and self.last_helo_response is None

    @property
    def last_ehlo_response(self) -> SMTPResponse | None:
        """The reply to EHLO, if it was positive; setting it reads the extensions anew."""
        return self._last_ehlo_response

    @last_ehlo_response.setter
    def last_ehlo_response(self, answer: SMTPResponse | None) -> None:
        self._last_ehlo_response = answer
        self.supports_esmtp = answer is not None
        text = answer.message if answer is not None else ""
        self.esmtp_extensions, self.server_auth_methods = parse_esmtp_extensions(text)

    def supports_extension(self, extension: str, /) -> bool:
        """The server has offered it, in whatever case (RFC 5321, 4.1.1.1)."""
        return extension.lower() in self.esmtp_extensions

    # --- asking -------------------------------------------------------------------------------

    async def help(self, *, timeout: Timeout = _default) -> str:
        """HELP (RFC 5321, 4.1.1.8): its text.  Raises SMTPResponseException if refused."""
        return (await self._ask(b"HELP", timeout=timeout)).message

    async def rset(self, *, timeout: Timeout = _default) -> SMTPResponse:
        """RSET (RFC 5321, 4.1.1.5): forget the transaction.  Raises SMTPResponseException."""
        return await self._ask(b"RSET", timeout=timeout)

    async def noop(self, *, timeout: Timeout = _default) -> SMTPResponse:
        """NOOP (RFC 5321, 4.1.1.9): do nothing.  Raises SMTPResponseException if refused."""
        return await self._ask(b"NOOP", timeout=timeout)

    async def vrfy(
        self,
        address: str,
        /,
        *,
        options: Iterable[str] | None = None,
        timeout: Timeout = _default,
    ) -> SMTPResponse:
        """VRFY (RFC 5321, 4.1.1.6): does this mailbox exist?

        With the option SMTPUTF8 the address goes as UTF-8 (RFC 6531, 3.7.4.2).  Raises
        SMTPResponseException if refused, SMTPNotSupported if that option is not offered,
        ValueError for an address that would not stay one argument.
        """
        return await self._ask_about(b"VRFY", address, options, timeout)

    async def expn(
        self,
        address: str,
        /,
        *,
        options: Iterable[str] | None = None,
        timeout: Timeout = _default,
    ) -> SMTPResponse:
        """EXPN (RFC 5321, 4.1.1.7): who is on this list?  Options and errors as for `vrfy`."""
        return await self._ask_about(b"EXPN", address, options, timeout)

    async def etrn(self, node: str, /, *, timeout: Timeout = _default) -> SMTPResponse:
        """ETRN (RFC 1985): send what is queued for us; `node` as "example.org", "@example.org"
        (and its subdomains) or "#queue".

        Raises SMTPResponseException if refused, SMTPNotSupported if it is not offered.
        """
        await self._require("ETRN", timeout)
        return await self._ask(b"ETRN", node.encode("ascii"), timeout=timeout)

    async def xclient(
        self, *, timeout: Timeout = _default, **attributes: str | None
    ) -> SMTPResponse:
        """XCLIENT (Postfix): be taken for another client: `name="mx.example", addr="192.0.2.1"`.

        None stands for "[UNAVAILABLE]".  After it the session begins anew, with a 220 and a
        greeting.  Raises SMTPResponseException if refused, SMTPNotSupported if not offered.
        """
        await self._require("XCLIENT", timeout)
        answer = await self._ask(b"XCLIENT", *_attributes(attributes), timeout=timeout)
        self._forget_server()
        return answer

    async def xforward(
        self, *, timeout: Timeout = _default, **attributes: str | None
    ) -> SMTPResponse:
        """XFORWARD (Postfix): for the server's log, where the next message came from.

        Attributes and errors as for `xclient`.
        """
        await self._require("XFORWARD", timeout)
        return await self._ask(b"XFORWARD", *_attributes(attributes), timeout=timeout)

    async def _require(self, extension: str, timeout: Timeout) -> None:
        timeout = await self._greet(timeout)
        if not self.supports_extension(extension):
            raise SMTPNotSupported(f"{extension} is not supported by this server")

    async def _ask(self, *words: bytes, timeout: Timeout) -> SMTPResponse:
        timeout = await self._greet(timeout)
        answer = await self.execute_command(*words, timeout=timeout)
        return positive(answer, SMTPResponseException)

    async def _ask_about(
        self, verb: bytes, address: str, options: Iterable[str] | None, timeout: Timeout
    ) -> SMTPResponse:
        words = [] if options is None else list(options)
        has_utf8 = "SMTPUTF8" in map(str.upper, words)
        bare = path(address, encoding="utf-8" if has_utf8 else "ascii")[1:-1]
        if has_utf8:
            await self._require("SMTPUTF8", timeout)
        parameters = [word.encode("ascii") for word in words]
        return await self._ask(verb, bare, *parameters, timeout=timeout)

    # --- a transaction, step by step ----------------------------------------------------------

    async def mail(
        self,
        sender: str,
        /,
        *,
        options: Iterable[str] | None = None,
        encoding: str = "ascii",
        timeout: Timeout = _default,
    ) -> SMTPResponse:
        """MAIL (RFC 5321, 4.1.1.2): open a transaction; "" is the null sender.

        `options` are parameters as they are sent, `encoding` is that of address and options.
        Raises SMTPSenderRefused, ValueError for an address that would not stay one argument.
        """
        words = [b"FROM:" + path(sender, encoding=encoding), *_encoded(options, encoding)]
        timeout = await self._greet(timeout)
        answer = await self.execute_command(b"MAIL", *words, timeout=timeout)
        return positive(answer, SMTPSenderRefused, sender)

    async def rcpt(
        self,
        recipient: str,
        /,
        *,
        options: Iterable[str] | None = None,
        encoding: str = "ascii",
        timeout: Timeout = _default,
    ) -> SMTPResponse:
        """RCPT (RFC 5321, 4.1.1.3): name a recipient.  Raises SMTPRecipientRefused, ValueError."""
        words = [b"TO:" + path(recipient, encoding=encoding), *_encoded(options, encoding)]
        timeout = await self._greet(timeout)
        answer = await self.execute_command(b"RCPT", *words, timeout=timeout)
        return positive(answer, SMTPRecipientRefused, recipient)

    async def data(self, message: str | bytes, /, *, timeout: Timeout = _default) -> SMTPResponse:
        """DATA and the content (RFC 5321, 4.1.1.4); str must be ASCII.

        Line ends become CRLF, and leading dots are doubled.  Raises SMTPDataError.
        """
        from smtpconsole.client import engine

        octets = canonical(message)
        timeout = await self._greet(timeout)
        go_ahead, reply = await self._run(engine.exchanges.data(octets), timeout)
        if reply is None:
            raise SMTPDataError(*response(go_ahead))
        return positive(response(reply), SMTPDataError)

    # --- TLS and the end ----------------------------------------------------------------------

    async def starttls(
        self,
        *,
        server_hostname: str | None = None,
        validate_certs: bool | None = None,
        client_cert: str | Default | None = _default,
        client_key: str | Default | None = _default,
        cert_bundle: str | Default | None = _default,
        tls_context: ssl.SSLContext | Default | None = _default,
        timeout: Timeout = _default,
    ) -> SMTPResponse:
        """STARTTLS and the handshake (RFC 3207); all that was known of the server is void then.

        `server_hostname` is the name its certificate must have, the client's `hostname` by
        default; the other options are kept.  Raises SMTPException if TLS is on or not offered,
        SMTPResponseException if it is refused; SMTPTLSError (an ssl.SSLError) if the
        certificate does not verify, SMTPTimeoutError or SMTPServerDisconnected if the handshake
        breaks off, and those three close the connection.
        """
        if self._linked().session.is_secure:
            raise SMTPException("Connection already using TLS")
        named = {**locals()}
        if validate_certs is None:
            del named["validate_certs"]
        self._options = self._options.changed(given(named))
        timeout = await self._greet(timeout)
        if not self.supports_extension("STARTTLS") and self._options.start_tls != "require":
            raise SMTPException("SMTP STARTTLS extension not supported by server.")
        return await self._secure(server_hostname, timeout)

    async def _secure(self, server_hostname: str | None, timeout: Timeout) -> SMTPResponse:
        from smtpconsole.client import engine

        connection = self._linked()
        connection.tls_policy = await self._policy(server_hostname)
        reply = await self._run(engine.exchanges.start_tls(), timeout)
        if reply.code != SMTPStatus.ready:
            raise SMTPResponseException(*response(reply))
        self._forget_server()
        self._show_tls()
        return response(reply)

    async def quit(self, *, timeout: Timeout = _default) -> SMTPResponse:
        """QUIT (RFC 5321, 4.1.1.10), and close; a server that just leaves has said 221.

        Raises SMTPResponseException if it is refused; then the connection stays.
        """
        connection = self._linked()
        try:
            answer = await self.execute_command(b"QUIT", timeout=timeout)
        except SMTPServerDisconnected:
            answer = SMTPResponse(SMTPStatus.closing.value, "")
        if answer.code != SMTPStatus.closing:
            raise SMTPResponseException(*answer)
        self._drop(connection)
        await self._ended(connection)
        return answer


def canonical(message: str | bytes) -> bytes:
    """The octets of a message with CRLF (RFC 5321, 2.3.8); one without any is an empty line."""
    octets = message.encode("ascii") if isinstance(message, str) else message
    return content.canonical(octets) or b"\r\n"


def _encoded(options: Iterable[str] | None, encoding: str) -> list[bytes]:
    return [] if options is None else [option.encode(encoding) for option in options]


def _attributes(named: dict[str, str | None]) -> list[bytes]:
    """Attributes of XCLIENT and XFORWARD: xtext, as RFC 3461 (4) has it."""
    return [
        f"{name.upper()}={'[UNAVAILABLE]' if value is None else _xtext(value)}".encode("ascii")
        for name, value in named.items()
    ]


def _xtext(text: str) -> str:
    return "".join(
        f"+{octet:02X}" if octet in b"+=" or not 33 <= octet <= 126 else chr(octet)
        for octet in text.encode("utf-8")
    )
