"""class Link: the options of a client, and its one connection at a time.

The client is built in layers, and each class knows only those below it:

    SMTP        connecting with all that belongs to it, `async with`, the sync variants
    Delivering  what goes beyond: any source, every parameter, many at once
    Sending     whole messages
    Login       AUTH
    Commands    a method for each command, and what the server has told of itself
    Link        options, one connection, `execute_command`

1. Who connects holds the turn until the connection is closed or lost, so that the sessions of
   tasks which share a client follow each other.
2. Whatever leaves in doubt which reply answers what closes the connection: silence, a cancelled
   command, a malformed reply, a reply that nobody asked for.
3. Nothing here touches an event loop before `connect`; the next loop may be another one.
"""

from __future__ import annotations

import asyncio
import inspect
import re
import socket
import ssl
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from smtpconsole.client.errors import (
    SMTPConnectResponseError,
    SMTPException,
    SMTPReadTimeoutError,
    SMTPResponseException,
    SMTPServerDisconnected,
    tls_failure,
)
from smtpconsole.client.options import Options, Setting
from smtpconsole.client.response import SMTPResponse, as_reply, response
from smtpconsole.client.status import SMTPStatus
from smtpconsole.client.typing import Default, SocketPathType

if TYPE_CHECKING:
    from smtpconsole.client.typing import Timeout
    from smtpconsole.net.connection import Connection
    from smtpconsole.net.policy import TlsPolicy
    from smtpconsole.net.timeouts import Timeouts
    from smtpconsole.smtp.replies import Reply
    from smtpconsole.smtp.session import Exchange

T = TypeVar("T")

_STEPS = frozenset(("execute_command", "mail", "rcpt", "data"))  # which users override
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")


class LoopLock:
    """An `asyncio.Lock` for whichever loop runs: one lock serves but one loop."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = asyncio.Lock()

    @property
    def here(self) -> asyncio.Lock:
        """The lock of the running loop."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._lock = loop, asyncio.Lock()
        return self._lock


