"""class SMTP: the client, with the names of aiosmtplib's, and what goes beyond them."""

from __future__ import annotations

import asyncio
import socket
import ssl
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack

from smtpconsole.client.delivering import Delivering
from smtpconsole.client.errors import (
    SMTPException,
    SMTPReadTimeoutError,
    SMTPResponseException,
    SMTPServerDisconnected,
)
from smtpconsole.client.options import (
    DEFAULT_TIMEOUT,
    SMTP_PORT,
    SMTP_STARTTLS_PORT,
    SMTP_TLS_PORT,
    MoreOptions,
    Options,
    StartTls,
    given,
)
from smtpconsole.client.receipt import Receipt
from smtpconsole.client.response import SMTPResponse
from smtpconsole.client.typing import Default, SMTPTokenGenerator, SocketPathType

if TYPE_CHECKING:
    from smtpconsole.client.typing import Timeout
    from smtpconsole.net.connection import Connection
    from smtpconsole.net.timeouts import Timeouts

__all__ = ("DEFAULT_TIMEOUT", "SMTP", "SMTP_PORT", "SMTP_STARTTLS_PORT", "SMTP_TLS_PORT")

_default = Default.token

_BY_TOKEN = ("xoauth2", "oauthbearer")  # aiosmtplib's choice first


