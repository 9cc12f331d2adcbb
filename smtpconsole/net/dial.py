"""Where to: a host name becomes a connection, and every address that failed is told."""

from __future__ import annotations

import asyncio
import socket

from smtpconsole.net.connection import Connection
from smtpconsole.net.policy import TlsPolicy
from smtpconsole.smtp.errors import Unreachable
from smtpconsole.smtp.events import Connected, Dialling, Event, Resolved, Target, Tried
from smtpconsole.smtp.session import Observer

Address = tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int]]


async def dial(
    target: Target,
    *,
    observe: Observer | None = None,
    tls: TlsPolicy | None = None,
    lmtp: bool = False,
    timeout: float | None = 60,
    source: tuple[str, int] | None = None,
) -> Connection:
    """A connection that has been greeted; `timeout`, in seconds, is for each step of it.

    Raises Unreachable, Silence, Disconnected or HandshakeFailed.
    """
    tell: Observer = observe if observe is not None else _nobody
    tell(Dialling(target))
    sock = await _connect(target, tell, timeout, source)

    def protocol() -> Connection:
        return Connection(target, observe=observe, tls=tls, lmtp=lmtp)

    loop = asyncio.get_running_loop()
    try:
        _, connection = await loop.create_connection(protocol, sock=sock)
    except BaseException:
        sock.close()
        raise
    try:
        await connection.greeted(timeout)
    except BaseException:
        connection.abort()
        raise
    return connection


def _nobody(event: Event) -> None:
    """Nobody observes."""


async def _connect(
    target: Target, tell: Observer, timeout: float | None, source: tuple[str, int] | None
) -> socket.socket:
    """A socket connected to the first address that answers."""
    addresses = await _resolve(target, tell, timeout)
    attempts: list[Tried] = []
    clock = asyncio.get_running_loop().time
    for family, address in addresses:
        began = clock()
        try:
            sock = await _attempt(family, address, timeout, source)
        except (OSError, TimeoutError) as error:
            failed = Tried(_shown(address), _words(error, timeout), clock() - began)
            attempts.append(failed)
            tell(failed)
        else:
            local, peer = _shown(sock.getsockname()), _shown(sock.getpeername())
            tell(Connected(local, peer, clock() - began))
            return sock
    raise Unreachable(_summary(target, attempts), attempts)


async def _resolve(target: Target, tell: Observer, timeout: float | None) -> list[Address]:
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        async with asyncio.timeout(timeout):
            found = await loop.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        failed = Tried(target.host, _words(error, timeout), loop.time() - began)
        tell(failed)
        message = f"the name {target.host} has no address ({failed.error})"
        raise Unreachable(message) from error
    addresses: list[Address] = [(family, address) for family, _, _, _, address in found]  # type: ignore[misc]  # with SOCK_STREAM it is IPv4 or IPv6
    tell(
        Resolved(
            target.host,
            tuple(dict.fromkeys(address[0] for _, address in addresses)),
            loop.time() - began,
        )
    )
    return addresses


async def _attempt(
    family: int,
    address: tuple[str, int] | tuple[str, int, int, int],
    timeout: float | None,
    source: tuple[str, int] | None,
) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        if source is not None:
            sock.bind(source)
        async with asyncio.timeout(timeout):
            await asyncio.get_running_loop().sock_connect(sock, address)
    except BaseException:
        sock.close()
        raise
    return sock


def _shown(address: tuple[object, ...]) -> str:
    host, port = str(address[0]), address[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


_WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (ConnectionRefusedError, "refused: nothing listens on this port"),
    (ConnectionResetError, "reset by the server"),
)


def _words(error: BaseException, timeout: float | None = None) -> str:
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return words
    if isinstance(error, TimeoutError):
        return f"no answer within {timeout:g} seconds" if timeout is not None else "no answer"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[:1].lower() + error.strerror[1:]
    return str(error)


def _summary(target: Target, attempts: list[Tried]) -> str:
    if len(attempts) == 1:
        return f"{target} cannot be reached: {attempts[0].error}"
    each = "; ".join(f"{attempt.address}: {attempt.error}" for attempt in attempts)
    return f"none of the {len(attempts)} addresses of {target.host} can be reached ({each})"
