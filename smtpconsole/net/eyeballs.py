"""Happy eyeballs (RFC 8305): of many addresses, the first that answers.

1. The families take turns, beginning with that of the first address the system gives.
2. An attempt begins when the one before has failed, or 250 ms after it began.
3. The first to connect wins; the others are closed, and told as not needed.
"""

from __future__ import annotations

import asyncio
import itertools
import socket
from collections import deque
from dataclasses import dataclass

from smtpconsole.smtp.errors import Unreachable
from smtpconsole.smtp.events import Connected, Resolved, Tried
from smtpconsole.smtp.session import Observer

SocketAddress = tuple[str, int] | tuple[str, int, int, int]
Address = tuple[socket.AddressFamily, SocketAddress]

STAGGER = 0.25  # seconds; RFC 8305, 5: the Connection Attempt Delay
FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}


@dataclass(slots=True)
class Race:
    """To connect to a host by name, and tell of each attempt."""

    host: str
    port: int
    tell: Observer
    timeout: float | None = None  # seconds for each attempt, and for the look-up
    source: tuple[str, int] | None = None
    family: int = socket.AF_UNSPEC
    what: str = ""  # as errors call it; the host and port if empty

    async def run(self) -> socket.socket:
        """A connected socket; Unreachable, with each attempt, if no address can be reached."""
        return await self.first(interleaved(await self.resolve()))

    async def resolve(self) -> list[Address]:
        """The host's addresses in the system's order; Unreachable if it has none."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(self.timeout):
                found = await loop.getaddrinfo(
                    self.host, self.port, family=self.family, type=socket.SOCK_STREAM
                )
        except (OSError, UnicodeError) as error:
            words = in_words(error, self.timeout)
            self.tell(Tried(self.host, words, loop.time() - began))
            kind = {socket.AF_INET: "IPv4 ", socket.AF_INET6: "IPv6 "}.get(self.family, "")  # type: ignore[call-overload]  # any number may be asked for
            raise Unreachable(f"the name {self.host} has no {kind}address ({words})") from error
        addresses: list[Address] = [(family, address) for family, _, _, _, address in found]  # type: ignore[misc]  # with SOCK_STREAM it is IPv4 or IPv6
        names = tuple(dict.fromkeys(address[0] for _, address in interleaved(addresses)))
        self.tell(Resolved(self.host, names, loop.time() - began))
        return addresses

    async def first(self, addresses: list[Address]) -> socket.socket:
        """The first connection that comes about."""
        waiting, running = deque(addresses), dict[asyncio.Task[socket.socket], _Attempt]()
        failed: list[Tried] = []
        try:
            while waiting or running:
                if waiting:
                    attempt = _Attempt(*waiting.popleft())
                    running[asyncio.ensure_future(self._try(attempt))] = attempt
                done, _ = await asyncio.wait(
                    running,
                    timeout=STAGGER if waiting else None,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                lost = [task for task in done if task.exception() is not None]
                for task in lost:
                    failed.append(self._failed(running.pop(task), task.exception()))
                if won := done.difference(lost):
                    return self._won(won.pop(), running)
            raise Unreachable(self._summary(failed), failed)
        finally:
            await _dropped(running)

    def _won(
        self,
        winner: asyncio.Task[socket.socket],
        running: dict[asyncio.Task[socket.socket], _Attempt],
    ) -> socket.socket:
        attempt, sock = running.pop(winner), winner.result()
        now = asyncio.get_running_loop().time()
        peer = shown(attempt.address)
        self.tell(Connected(shown(sock.getsockname()), peer, attempt.seconds(now)))
        for other in running.values():
            words = f"not needed, {peer} answered first"
            self.tell(Tried(shown(other.address), words, other.seconds(now), was_needed=False))
        return sock

    def _failed(self, attempt: _Attempt, error: BaseException | None) -> Tried:
        assert error is not None
        if not isinstance(error, OSError):
            raise error
        now = asyncio.get_running_loop().time()
        words = in_words(error, self.timeout)
        tried = Tried(shown(attempt.address), words, attempt.seconds(now))
        self.tell(tried)
        return tried

    async def _try(self, attempt: _Attempt) -> socket.socket:
        loop = asyncio.get_running_loop()
        attempt.began = loop.time()
        try:
            sock = socket.socket(attempt.family, socket.SOCK_STREAM)
            try:
                sock.setblocking(False)
                if self.source is not None:
                    # Several attempts may come from one port: to different addresses.
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    sock.bind(self.source)
                async with asyncio.timeout(self.timeout):
                    await loop.sock_connect(sock, attempt.address)
            except BaseException:
                sock.close()
                raise
        finally:
            attempt.ended = loop.time()
        return sock

    def _summary(self, attempts: list[Tried]) -> str:
        where = self.what or f"{shown((self.host, self.port))}"
        if len(attempts) == 1:
            return f"{where} cannot be reached: {attempts[0].error}"
        each = "; ".join(f"{attempt.address}: {attempt.error}" for attempt in attempts)
        return f"none of the {len(attempts)} addresses of {self.host} can be reached ({each})"


@dataclass(slots=True)
class _Attempt:
    """One address being tried."""

    family: socket.AddressFamily
    address: SocketAddress
    began: float = 0.0
    ended: float | None = None

    def seconds(self, now: float) -> float:
        return (now if self.ended is None else self.ended) - (self.began or now)


async def _dropped(running: dict[asyncio.Task[socket.socket], _Attempt]) -> None:
    """End the attempts that are left; one that connected in the same moment is closed."""
    for task in running:
        task.cancel()
    for result in await asyncio.gather(*running, return_exceptions=True):
        if isinstance(result, socket.socket):
            result.close()


def interleaved(addresses: list[Address]) -> list[Address]:
    """The families in turns, in each the given order; RFC 8305, 4."""
    families = dict.fromkeys(family for family, _ in addresses)
    queues = [[each for each in addresses if each[0] == family] for family in families]
    turns = itertools.chain.from_iterable(itertools.zip_longest(*queues))
    return [each for each in turns if each is not None]


def shown(address: object) -> str:
    """A socket's address as people write it."""
    if isinstance(address, tuple):
        host, port = str(address[0]), address[1]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if isinstance(address, bytes):  # an abstract UNIX socket
        return "@" + address.lstrip(b"\0").decode("utf-8", "replace")
    return str(address) or "unnamed socket"


_WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (ConnectionRefusedError, "refused: nothing listens on this port"),
    (ConnectionResetError, "reset by the server"),
)


def in_words(error: BaseException, timeout: float | None = None) -> str:
    """Why a connection did not come about."""
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return words
    if isinstance(error, TimeoutError) and not error.strerror:
        return f"no answer within {timeout:g} seconds" if timeout is not None else "no answer"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[:1].lower() + error.strerror[1:]
    return str(error)