class SMTP(Delivering):
    """A client for one connection at a time, which can be used again after it.

    `async with SMTP(hostname="mail.example") as smtp:` connects and quits.  The options:

    hostname, port: the server; "localhost", and 465 with use_tls, 587 with start_tls, else 25.
    username, password: log in with these once connected; str is sent as UTF-8.
    oauth_token_generator: log in by XOAUTH2 with the token this coroutine function gives.
    local_hostname: how we call ourselves (RFC 5321, 4.1.1.1); our name in the DNS.
    source_address: (host, port) to connect from.
    timeout: seconds to wait for each reply; None waits for ever.
    use_tls: TLS from the first octet (RFC 8314).
    start_tls: STARTTLS (RFC 3207): None where it is offered, True or there is an error, False
        never; "require" says it also where it is not offered, since what is offered in the
        clear can be stripped on the way.
    validate_certs: the server's certificate must be trusted, and be for the host's name.
    client_cert, client_key, cert_bundle: files in PEM; the bundle is added to the trust store.
    tls_context: an `ssl.SSLContext` instead of these.
    socket_path, sock: a UNIX socket, or one that is connected already, instead of a host; it is
        closed with the client.

    `MoreOptions` has those that aiosmtplib has not.  Nothing happens on construction but a check:
    ValueError if options clash.  A client is of no loop: it may be used in one after another.
    """

    def __init__(
        self,
        *,
        hostname: str | None = None,
        port: int | None = None,
        username: str | bytes | None = None,
        password: str | bytes | None = None,
        oauth_token_generator: SMTPTokenGenerator | None = None,
        local_hostname: str | None = None,
        source_address: tuple[str, int] | None = None,
        timeout: float | Timeouts | None = DEFAULT_TIMEOUT,
        use_tls: bool = False,
        start_tls: StartTls = None,
        validate_certs: bool = True,
        client_cert: str | None = None,
        client_key: str | None = None,
        tls_context: ssl.SSLContext | None = None,
        cert_bundle: str | None = None,
        socket_path: SocketPathType | None = None,
        sock: socket.socket | None = None,
        **more: Unpack[MoreOptions],
    ) -> None:
        super().__init__(Options().changed({**given(locals()), "timeout": timeout}))
        self._blocks: dict[asyncio.Task[Any] | None, list[Connection | None]] = {}  # entered

    async def connect(
        self,
        *,
        hostname: str | Default | None = _default,
        port: int | Default | None = _default,
        username: str | bytes | Default | None = _default,
        password: str | bytes | Default | None = _default,
        oauth_token_generator: SMTPTokenGenerator | Default | None = _default,
        local_hostname: str | Default | None = _default,
        source_address: tuple[str, int] | Default | None = _default,
        timeout: Timeout = _default,
        use_tls: bool | None = None,
        start_tls: StartTls | Default = _default,
        validate_certs: bool | None = None,
        client_cert: str | Default | None = _default,
        client_key: str | Default | None = _default,
        tls_context: ssl.SSLContext | Default | None = _default,
        cert_bundle: str | Default | None = _default,
        socket_path: SocketPathType | Default | None = _default,
        sock: socket.socket | Default | None = _default,
        **more: Unpack[MoreOptions],
    ) -> SMTPResponse:
        """Connect; then STARTTLS and login as the options say.  Returns the greeting.

        An option that is given is kept, None resets it; only `timeout`, in seconds, is for this
        call alone.  While another task holds a connection of this client, it waits.  Raises
        SMTPConnectError, SMTPConnectTimeoutError, SMTPConnectResponseError if the greeting is
        no 220 (RFC 5321, 3.1), SMTPException if connected already, ValueError if options clash,
        and what `starttls` and `login` raise.  After an error nothing is left open.
        """
        if self.is_connected:
            raise SMTPException("SMTP instance is already connected")
        options = given(locals())
        for name in ("use_tls", "validate_certs"):
            if options[name] is None:
                del options[name]
        self._options = self._options.changed(options)
        if self._options.oauth_token_generator is not None and self._options.username is None:
            raise SMTPException("username is required when using oauth_token_generator")
        greeting = await self._open(timeout)
        connection = self.protocol
        assert connection is not None
        try:
            await self._prepare(timeout)
        except BaseException:
            self._drop(connection)
            raise
        return greeting

    async def _prepare(self, timeout: Timeout) -> None:
        """STARTTLS and login, as far as the options want them."""
        options = self._options
        if options.start_tls:
            await self.starttls(timeout=timeout)
        elif options.start_tls is None and not options.use_tls:
            timeout = await self._greet(timeout)
            if self.supports_extension("starttls"):
                await self.starttls(timeout=timeout)
        if options.oauth_token_generator is not None:
            await self._login_by_token(options, timeout)
        elif options.username is not None:
            await self.login(options.username, options.password or "", timeout=timeout)

    async def _login_by_token(self, options: Options, timeout: Timeout) -> None:
        assert options.username is not None and options.oauth_token_generator is not None
        timeout = await self._greet(timeout)
        by = next((name for name in _BY_TOKEN if name in self.server_auth_methods), None)
        if by is None:
            raise SMTPException(
                "oauth_token_generator provided but server does not support XOAUTH2"
            )
        if not options.allow_cleartext and not self._is_secure:
            raise SMTPException("the token would be shown; use TLS, or allow_cleartext")
        token = await options.oauth_token_generator()
        await getattr(self, f"auth_{by}")(options.username, token, timeout=timeout)

    async def __aenter__(self) -> Self:
        if not self.is_connected:
            await self.connect()
        self._blocks.setdefault(asyncio.current_task(), []).append(self.protocol)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        connection = self._entered_with()
        if connection is None or self.protocol is not connection:
            return
        if isinstance(exc, (ConnectionError, TimeoutError)) or not self.is_connected:
            self._drop(connection)
            return
        try:
            await self.quit()
        except (SMTPServerDisconnected, SMTPResponseException, SMTPReadTimeoutError):
            pass
        finally:
            self._drop(connection)

    def _entered_with(self) -> Connection | None:
        """The connection of the block that is left: by now there may be another task's."""
        task = asyncio.current_task()
        blocks = self._blocks.pop(task, None)
        if blocks is None:  # entered in another task, as fixtures of tests do
            return self.protocol
        connection = blocks.pop()
        if blocks:
            self._blocks[task] = blocks
        return connection

    def sendmail_sync(self, *args: Any, **kwargs: Any) -> Receipt:
        """Connect, `sendmail` and quit, in an event loop of its own: not from a coroutine."""
        return asyncio.run(self._once(self.sendmail, args, kwargs))

    def send_message_sync(self, *args: Any, **kwargs: Any) -> Receipt:
        """Connect, `send_message` and quit, in an event loop of its own: not from a coroutine."""
        return asyncio.run(self._once(self.send_message, args, kwargs))

    async def _once(self, method: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Receipt:
        async with self:
            receipt: Receipt = await method(*args, **kwargs)
            return receipt