class Link:
    """One connection at a time, and what it is made from."""

    hostname: Setting[str | None] = Setting()
    port: Setting[int | None] = Setting()
    local_hostname: Setting[str | None] = Setting()
    source_address: Setting[tuple[str, int] | None] = Setting()
    timeout: Setting[float | Timeouts | None] = Setting()
    use_tls: Setting[bool] = Setting()
    validate_certs: Setting[bool] = Setting()
    client_cert: Setting[str | None] = Setting()
    client_key: Setting[str | None] = Setting()
    tls_context: Setting[ssl.SSLContext | None] = Setting()
    cert_bundle: Setting[str | None] = Setting()
    socket_path: Setting[SocketPathType | None] = Setting()
    sock: Setting[socket.socket | None] = Setting()
    pipelining: Setting[bool] = Setting()
    chunking: Setting[bool] = Setting()

    _has_own_steps: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._has_own_steps = any(_is_foreign(getattr(cls, name, None)) for name in _STEPS)

    def __init__(self, options: Options) -> None:
        self._options = options
        self.loop: asyncio.AbstractEventLoop | None = None  # that of the last connect
        self.transport: asyncio.Transport | None = None
        self.protocol: Connection | None = None
        self._last: Connection | None = None  # the one closed last, for wait_closed
        self._attempt: object | None = None  # to connect; None once close() ended it
        self._sessions = LoopLock()
        self._turn: asyncio.Lock | None = None  # ours, from connect to close
        self._farewell = ""  # what the server said at the end that nobody asked for
        self._forget_server()

    # --- connecting and closing ---------------------------------------------------------------

    async def _open(self, timeout: Timeout) -> SMTPResponse:
        """Wait for the turn and dial; the greeting, if it is a 220."""
        loop = asyncio.get_running_loop()
        if self.loop is not None and self.loop is not loop and self.loop.is_closed():
            self.close()  # what is left of an earlier loop
        self.loop = loop
        turn = self._sessions.here
        await turn.acquire()
        try:
            connection = await self._dial(timeout)
        except BaseException:
            turn.release()
            raise
        self.protocol, self._turn, self._farewell = connection, turn, ""
        self.transport = connection.transport
        if connection.session.is_secure:
            self._show_tls()
        connection.lost.add_done_callback(lambda _: self._drop(connection))
        greeting = connection.session.last_reply
        assert greeting is not None
        if greeting.code != SMTPStatus.ready:
            malformed = connection.session.malformed
            self.close()
            if malformed is not None:
                raise SMTPConnectResponseError(greeting.code, _malformed(malformed))
            raise SMTPConnectResponseError(*response(greeting))
        return response(greeting)

    async def _dial(self, timeout: Timeout) -> Connection:
        from smtpconsole.client import engine

        self._attempt = attempt = object()
        connection = await engine.connected(self._options, self._seconds(timeout))
        try:
            if self._options.local_hostname is None:
                self.local_hostname = await asyncio.to_thread(socket.getfqdn)
            if self._attempt is not attempt:
                raise SMTPServerDisconnected("The client was closed while it was connecting")
        except BaseException:
            connection.abort()
            raise
        return connection

    def _show_tls(self) -> None:
        from smtpconsole.client import engine

        assert self.protocol is not None and self.protocol.transport is not None
        self.transport = engine.SSLTransport(self.protocol, self.protocol.transport)

    def close(self) -> None:
        """Close the connection, if there is one, and forget the server; never an error.

        It can be called in any state, also while another task connects, whose attempt then ends
        with SMTPServerDisconnected.  To await the end of the connection, see `wait_closed`.
        """
        self._attempt = None
        connection, self.protocol = self.protocol, None
        turn, self._turn = self._turn, None
        self.transport = None
        self._forget_server()
        if connection is not None:
            self._last = connection
            if self.loop is not None and not self.loop.is_closed():
                connection.close()
        if turn is not None:
            turn.release()

    async def wait_closed(self) -> None:
        """Close, and wait until the transport is closed, too: nothing outlives the loop."""
        self.close()
        connection, self._last = self._last, None
        if connection is not None:
            await self._ended(connection)

    async def _ended(self, connection: Connection) -> None:
        if connection.lost.get_loop() is asyncio.get_running_loop():
            await asyncio.shield(connection.wait_closed())

    def _drop(self, connection: Connection) -> None:
        """This connection is of no use any more; by now another may be in its place."""
        if self.protocol is connection:
            surplus = connection.session.surplus
            self._farewell = f" (the server said: {surplus})" if surplus is not None else ""
            self.close()

    def _forget_server(self) -> None:
        """What is known of a server goes with the connection to it."""
        self.last_helo_response: SMTPResponse | None = None
        self._last_ehlo_response: SMTPResponse | None = None
        self.esmtp_extensions: dict[str, str] = {}
        self.supports_esmtp = False
        self.server_auth_methods: list[str] = []

    # --- what is known ------------------------------------------------------------------------

    @property
    def is_connected(self) -> bool:
        """There is a connection, and it is not closing."""
        connection, transport = self.protocol, self.transport
        return (
            connection is not None
            and transport is not None
            and connection.is_open
            and not transport.is_closing()
        )

    def get_transport_info(self, key: str) -> Any:
        """What asyncio knows of the transport under this key, None if nothing.

        `peername`, `sockname`, `socket`; with TLS `cipher`, `compression`, `peercert`,
        `sslcontext` and `ssl_object`.  Raises SMTPServerDisconnected if not connected.
        """
        self._linked()
        assert self.transport is not None
        return self.transport.get_extra_info(key)

    # --- talking ------------------------------------------------------------------------------

    async def execute_command(self, *args: bytes, timeout: Timeout = Default.token) -> SMTPResponse:
        """Send the words as one command line, and return whatever is answered (RFC 5321, 4.1).

        It does not greet, and no code is an error here; a 421 closes the connection.  All
        commands but DATA and STARTTLS pass through here: a subclass can watch or change them.
        In the middle of DATA a line is content, and has no answer: 354 is returned for it.
        Raises ValueError for a control character (RFC 5321, 4.1.2), SMTPServerDisconnected,
        SMTPReadTimeoutError.
        """
        from smtpconsole.client import engine

        line = b" ".join(args)
        if _CONTROL.search(line):
            raise ValueError("Command arg contains a prohibited control character")
        replies = await self._run(engine.exchanges.typed(self._linked().session, line), timeout)
        return response(replies[-1]) if replies else SMTPResponse(SMTPStatus.start_input.value, "")

    @property
    def _is_watched(self) -> bool:
        """A subclass, or somebody who has put it on the instance, has steps of their own."""
        return self._has_own_steps or not _STEPS.isdisjoint(vars(self))

    async def _run(self, exchange: Exchange[T], timeout: Timeout = Default.token) -> T:
        """Hold an exchange, and keep or close the connection after it."""
        connection = self._linked()
        try:
            result = await connection.run(exchange, self._seconds(timeout))
        except OSError as error:  # as Silence, Disconnected and HandshakeFailed are
            self._drop(connection)
            raise _explained(error) from error
        except asyncio.CancelledError:
            # One that still waited for its turn has left nothing behind.
            if inspect.getgeneratorstate(exchange) != inspect.GEN_CREATED:
                self._drop(connection)
            raise
        session = connection.session
        if session.malformed is not None and not self._options.tolerant:
            self._drop(connection)
            code = SMTPStatus.invalid_response.value
            unclear = SMTPResponseException(code, _malformed(session.malformed))
            unclear.is_in_doubt = session.is_in_doubt
            raise unclear
        if session.phase.name == "CLOSING" or session.surplus is not None:
            self._drop(connection)
        return result

    async def _through(self, exchange: Exchange[T], timeout: Timeout) -> T:
        """Hold an exchange line by line through `execute_command`, if that is watched."""
        if not self._is_watched:
            return await self._run(exchange, timeout)
        replies: list[Reply] | None = None
        while True:
            try:
                batch = exchange.send(replies)  # type: ignore[arg-type]  # None starts it
            except StopIteration as stop:
                result: T = stop.value
                return result
            replies = [
                as_reply(await self.execute_command(*send.line.split(b" "), timeout=timeout))
                for send in batch
            ]

    async def _policy(self, server_name: str | None) -> TlsPolicy:
        """How TLS is to be done: reading the trust store takes its time, so in a thread."""
        if self._options.tls_context is not None or self._options.tls_policy is not None:
            return self._options.policy(server_name)
        return await asyncio.to_thread(self._options.policy, server_name)

    def _linked(self) -> Connection:
        """The connection; SMTPServerDisconnected if there is none, or none to be trusted."""
        connection = self.protocol
        if connection is not None and connection.session.surplus is not None:
            self._drop(connection)
        elif connection is not None and self.is_connected:
            return connection
        raise SMTPServerDisconnected(f"Server not connected{self._farewell}")

    def _seconds(self, timeout: Timeout) -> float | Timeouts | None:
        return self._options.timeout if isinstance(timeout, Default) else timeout


def _explained(error: OSError) -> SMTPException:
    """The library's name for what went wrong with the connection."""
    from smtpconsole.client import engine

    if isinstance(error, TimeoutError):
        told: SMTPException = SMTPReadTimeoutError("Timed out waiting for server response")
    elif isinstance(error, engine.HandshakeFailed):
        told = tls_failure(error)
    else:
        told = SMTPServerDisconnected(str(error))  # also where a file could not be read
    told.is_in_doubt = getattr(error, "is_in_doubt", False)
    return told


def _is_foreign(method: Any) -> bool:
    return method is not None and not method.__module__.startswith("smtpconsole.client.")


def _malformed(reply: Reply) -> str:
    return f"Malformed SMTP response line: {reply.octets.decode('utf-8', 'surrogateescape')}"
