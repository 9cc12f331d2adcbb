"""class SMTP: each method is one exchange, and then a response or an exception."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterable, Sequence
from email.message import Message
from types import TracebackType
from typing import Any, Self, TypeVar

from smtpconsole.client import email as messages
from smtpconsole.client.connecting import connected
from smtpconsole.client.errors import (
    SMTPAuthenticationError,
    SMTPConnectResponseError,
    SMTPDataError,
    SMTPException,
    SMTPHeloError,
    SMTPNotSupported,
    SMTPReadTimeoutError,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
    failure,
    refuse,
)
from smtpconsole.client.options import DEFAULT_TIMEOUT, Options, host_name
from smtpconsole.client.response import SMTPResponse, response
from smtpconsole.net.connection import Connection
from smtpconsole.smtp import content, exchanges, sasl
from smtpconsole.smtp.addresses import path
from smtpconsole.smtp.commands import command, mail, rcpt
from smtpconsole.smtp.envelope import envelope
from smtpconsole.smtp.errors import Disconnected, HandshakeFailed, Silence
from smtpconsole.smtp.exchanges import Delivery, ask
from smtpconsole.smtp.session import Exchange, Observer, Session

T = TypeVar("T")

_GIVEN = object()  # the default of options: not given, which is not the same as None


class SMTP:
    """A client for one connection at a time, which can be used again after it.

    The options are those of `Options`; `pipelining=False` sends command by command also where
    the server offers PIPELINING (RFC 2920), and `observe` is called with every event.
    Nothing happens before `connect`; ValueError if options clash.
    """

    def __init__(
        self,
        *,
        hostname: str | None = None,
        port: int | None = None,
        username: str | bytes | None = None,
        password: str | bytes | None = None,
        local_hostname: str | None = None,
        source_address: tuple[str, int] | None = None,
        timeout: float | None = DEFAULT_TIMEOUT,
        use_tls: bool = False,
        start_tls: bool | None = None,
        validate_certs: bool = True,
        client_cert: str | None = None,
        client_key: str | None = None,
        tls_context: ssl.SSLContext | None = None,
        cert_bundle: str | None = None,
        pipelining: bool = True,
        observe: Observer | None = None,
    ) -> None:
        self._options = Options().changed(
            hostname=hostname,
            port=port,
            username=username,
            password=password,
            local_hostname=local_hostname,
            source_address=source_address,
            timeout=timeout,
            use_tls=use_tls,
            start_tls=start_tls,
            validate_certs=validate_certs,
            client_cert=client_cert,
            client_key=client_key,
            tls_context=tls_context,
            cert_bundle=cert_bundle,
        )
        self.pipelining = pipelining
        self._observe = observe
        self._connection: Connection | None = None
        self._helo: SMTPResponse | None = None
        self._ehlo: SMTPResponse | None = None
        self._session_lock = asyncio.Lock()  # held from connect to close
        self._send_lock = asyncio.Lock()  # transactions do not interleave

    # --- connecting ---------------------------------------------------------------------------

    async def connect(self, *, timeout: Any = _GIVEN, **options: Any) -> SMTPResponse:
        """Connect, and return the greeting; then STARTTLS and login as the options say.

        Options given are kept, but for `timeout` (seconds), which is for this call.  Raises
        SMTPConnectError, SMTPConnectTimeoutError, SMTPConnectResponseError (RFC 5321, 3.1).
        """
        if self.is_connected:
            raise SMTPException("SMTP client is already connected; close() it first")
        self._options = self._options.changed(**options)
        patience = self._options.timeout if timeout is _GIVEN else timeout
        await self._session_lock.acquire()
        try:
            greeting = await self._dial(patience)
            await self._prepare(patience)
        except BaseException:
            self.close()
            raise
        return greeting

    async def _dial(self, timeout: float | None) -> SMTPResponse:
        self._connection = connection = await connected(
            self._options, observe=self._observe, timeout=timeout
        )
        connection.lost.add_done_callback(lambda _: self._forget(connection))
        greeting = connection.session.last_reply
        assert greeting is not None
        if greeting.code != 220:
            raise SMTPConnectResponseError(*response(greeting))
        if self._options.local_hostname is None:
            name = await asyncio.to_thread(socket.getfqdn)
            self._options = self._options.changed(local_hostname=name)
        return response(greeting)

    async def _prepare(self, timeout: float | None) -> None:
        """STARTTLS and login, as far as the options want them."""
        options = self._options
        if not options.use_tls and options.start_tls is not False:
            await self._greet(timeout)
            if options.start_tls or self.supports_extension("STARTTLS"):
                await self.starttls(timeout=timeout)
        if options.username is not None:
            await self.login(options.username, options.password or "", timeout=timeout)

    async def starttls(
        self, *, server_hostname: str | None = None, timeout: Any = _GIVEN, **options: Any
    ) -> SMTPResponse:
        """Turn TLS on (RFC 3207); all that was known of the server is void after it.

        Raises SMTPException if it is not offered or TLS is on, SMTPResponseException if it is
        refused, ssl.SSLError if the certificate does not verify; TLS errors close.
        """
        session = self._session()
        if session.is_secure:
            raise SMTPException("Connection already using TLS")
        self._options = self._options.changed(**options)
        connection = self._connected()
        connection.tls_policy = self._options.policy(server_hostname)
        await self._greet(timeout)
        if not self.supports_extension("STARTTLS"):
            raise SMTPException("SMTP STARTTLS extension not supported by server.")
        reply = await self._run(exchanges.start_tls(), timeout)
        if reply.code != 220:
            raise SMTPResponseException(*response(reply))
        self._helo = self._ehlo = None
        return response(reply)

    def close(self) -> None:
        """Close the connection, if there is one, and forget the server."""
        connection, self._connection = self._connection, None
        self._helo = self._ehlo = None
        if connection is not None:
            connection.close()
        if self._session_lock.locked():
            self._session_lock.release()

    def _forget(self, connection: Connection) -> None:
        """A connection is lost; by now another one may be in its place."""
        if self._connection is connection:
            self.close()

    async def quit(self, *, timeout: Any = _GIVEN) -> SMTPResponse:
        """Say goodbye and close (RFC 5321, 4.1.1.10); a server that just leaves said it too."""
        reply = await self._run(exchanges.quit(), timeout)
        if reply.code != 221:
            raise SMTPResponseException(*response(reply))
        connection = self._connection
        self.close()
        if connection is not None:
            await connection.lost
        return response(reply)

    async def __aenter__(self) -> Self:
        if not self.is_connected:
            await self.connect()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, (ConnectionError, TimeoutError)) or not self.is_connected:
            self.close()
            return
        try:
            await self.quit()
        except (SMTPServerDisconnected, SMTPResponseException, SMTPReadTimeoutError):
            self.close()

    # --- what is known ------------------------------------------------------------------------

    @property
    def is_connected(self) -> bool:
        """A connection is there, and not closing."""
        return self._connection is not None and self._connection.is_open

    @property
    def hostname(self) -> str | None:
        """The host to connect to."""
        return self._options.hostname

    @property
    def port(self) -> int | None:
        """The port to connect to; None for the default."""
        return self._options.port

    @property
    def timeout(self) -> float | None:
        """Seconds to wait for each reply."""
        return self._options.timeout

    @property
    def local_hostname(self) -> str | None:
        """How we introduce ourselves."""
        return self._options.local_hostname

    @property
    def transport(self) -> asyncio.Transport | None:
        """The transport, while connected."""
        return self._connection.transport if self._connection is not None else None

    @property
    def last_helo_response(self) -> SMTPResponse | None:
        """The reply to HELO, if it was positive."""
        return self._helo

    @property
    def last_ehlo_response(self) -> SMTPResponse | None:
        """The reply to EHLO, if it was positive."""
        return self._ehlo

    @property
    def is_ehlo_or_helo_needed(self) -> bool:
        """Neither has been answered in this session."""
        return self._ehlo is None and self._helo is None

    @property
    def supports_esmtp(self) -> bool:
        """EHLO has been answered."""
        return self._ehlo is not None

    @property
    def esmtp_extensions(self) -> dict[str, str]:
        """Extensions in lower case, with their parameters."""
        if not self.is_connected:
            return {}
        return {each.name.lower(): each.parameters for each in self._session().capabilities}

    @property
    def server_auth_methods(self) -> list[str]:
        """The server's SASL mechanisms, in lower case."""
        if not self.is_connected:
            return []
        return [name.lower() for name in self._session().capabilities.mechanisms]

    def supports_extension(self, extension: str, /) -> bool:
        """The server has offered it."""
        return extension.lower() in self.esmtp_extensions

    # --- commands -----------------------------------------------------------------------------

    async def execute_command(self, *args: bytes, timeout: Any = _GIVEN) -> SMTPResponse:
        """Send a command line, and return whatever is answered; a 421 closes.

        Raises ValueError for control characters, SMTPServerDisconnected, SMTPReadTimeoutError.
        """
        verb, *arguments = args
        return await self._ask(command(verb, *arguments), timeout)

    async def ehlo(self, *, hostname: str | None = None, timeout: Any = _GIVEN) -> SMTPResponse:
        """EHLO (RFC 5321, 4.1.1.1); SMTPHeloError if it is refused."""
        reply = await self._run(ask(command(b"EHLO", self._name(hostname))), timeout)
        refuse(reply, SMTPHeloError)
        self._ehlo = response(reply)
        return self._ehlo

    async def helo(self, *, hostname: str | None = None, timeout: Any = _GIVEN) -> SMTPResponse:
        """HELO (RFC 5321, 4.1.1.1); SMTPHeloError if it is refused."""
        reply = await self._run(ask(command(b"HELO", self._name(hostname))), timeout)
        refuse(reply, SMTPHeloError)
        self._helo = response(reply)
        return self._helo

    async def _greet(self, timeout: Any = _GIVEN) -> None:
        """EHLO, and HELO if that is refused, unless it was done."""
        if not self.is_ehlo_or_helo_needed:
            self._session()
            return
        try:
            await self.ehlo(timeout=timeout)
        except SMTPHeloError as error:
            if error.code == 421 or not self.is_connected:
                raise
            await self.helo(timeout=timeout)

    async def help(self, *, timeout: Any = _GIVEN) -> str:
        """The server's help (RFC 5321, 4.1.1.8)."""
        return (await self._command(b"HELP", timeout=timeout)).message

    async def rset(self, *, timeout: Any = _GIVEN) -> SMTPResponse:
        """Forget the transaction (RFC 5321, 4.1.1.5)."""
        return await self._command(b"RSET", timeout=timeout)

    async def noop(self, *, timeout: Any = _GIVEN) -> SMTPResponse:
        """Do nothing, successfully (RFC 5321, 4.1.1.9)."""
        return await self._command(b"NOOP", timeout=timeout)

    async def vrfy(
        self, address: str, /, *, options: Iterable[str] = (), timeout: Any = _GIVEN
    ) -> SMTPResponse:
        """Ask whether a mailbox exists (RFC 5321, 4.1.1.6)."""
        return await self._about(b"VRFY", address, options, timeout)

    async def expn(
        self, address: str, /, *, options: Iterable[str] = (), timeout: Any = _GIVEN
    ) -> SMTPResponse:
        """Ask who is on a list (RFC 5321, 4.1.1.7)."""
        return await self._about(b"EXPN", address, options, timeout)

    async def _about(
        self, verb: bytes, address: str, options: Iterable[str], timeout: Any
    ) -> SMTPResponse:
        options = list(options)
        await self._greet(timeout)
        has_utf8 = any(option.upper() == "SMTPUTF8" for option in options)
        if has_utf8 and not self.supports_extension("SMTPUTF8"):
            raise SMTPNotSupported("An address requires SMTPUTF8, which the server does not offer")
        encoding = "utf-8" if has_utf8 else "ascii"
        bare = path(address, encoding=encoding)[1:-1]
        return await self._command(
            verb, bare, *(option.encode("ascii") for option in options), timeout=timeout
        )

    async def _command(self, *words: bytes, timeout: Any) -> SMTPResponse:
        """A command that must succeed, after a greeting."""
        await self._greet(timeout)
        reply = await self._run(ask(command(*words)), timeout)
        refuse(reply, SMTPResponseException)
        return response(reply)

    async def mail(
        self,
        sender: str,
        /,
        *,
        options: Iterable[str] = (),
        encoding: str = "ascii",
        timeout: Any = _GIVEN,
    ) -> SMTPResponse:
        """Open a transaction (RFC 5321, 4.1.1.2); SMTPSenderRefused if it is refused."""
        send = mail(sender, options=list(options), encoding=encoding)
        await self._greet(timeout)
        reply = await self._run(ask(send), timeout)
        refuse(reply, SMTPSenderRefused, sender)
        return response(reply)

    async def rcpt(
        self,
        recipient: str,
        /,
        *,
        options: Iterable[str] = (),
        encoding: str = "ascii",
        timeout: Any = _GIVEN,
    ) -> SMTPResponse:
        """Name a recipient (RFC 5321, 4.1.1.3); SMTPRecipientRefused if it is refused."""
        send = rcpt(recipient, options=list(options), encoding=encoding)
        await self._greet(timeout)
        reply = await self._run(ask(send), timeout)
        refuse(reply, SMTPRecipientRefused, recipient)
        return response(reply)

    async def data(self, message: str | bytes, /, *, timeout: Any = _GIVEN) -> SMTPResponse:
        """Send the message (RFC 5321, 4.1.1.4); SMTPDataError if it is refused."""
        octets = content.canonical(message.encode("ascii") if isinstance(message, str) else message)
        await self._greet(timeout)
        reply = await self._run(exchanges.data(octets), timeout)
        refuse(reply, SMTPDataError)
        return response(reply)

    # --- logging in ---------------------------------------------------------------------------

    async def login(
        self, username: str | bytes, password: str | bytes, /, timeout: Any = _GIVEN
    ) -> SMTPResponse:
        """Log in with the strongest mechanism in common, then the next if it is refused.

        Raises SMTPAuthenticationError, or SMTPException if there is none (RFC 4954).
        """
        await self._greet(timeout)
        if "auth" not in self.esmtp_extensions and not self.server_auth_methods:
            hint = "" if self._session().is_secure else " Try connecting via TLS."
            raise SMTPException(f"The SMTP AUTH extension is not supported by this server.{hint}")
        usable = sasl.usable(self._session().capabilities.mechanisms)
        if not usable:
            raise SMTPException("No suitable authentication method found.")
        for mechanism in usable:
            try:
                return await self._authenticate(mechanism, username, password, timeout)
            except SMTPAuthenticationError:
                if mechanism is usable[-1] or not self.is_connected:
                    raise
        raise AssertionError("the last mechanism raises or returns")

    async def auth_plain(
        self, username: str | bytes, password: str | bytes, /, *, timeout: Any = _GIVEN
    ) -> SMTPResponse:
        """Log in with PLAIN (RFC 4616)."""
        return await self._authenticate(sasl.MECHANISMS["PLAIN"], username, password, timeout)

    async def auth_login(
        self, username: str | bytes, password: str | bytes, /, *, timeout: Any = _GIVEN
    ) -> SMTPResponse:
        """Log in with LOGIN."""
        return await self._authenticate(sasl.MECHANISMS["LOGIN"], username, password, timeout)

    async def auth_crammd5(
        self, username: str | bytes, password: str | bytes, /, *, timeout: Any = _GIVEN
    ) -> SMTPResponse:
        """Log in with CRAM-MD5 (RFC 2195)."""
        return await self._authenticate(sasl.MECHANISMS["CRAM-MD5"], username, password, timeout)

    async def _authenticate(
        self,
        mechanism: sasl.Mechanism,
        username: str | bytes,
        password: str | bytes,
        timeout: Any,
    ) -> SMTPResponse:
        who = sasl.credentials(username, password)
        try:
            reply = await self._run(exchanges.authenticate(mechanism, who), timeout)
        except sasl.MechanismError as error:
            raise SMTPAuthenticationError(334, f"{mechanism.name}: {error}") from error
        refuse(reply, SMTPAuthenticationError)
        return response(reply)

    # --- sending ------------------------------------------------------------------------------

    async def sendmail(
        self,
        sender: str,
        recipients: str | Sequence[str],
        message: str | bytes,
        /,
        *,
        mail_options: Iterable[str] = (),
        rcpt_options: Iterable[str] = (),
        timeout: Any = _GIVEN,
    ) -> tuple[dict[str, SMTPResponse], str]:
        """Send a message; the refused recipients, and the server's last word (RFC 5321, 3.3).

        Everything is checked and encoded before the first octet.  Raises ValueError,
        SMTPNotSupported, SMTPSenderRefused, SMTPRecipientsRefused, SMTPDataError.
        """
        people = [recipients] if isinstance(recipients, str) else list(recipients)
        octets = content.canonical(message.encode("ascii") if isinstance(message, str) else message)
        options = list(mail_options)
        async with self._send_lock:
            if self.is_ehlo_or_helo_needed:
                await self._greet(timeout)
            session = self._session()
            known = session.capabilities
            if "SMTPUTF8" not in known and any(each.upper() == "SMTPUTF8" for each in options):
                raise SMTPNotSupported("SMTPUTF8 is not supported by this server")
            sends = envelope(
                known,
                sender,
                people,
                octets,
                mail_options=options,
                rcpt_options=list(rcpt_options),
            )
            is_pipelined = self.pipelining and "PIPELINING" in known
            delivery = await self._run(
                exchanges.deliver(*sends, octets, pipelining=is_pipelined), timeout
            )
            if not delivery.is_delivered:
                await self._give_up(delivery, sender, timeout)
        refused = {str(who): response(reply) for who, reply in delivery.refused}
        return refused, response(delivery.content[0]).message

    async def _give_up(self, delivery: Delivery, sender: str, timeout: Any) -> None:
        """Raise for a message that was not taken, leaving no transaction open."""
        error = failure(delivery, sender)
        if self.is_connected:
            # Only the first error matters.
            with contextlib.suppress(SMTPServerDisconnected, SMTPReadTimeoutError):
                await self._run(ask(command(b"RSET")), timeout)
        raise error

    async def send_message(
        self,
        message: Message,
        /,
        *,
        sender: str | None = None,
        recipients: str | Sequence[str] | None = None,
        mail_options: Iterable[str] = (),
        rcpt_options: Iterable[str] = (),
        timeout: Any = _GIVEN,
    ) -> tuple[dict[str, SMTPResponse], str]:
        """Send an `email.message`; sender and recipients are its headers' unless given.

        Raises ValueError if there is no sender or recipient, SMTPNotSupported if an address
        needs SMTPUTF8 (RFC 6531) and the server has it not, and what `sendmail` raises.
        """
        sender = messages.extract_sender(message) if sender is None else sender
        if recipients is None:
            recipients = messages.extract_recipients(message)
        people = [recipients] if isinstance(recipients, str) else list(recipients)
        if sender is None or not people:
            raise ValueError("The message has no sender or no recipients, and none were given")
        options = list(mail_options)
        await self._greet(timeout)
        needs_utf8 = not all(each.isascii() for each in (sender, *people))
        if needs_utf8:
            if not self.supports_extension("SMTPUTF8"):
                raise SMTPNotSupported(
                    "An address requires SMTPUTF8, which is not supported by this server"
                )
            options += [] if "SMTPUTF8" in map(str.upper, options) else ["SMTPUTF8"]
        is_8bit = self.supports_extension("8BITMIME")
        if is_8bit and "BODY=8BITMIME" not in map(str.upper, options):
            options.append("BODY=8BITMIME")
        octets = messages.flatten_message(
            message, utf8=needs_utf8, cte_type="8bit" if is_8bit else "7bit"
        )
        return await self.sendmail(
            sender,
            people,
            octets,
            mail_options=options,
            rcpt_options=rcpt_options,
            timeout=timeout,
        )

    def sendmail_sync(self, *args: Any, **kwargs: Any) -> tuple[dict[str, SMTPResponse], str]:
        """Connect, `sendmail` and quit, in an event loop of its own."""
        return asyncio.run(self._once(self.sendmail, args, kwargs))

    def send_message_sync(self, *args: Any, **kwargs: Any) -> tuple[dict[str, SMTPResponse], str]:
        """Connect, `send_message` and quit, in an event loop of its own."""
        return asyncio.run(self._once(self.send_message, args, kwargs))

    async def _once(
        self, method: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[dict[str, SMTPResponse], str]:
        async with self:
            result: tuple[dict[str, SMTPResponse], str] = await method(*args, **kwargs)
            return result

    # --- inner workings -----------------------------------------------------------------------

    def _connected(self) -> Connection:
        if self._connection is None or not self._connection.is_open:
            raise SMTPServerDisconnected("Server not connected")
        return self._connection

    def _session(self) -> Session:
        return self._connected().session

    def _name(self, hostname: str | None) -> bytes:
        name = hostname if hostname is not None else self._options.local_hostname
        return host_name(name if name is not None else socket.getfqdn()).encode("ascii")

    async def _ask(self, send: Any, timeout: Any) -> SMTPResponse:
        return response(await self._run(ask(send), timeout))

    async def _run(self, exchange: Exchange[T], timeout: Any = _GIVEN) -> T:
        """Hold an exchange; whatever goes wrong with the connection closes it."""
        connection = self._connected()
        seconds = self._options.timeout if timeout is _GIVEN else timeout
        try:
            result = await connection.run(exchange, seconds)
        except Silence as error:
            self.close()
            raise SMTPReadTimeoutError("Timed out waiting for server response") from error
        except HandshakeFailed as error:
            self.close()
            if isinstance(error.__cause__, ssl.SSLError):
                raise error.__cause__ from None
            raise SMTPServerDisconnected(str(error)) from error
        except Disconnected as error:
            self.close()
            raise SMTPServerDisconnected(str(error)) from error
        except asyncio.CancelledError:
            self.close()
            raise
        last = connection.session.last_reply
        if last is not None and last.code == 421:
            self.close()
        return result
