"""mx:DOMAIN as a target: the servers that take a domain's mail, tried as a sender does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.dns import resolving
from smtpconsole.net.dns.mx import plan
from smtpconsole.net.dns.resolver import Resolver
from smtpconsole.smtp.errors import Silence, Unreachable
from smtpconsole.smtp.events import Noted, Target

if TYPE_CHECKING:
    from smtpconsole.console.console import Console


async def servers(resolver: Resolver, target: Target) -> list[Target]:
    """The servers of mx:DOMAIN in their order; ConsoleError, saying why, if there is none."""
    found = await plan(resolver, resolving.domain(target.host))
    if not found.has_servers:
        why = (f"the DNS says: {found.why}",) if found.why else ()
        line = f"/dns {found.domain}"
        raise ConsoleError(f"{found.domain}: {found.sentence}", *why, next=(line,))
    return [
        replace(target, host=each.name, mx=False) for each in found.exchangers if each.addresses
    ]


async def first(resolver: Resolver, target: Target) -> Target:
    """The first server of mx:DOMAIN; any other target as it is."""
    return (await servers(resolver, target))[0] if target.mx else target


async def connect(console: Console, target: Target, how: Mapping[str, Any] | None = None) -> None:
    """Connect to the first server that answers, as a sender would (RFC 5321, 5.1)."""
    resolver = resolving.of(console.settings, console.journal)
    *others, last = await servers(resolver, target)
    for server in others:
        try:
            await console.connect(server, how)
        except (Unreachable, Silence) as error:
            console.journal(Noted(f"{server} does not answer ({error}): on to the next"))
        else:
            return
    await console.connect(last, how)
