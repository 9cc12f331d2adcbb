"""What can be reached: names, validated names, and the three ports of mail."""

from __future__ import annotations

from collections.abc import AsyncIterator

from smtpconsole.console.configuring.configuration import configured
from smtpconsole.console.dns import resolving
from smtpconsole.console.doctor import Finding, Wish, online
from smtpconsole.net.dial import dial
from smtpconsole.net.policy import TlsPolicy
from smtpconsole.smtp.errors import Disconnected, HandshakeFailed, Silence, Unreachable
from smtpconsole.smtp.targets import IMPLICIT_TLS_PORT, MX_PORT, Target

SUBMISSION = 587
_SIGNED = "ietf.org"  # has been signed for long
_REMEDY = {
    MX_PORT: "many networks block port 25 outwards; use a relay, or a machine that may",
    SUBMISSION: "a firewall is in the way; try 465",
    IMPLICIT_TLS_PORT: "a firewall is in the way; try 587",
}


@online
async def names(wish: Wish) -> AsyncIterator[Finding]:
    """The resolver answers, and validates."""
    resolver = resolving.of(configured({})[0])
    answer = await resolver.ask(_SIGNED, "MX")
    if answer.outcome != "found":
        told = f"{_SIGNED} MX: {answer.words}"
        yield Finding("fail", "dns", told, "/set dns ADDRESS names another resolver")
        return
    yield Finding("ok", "dns", f"{answer.server} answers in {answer.seconds * 1000:.0f} ms")
    if answer.is_authenticated:
        yield Finding("ok", "dnssec online", f"{answer.server} validates {_SIGNED}")
    else:
        remedy = "DANE cannot be judged; /set dns 127.0.0.1 with unbound here"
        yield Finding("warn", "dnssec online", f"{answer.server} does not validate", remedy)


@online
async def ports(wish: Wish) -> AsyncIterator[Finding]:
    """Each port, as far as the greeting; nothing is said but goodbye."""
    for host, port in (
        (wish.exchanger, MX_PORT),
        (wish.host, SUBMISSION),
        (wish.host, IMPLICIT_TLS_PORT),
    ):
        yield await port_of(host, port, wish.timeout)


async def port_of(host: str, port: int, timeout: float) -> Finding:
    """What comes of connecting to a port."""
    target = Target(host, port, implicit_tls=port == IMPLICIT_TLS_PORT)
    subject = f"port {port}"
    remedy = _REMEDY.get(port, "a firewall may be in the way")
    try:
        connection = await dial(target, tls=TlsPolicy(), timeout=timeout)
    except Unreachable as error:
        return Finding("fail", subject, f"{host} cannot be reached: {error}", remedy)
    except Silence as error:
        return Finding("fail", subject, f"{host} says nothing: {error}", remedy)
    except (Disconnected, HandshakeFailed) as error:
        return Finding("warn", subject, f"{host} hangs up: {error}", "/connect shows more")
    greeting = connection.session.last_reply
    connection.close()
    await connection.wait_closed()
    return Finding("ok", subject, f"{host} greets: {greeting}")
