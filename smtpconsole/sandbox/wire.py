"""The sandbox's end of a connection: octets in, octets out, TLS of our own between them.

1. What a client sends is bounded in memory: reading pauses while nobody takes it.
2. Whoever reads waits for octets, for the end, or for the idle time to be over.
3. TLS is the layer that clients use, too, so that alerts are sent and can be chosen.
4. An end lingers: what the client still says is read and thrown away until it ends, too.  Closed
   at once, the kernel would answer it with a reset, which overtakes what we said last.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, cast

from smtpconsole.net.tls import TlsLayer

MOST = 64 * 1024  # octets kept before reading pauses
LAST_WORD = 10.0  # seconds for a client to take the last reply
LOOK = 0.2  # seconds between two looks at a client that is not read
LINGER = 2.0  # seconds for it to end its side, too

Serve = Callable[["Wire"], Coroutine[Any, Any, None]]


class Ended(ConnectionError):
    """The client is gone, or says no more."""


class Idle(TimeoutError):
    """The client said nothing for too long."""


class Wire(asyncio.Protocol):
    """One connection; `serve` is run on it, and the end of that is the end of both."""

    def __init__(self, serve: Serve, *, timeout: float) -> None:
        self.peer = ""
        self.is_upgrading = False
        self.lost: Callable[[Wire], None] | None = None  # told when the connection is gone
        self._serve = serve
        self._timeout = timeout
        self._transport: asyncio.Transport | None = None
        self._layer: TlsLayer | None = None
        self._failure: Exception | None = None  # of TLS
        self._incoming = bytearray()
        self._is_at_end = False
        self._is_reading = True
        self._is_lingering = False  # all is said
        self._news: asyncio.Future[None] | None = None
        self._can_write = asyncio.Event()
        self._can_write.set()
        self._task: asyncio.Task[None] | None = None

    # --- asyncio's side -----------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Serve the client."""
        self._transport = cast(asyncio.Transport, transport)
        self.peer = _shown(transport.get_extra_info("peername"))
        self._task = asyncio.get_running_loop().create_task(self._run())

    def data_received(self, data: bytes) -> None:
        """Keep what came until it is read."""
        if self._is_lingering:
            return
        if self._layer is None:
            self._incoming += data
        else:
            self._decrypt(data)
        if len(self._incoming) > MOST and self._is_reading and self._transport is not None:
            self._is_reading = False
            self._transport.pause_reading()
        self._tell()

    def eof_received(self) -> bool:
        """The client says no more; it may still listen."""
        self._is_at_end = True
        if self._layer is not None:
            self._layer.feed_eof()
        self._tell()
        return self._layer is None and not self._is_lingering

    def connection_lost(self, error: Exception | None) -> None:
        """Let go of whoever waits."""
        self._is_at_end = True
        self._transport = None
        self._can_write.set()
        self._tell()
        if self.lost is not None:
            self.lost(self)

    def pause_writing(self) -> None:
        """The client does not read as fast as we write."""
        self._can_write.clear()

    def resume_writing(self) -> None:
        """It has caught up."""
        self._can_write.set()

    async def _run(self) -> None:
        try:
            await self._serve(self)
        except (Ended, ConnectionError, ssl.SSLError):
            pass  # the client left; there is nobody to tell
        finally:
            self.close()

    # --- reading ------------------------------------------------------------------------------

    async def until(self, end: bytes, limit: int) -> tuple[bytes, bool]:
        """Octets up to and with `end`, and True; or, of too long a piece, what there is, and
        False.  Raises Ended, or Idle."""
        searched = 0
        while True:
            at = self._incoming.find(end, searched)
            if at >= 0:
                return self._take(at + len(end)), True
            if len(self._incoming) > limit:
                return self._take(len(self._incoming) - len(end) + 1), False
            searched = max(0, len(self._incoming) - len(end) + 1)
            await self._more()

    async def some(self, limit: int) -> bytes:
        """At least one octet, and at most `limit`."""
        while not self._incoming:
            await self._more()
        return self._take(min(limit, len(self._incoming)))

    async def begins_with(self, start: bytes) -> bool:
        """Whether the next octets are these; as many are waited for as it takes to tell."""
        while len(self._incoming) < len(start) and start.startswith(self._incoming):
            await self._more()
        return self._incoming.startswith(start)

    def discard(self) -> None:
        """Throw away what came and was not read."""
        self._incoming.clear()

    def _take(self, count: int) -> bytes:
        taken = bytes(self._incoming[:count])
        del self._incoming[:count]
        if len(self._incoming) < MOST:
            self._resume()
        return taken

    def _resume(self) -> None:
        if not self._is_reading and self._transport is not None:
            self._is_reading = True
            self._transport.resume_reading()

    async def _more(self) -> None:
        """Wait for the next octets."""
        if self._is_at_end:
            raise Ended("the client has gone")
        self._resume()
        self._news = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(self._timeout):
                await self._news
        except TimeoutError as error:
            raise Idle("the client said nothing") from error
        finally:
            self._news = None

    def _tell(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    async def never(self) -> None:
        """Read nothing more, until the client or the sandbox ends it."""
        if self._transport is not None and self._is_reading:
            self._is_reading = False
            self._transport.pause_reading()
        while self._transport is not None and not self._is_reset:
            self._news = asyncio.get_running_loop().create_future()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await self._news
        self._news = None
        self.abort()

    @property
    def _is_reset(self) -> bool:
        """The client has ended it: asyncio would find out by reading."""
        sock = self._transport.get_extra_info("socket") if self._transport is not None else None
        return sock is not None and sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0

    async def end(self) -> None:
        """Wait until the client has gone, whatever it says before."""
        while not self._is_at_end:
            self._incoming.clear()
            with suppress(Idle):
                await self._more()

    # --- writing ------------------------------------------------------------------------------

    async def write(self, data: bytes) -> None:
        """Send octets, and wait while the client does not take them."""
        transport = self._transport
        if transport is None or transport.is_closing() or self._is_lingering:
            raise Ended("the client has gone")
        if self._layer is not None and self._layer.is_ready:
            self._layer.write(data)
            data = self._layer.take_outgoing()
        transport.write(data)
        await self._can_write.wait()

    def write_plain(self, data: bytes) -> None:
        """Send octets below TLS, whatever the client takes them for."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    # --- TLS ----------------------------------------------------------------------------------

    @property
    def is_secure(self) -> bool:
        """TLS is on."""
        return self._layer is not None and self._layer.is_ready

    @property
    def tls(self) -> str:
        """The version and suite, in words."""
        if self._layer is None or not self._layer.is_ready:
            return ""
        facts = self._layer.facts()
        return f"{facts.version} {facts.cipher}"

    async def start_tls(self, context: ssl.SSLContext, *, keep: bool = False) -> None:
        """Shake hands.  What was sent in the clear before is discarded (RFC 3207, 4.2), unless
        `keep` makes it a server with that fault.  Raises ssl.SSLError, or Ended."""
        clear = bytes(self._incoming)
        self._incoming.clear()
        is_hello = clear[:1] == b"\x16"
        self._layer = TlsLayer(context, server_side=True)
        self.is_upgrading = True
        if is_hello:
            self._decrypt(clear)
        while not self._layer.is_ready:
            await self._more()
            if isinstance(self._failure, ssl.SSLError):
                raise self._failure
        self.is_upgrading = False
        if keep and not is_hello:
            self._incoming[:0] = clear

    def _decrypt(self, data: bytes) -> None:
        layer = self._layer
        assert layer is not None
        layer.feed(data)
        try:
            if not layer.is_ready:
                layer.handshake()
            if layer.is_ready:
                self._incoming += layer.read()
        except (ssl.SSLError, OSError) as error:
            self._failure = error
            self._is_at_end = not isinstance(error, ssl.SSLError) or layer.is_ready
        self.write_plain(layer.take_outgoing())  # also the alert that tells why

    def leave_tls(self) -> None:
        """Say close_notify, and go on in the clear: what no server should do."""
        if self._layer is not None:
            self._layer.close()
            self.write_plain(self._layer.take_outgoing())
            self._layer = None

    # --- ending -------------------------------------------------------------------------------

    def close(self, *, with_notify: bool = True) -> None:
        """End the connection once all is sent, and the client has ended it or had its time."""
        transport = self._transport
        if transport is None or transport.is_closing() or self._is_lingering:
            return
        if with_notify and self._layer is not None and self._layer.is_ready:
            self._layer.close()
            transport.write(self._layer.take_outgoing())
        loop = asyncio.get_running_loop()
        loop.call_later(LAST_WORD, self.abort)  # who does not read
        if self._is_at_end or not transport.can_write_eof():
            transport.close()
            return
        self._is_lingering = True
        self._incoming.clear()
        self._resume()
        loop.call_later(LINGER, transport.close)
        try:
            transport.write_eof()
        except OSError:  # the client has reset it, and asyncio will learn of that next
            transport.close()

    def half_close(self) -> None:
        """Say that no more comes, and go on reading."""
        if self._transport is not None and self._transport.can_write_eof():
            with suppress(OSError):  # the client has reset it
                self._transport.write_eof()

    def abort(self, *, with_reset: bool = False) -> None:
        """End the connection at once; with an RST if it is wished."""
        transport = self._transport
        if transport is None:
            return
        sock = transport.get_extra_info("socket")
        if with_reset and sock is not None:
            with suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with suppress(AttributeError):  # asyncio's, if it closed just now (anyio#1250)
            transport.abort()

    def dismiss(self, reply: str) -> None:
        """Say a last word, if it can be said now, and close."""
        transport = self._transport
        if transport is None or self.is_upgrading:
            self.abort()
        elif not transport.is_closing():
            data = reply.encode() + b"\r\n"
            if self._layer is not None and self._layer.is_ready:
                self._layer.write(data)
                data = self._layer.take_outgoing()
            transport.write(data)
            self.close()


def _shown(address: Any) -> str:
    if not isinstance(address, tuple):
        return str(address or "")
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
