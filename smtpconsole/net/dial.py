"""Where to: a target and a route become a connection, and every attempt is told."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from ipaddress import ip_address

from smtpconsole.net.child import Child
from smtpconsole.net.connection import Connection
from smtpconsole.net.eyeballs import FAMILIES, Race, in_words, interleaved, shown
from smtpconsole.net.policy import TlsPolicy
from smtpconsole.net.proxies import Proxy
from smtpconsole.net.route import Route
from smtpconsole.net.timeouts import Timeouts
from smtpconsole.smtp.errors import NoName, Silence, Unreachable
from smtpconsole.smtp.events import Connected, Dialling, Event, Noted, Target, Tried
from smtpconsole.smtp.session import Observer


async def dial(
    target: Target,
    *,
    observe: Observer | None = None,
    tls: TlsPolicy | None = None,
    lmtp: bool = False,
    timeout: float | Timeouts | None = 60,
    route: Route | None = None,
) -> Connection:
    """A connection that has been greeted, by whatever route.

    `timeout` is a number of seconds for each step of it, or Timeouts; `lmtp` is for a target
    that does not say so itself.  Raises Unreachable with each attempt, Silence, Disconnected,
    HandshakeFailed, or ValueError where a certificate is to be verified and there is no name.
    """
    times = Timeouts.of(timeout)
    route = (route or Route()).towards(target)
    dialled = _Dialled(route.named(target), route, times, _nobody if observe is None else observe)
    try:
        if target.implicit_tls:
            (tls or TlsPolicy()).name(target.host)
        async with asyncio.timeout(times.total) as whole:
            return await dialled.greeted(observe, tls, lmtp or target.lmtp)
    except TimeoutError as error:
        if not whole.expired():
            raise
        message = f"{dialled.target} was not reached within {times.total:g} seconds in all"
        raise Silence(message, timer="total") from error
    except NoName:
        if route.sock is not None:
            route.sock.close()
        raise


def _nobody(event: Event) -> None:
    """Nobody observes."""


class _Dialled:
    """One way to one server."""

    def __init__(self, target: Target, route: Route, times: Timeouts, tell: Observer) -> None:
        self.target = target
        self._route = route
        self._times = times
        self._tell = tell

    async def greeted(
        self, observe: Observer | None, tls: TlsPolicy | None, lmtp: bool
    ) -> Connection:
        self._tell(Dialling(self.target))
        sock, child = await self._connected()
        try:
            header = self._header(sock)

            def protocol() -> Connection:
                return Connection(self.target, observe=observe, tls=tls, lmtp=lmtp, header=header)

            loop = asyncio.get_running_loop()
            _, connection = await loop.create_connection(protocol, sock=sock)
        except BaseException:
            sock.close()
            if child is not None:
                child.kill()
            raise
        if child is not None:
            connection.keep(child.accompany(connection.lost))
        try:
            await connection.greeted(self._times)
        except BaseException as error:
            connection.abort()
            if isinstance(error, Exception):
                await connection.wait_closed()
            raise
        return connection

    def _header(self, sock: socket.socket) -> bytes:
        """The PROXY header, if one is to be said first."""
        header = self._route.header
        if header is None or isinstance(header, bytes):
            return header or b""
        data = header.octets(sock)
        self._tell(Noted(header.told(sock)))
        return data

    async def _connected(self) -> tuple[socket.socket, Child | None]:
        """A connected socket, and the program at its other end if it is a program."""
        route = self._route
        if route.command is not None:
            child = await Child.start(route.words, self._tell)
            return child.socket, child
        if route.sock is not None:
            return self._given(route.sock), None
        if route.path is not None:
            return await self._unix(os.fspath(route.path)), None
        if route.proxy is not None:
            return await self._through(Proxy.parse(route.proxy)), None
        return await self._race(self.target.host, self.target.port, self._tell).run(), None

    def _race(self, host: str, port: int, tell: Observer, what: str = "") -> Race:
        source, family = self._route.source, socket.AF_UNSPEC
        if self._route.family is not None:
            family = FAMILIES[self._route.family]
        elif source is not None:
            with contextlib.suppress(ValueError):  # "" and names are of any family
                family = FAMILIES[ip_address(source[0].partition("%")[0]).version]
        return Race(host, port, tell, self._times.connect, source, family, what)

    def _given(self, sock: socket.socket) -> socket.socket:
        try:
            sock.setblocking(False)
            peer = shown(sock.getpeername())
        except OSError as error:
            sock.close()
            raise Unreachable(f"the given socket is not connected ({in_words(error)})") from error
        self._tell(Connected(shown(sock.getsockname()), peer, 0.0))
        return sock

    async def _unix(self, path: str | bytes) -> socket.socket:
        began = self._now()
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            async with asyncio.timeout(self._times.connect):
                while True:
                    # The queue of who wants to connect may be full, which nobody can wait for.
                    with contextlib.suppress(BlockingIOError):
                        sock.connect(path)
                        break
                    await asyncio.sleep(0.01)
        except OSError as error:
            sock.close()
            words = in_words(error, self._times.connect).replace("this port", "this socket")
            raise self._failed(self.target.path, words, began) from error
        except BaseException:
            sock.close()
            raise
        self._tell(Connected("", self.target.path, self._now() - began))
        return sock

    # --- through a proxy ----------------------------------------------------------------------

    async def _through(self, proxy: Proxy) -> socket.socket:
        """A socket that a proxy has connected to the target."""
        target, attempts = self.target, list[Tried]()
        hosts = [target.host]
        if not proxy.resolves:
            race = self._race(target.host, target.port, self._tell)
            hosts = [str(address[0]) for _, address in interleaved(await race.resolve())]
        for host in hosts:
            outcome = await self._tunnel(proxy, host, target.port)
            if not isinstance(outcome, Tried):
                return outcome
            attempts.append(outcome)
        each = "; ".join(f"{attempt.address}: {attempt.error}" for attempt in attempts)
        raise Unreachable(f"the proxy {proxy} does not connect to {target} ({each})", attempts)

    async def _tunnel(self, proxy: Proxy, host: str, port: int) -> socket.socket | Tried:
        def tell(event: Event) -> None:
            if isinstance(event, Connected):
                event = Noted(f"connected to the proxy {proxy} in {event.seconds * 1000:.0f} ms")
            self._tell(event)

        sock = await self._race(proxy.host, proxy.port, tell, f"the proxy {proxy}").run()
        began, where = self._now(), shown((host, port))
        try:
            async with asyncio.timeout(self._times.connect):
                await proxy.tunnel(sock, host, port)
        except OSError as error:
            sock.close()
            tried = Tried(where, in_words(error, self._times.connect), self._now() - began)
            self._tell(tried)
            return tried
        except BaseException:
            sock.close()
            raise
        seconds = self._now() - began
        self._tell(Connected(shown(sock.getsockname()), f"{where} through {proxy}", seconds))
        return sock

    def _failed(self, where: str, words: str, began: float) -> Unreachable:
        tried = Tried(where, words, self._now() - began)
        self._tell(tried)
        return Unreachable(f"{where} cannot be reached: {words}", [tried])

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
