"""A short visit: connect, come to TLS, look, say goodbye.  Scans and comparisons are made of it."""

from __future__ import annotations

import contextlib
import ipaddress
from dataclasses import replace

from smtpconsole.net.connection import Connection
from smtpconsole.net.dial import dial
from smtpconsole.net.policy import TlsPolicy
from smtpconsole.net.route import Route
from smtpconsole.smtp.errors import Disconnected, HandshakeFailed, Silence
from smtpconsole.smtp.events import Target
from smtpconsole.smtp.exchanges import hello, quit, start_tls
from smtpconsole.smtp.facts import TlsFacts


class Unwelcome(ConnectionError):
    """The server does not want to go as far as TLS; it says why."""


async def knock(
    target: Target,
    policy: TlsPolicy,
    *,
    name: bytes,
    timeout: float,
    route: Route | None = None,
) -> TlsFacts:
    """What TLS comes about under a policy; `failure` is set where none does.

    `name` is said in EHLO, `timeout` is in seconds for each reply.  Raises Unwelcome, or what
    `dial` and `Connection.run` raise, but not HandshakeFailed.
    """
    try:
        connection = await dial(target, tls=policy, timeout=timeout, route=route)
    except HandshakeFailed as error:
        return _failed(error)
    try:
        welcomed(connection)
        if not target.implicit_tls:
            await secured(connection, name=name, timeout=timeout)
        facts = connection.tls
        with contextlib.suppress(Disconnected, Silence, HandshakeFailed):
            await connection.run(quit(), timeout)
        assert facts is not None
        return facts
    except HandshakeFailed as error:
        return _failed(error)
    finally:
        await left(connection)


def welcomed(connection: Connection) -> None:
    """Unwelcome unless the server has greeted us with 220."""
    reply = connection.session.last_reply
    if reply is not None and reply.code != 220:
        raise Unwelcome(f"the server does not want to talk: {reply}")


async def secured(connection: Connection, *, name: bytes, timeout: float) -> None:
    """EHLO and STARTTLS, as far as the handshake."""
    await greeted(connection, name=name, timeout=timeout)
    if "STARTTLS" not in connection.session.capabilities:
        raise Unwelcome("the server does not offer STARTTLS")
    await upgraded(connection, timeout=timeout)


async def greeted(connection: Connection, *, name: bytes, timeout: float) -> None:
    """EHLO, or LHLO.  Once before TLS and once under it: OpenSMTPD takes no other."""
    reply = await connection.run(hello(name, lmtp=connection.session.lmtp), timeout)
    if not reply.is_positive:
        raise Unwelcome(f"the server does not want to be greeted: {reply}")


async def upgraded(connection: Connection, *, timeout: float) -> None:
    """STARTTLS, as far as the handshake."""
    reply = await connection.run(start_tls(), timeout)
    if reply.code != 220:
        raise Unwelcome(f"the server refuses STARTTLS: {reply}")


async def left(connection: Connection) -> None:
    """Close, and wait until it is gone."""
    connection.close()
    await connection.lost


def _failed(error: HandshakeFailed) -> TlsFacts:
    facts = error.facts
    return facts if facts.failure else replace(facts, failure="broken")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its name or address alone; no resolver is asked."""
    if host.rstrip(".").lower() == "localhost":
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False
