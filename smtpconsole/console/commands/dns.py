"""/dns"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from ipaddress import ip_address
from typing import Annotated

from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.arguments import TEXT, Kind
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.console.dns import domains, resolving
from smtpconsole.console.probe.text import told
from smtpconsole.console.targets import parse_target
from smtpconsole.net.dns import dkim as dkim_records
from smtpconsole.net.dns import dmarc, mx, reverse, spf, tlsrpt
from smtpconsole.net.dns import sts as mta_sts
from smtpconsole.net.dns import tlsa as pins
from smtpconsole.net.dns.resolver import Resolver
from smtpconsole.net.dns.sts import Web
from smtpconsole.net.dns.tags import Published
from smtpconsole.net.dns.tlsa import PORT
from smtpconsole.smtp.facts import Demands
from smtpconsole.smtp.remarks import Remark, by_severity
from smtpconsole.smtp.targets import port_of

_KINDS = ("a", "aaaa", "caa", "cname", "ds", "dnskey", "ns", "soa", "srv", "txt")


def _domains(console: Console, word: str) -> Iterable[str]:
    """Domains that came up: of servers, and of addresses."""
    servers = (parse_target(each).host for each in console.targets_seen)
    addresses = (each.rpartition("@")[2] for each in console.addresses_seen)
    names = (*addresses, *servers, *([console.matrix.name] if console.matrix is not None else ()))
    return (each for each in dict.fromkeys(names) if "." in each and each.startswith(word))


def _what(console: Console, word: str) -> Iterable[str]:
    """What can be asked for, and domains."""
    kinds = (each for each in (*_ACTIONS, *_KINDS) if each.startswith(word.lower()))
    return (*kinds, *_domains(console, word))


WHAT = Kind("DOMAIN|KIND", complete=_what)
NAME = Kind("NAME", complete=_domains)


@command
async def dns(
    console: Console,
    what: Annotated[str, WHAT] = "",
    name: Annotated[str, NAME] = "",
    more: Annotated[str, TEXT] = "",
) -> None:
    """Ask the DNS about a mail domain, or alone, about the server at hand.

    /dns DOMAIN               where its mail goes, and all it publishes about mail
    /dns mx DOMAIN            where mail goes, as a sender walks it
    /dns sts DOMAIN           the MTA-STS record and the policy
    /dns tlsa HOST [PORT]     the keys that are pinned for a server
    /dns ptr [ADDRESS]        what an address is called, and whether that leads back
    /dns helo                 what a server sees of our own name and address
    /dns spf|dmarc|tlsrpt DOMAIN
    /dns dkim SELECTOR DOMAIN
    /dns a|aaaa|txt|ns|caa|… NAME
    Which resolvers are asked: /set dns; whether their AD bit is believed: /set trustad
    """
    resolver = resolving.of(console.settings, console.journal)
    kind = what.lower()
    if not what:
        await _server(console, resolver)
    elif kind in _ACTIONS:
        await _ACTIONS[kind](console, resolver, name, more)
    elif kind in _KINDS:
        await _any(console, resolver, kind.upper(), name)
    elif not name:
        await _domain(console, resolver, what)
    else:
        known = ", ".join((*_ACTIONS, *_KINDS))
        raise ConsoleError(f"{what} is nothing that can be asked for", f"there are {known}")


def _show(
    console: Console,
    title: str,
    lines: Iterable[str],
    remarks: Iterable[Remark],
    next: tuple[str, ...] = (),
) -> None:
    found = by_severity(remarks)
    told_of = [line for each in found for line in told(each)]
    console.front.show(Answer(title, (*lines, *told_of), next))


def _given(console: Console, name: str, usage: str) -> str:
    """The domain that was named; ConsoleError without one."""
    if not name:
        raise ConsoleError("of which name?", usage)
    return resolving.domain(name)


def _web(console: Console) -> Web:
    return Web(ca_file=resolving.ca_file(console.settings))


# --- a domain ---------------------------------------------------------------------------------


async def _domain(console: Console, resolver: Resolver, name: str) -> None:
    domain = resolving.domain(name)
    found = await domains.look_up(resolver, domain, web=_web(console))
    for host, answer in found.pins.items():
        console.demands[host] = Demands(answer, found.sts.policy)
    title, *lines = domains.domain_lines(found)
    _show(console, title, lines, found.remarks(), _next(found))


def _next(found: domains.Domain) -> tuple[str, ...]:
    if not found.plan.has_servers:
        return ()
    first = next(each for each in found.plan.exchangers if each.addresses)
    return (f"/mx {found.name}", f"/connect {first.name}")


async def _mx(console: Console, resolver: Resolver, name: str, more: str) -> None:
    found = await mx.plan(resolver, _given(console, name, "/dns mx example.com"))
    title, *lines = domains.plan_lines(found)
    next = (f"/mx {found.domain}",) if found.has_servers else ()
    _show(console, title, lines, found.remarks, next)


async def _sts(console: Console, resolver: Resolver, name: str, more: str) -> None:
    domain = _given(console, name, "/dns sts example.com")
    found = await mta_sts.sts(resolver, domain, _web(console))
    title = f"MTA-STS of {domain}"
    lines = [*domains.sts_lines(found), *(f"| {line}" for line in found.text.splitlines())]
    _show(console, title, lines, (*found.record.remarks, *found.remarks))


Look = Callable[[Resolver, str], Awaitable[Published]]


def _record(look: Look) -> Callable[[Console, Resolver, str, str], Awaitable[None]]:
    """What shows a record that a domain publishes."""

    async def show(console: Console, resolver: Resolver, name: str, more: str) -> None:
        domain = _given(console, name, "/dns spf example.com")
        found = await look(resolver, domain)
        lines = domains.published_lines(found)
        _show(console, f"{found.kind} of {domain}", lines, found.remarks)

    return show


async def _dkim(console: Console, resolver: Resolver, name: str, more: str) -> None:
    if not name or not more:
        raise ConsoleError("which selector, of which domain?", "/dns dkim SELECTOR example.com")
    domain = resolving.domain(more)
    found = await dkim_records.dkim(resolver, domain, name)
    lines = domains.published_lines(found)
    _show(console, f"DKIM key {name} of {domain}", lines, found.remarks)


async def _any(console: Console, resolver: Resolver, kind: str, name: str) -> None:
    answer = await resolver.ask(_given(console, name, f"/dns {kind.lower()} example.com"), kind)
    ad = "validated (AD)" if answer.is_secure else "not validated"
    lines = [*answer.texts] or [answer.words]
    if answer.aliases:
        lines.append(f"alias of {answer.canonical}")
    if answer.ttl is not None:
        lines.append(f"TTL {answer.ttl} seconds, {ad}, from {answer.server}")
    if resolver.servers.doubt:
        lines.append(resolver.servers.doubt)
    _show(console, f"{kind} of {answer.name}", lines, ())


# --- a server ---------------------------------------------------------------------------------


async def _tlsa(console: Console, resolver: Resolver, name: str, more: str) -> None:
    target = console.target
    host = name or (target.host if target is not None else "")
    port = port_of(more or str(target.port if target is not None and not name else PORT))
    if port is None:
        raise ConsoleError(f"{more[:40]} is not a port", "/dns tlsa HOST [PORT]")
    lines, remarks = await _pinned(console, resolver, _given(console, host, _TLSA), port)
    _show(console, f"TLSA records of {host}, port {port}", lines, remarks)


_TLSA = "/dns tlsa mail.example.com 25"


async def _pinned(
    console: Console, resolver: Resolver, host: str, port: int
) -> tuple[list[str], list[Remark]]:
    """What is pinned for a server; the verdicts of /tls take note of it."""
    exchanger = await mx.addressed(resolver, mx.Exchanger(host, 0), is_secure=True)
    answer = await pins.tlsa(resolver, exchanger, host, port=port)
    known = console.demands.get(host, Demands())
    console.demands[host] = Demands(answer, known.sts)
    lines = list(domains.pin_lines(host, answer))
    return lines, list(pins.remarks(answer, host, resolver.servers.doubt))


async def _ptr(console: Console, resolver: Resolver, name: str, more: str) -> None:
    address = name or _endpoint(console, "peername")
    try:
        ip_address(address)
    except ValueError as error:
        raise ConsoleError(f"{address} is not an address", "/dns ptr 192.0.2.1") from error
    found = await reverse.reverse(resolver, address)
    _show(console, f"names of {address}", _names(found), found.remarks())


def _names(found: reverse.Reverse) -> list[str]:
    lines = [
        f"{name}  {'leads back' if name in found.confirmed else 'does not lead back'}"
        for name in found.names
    ]
    return lines or [found.why]


async def _helo(console: Console, resolver: Resolver, name: str, more: str) -> None:
    lines, remarks = await _ourselves(console, resolver)
    _show(console, "what a server sees of us", lines, remarks)


async def _ourselves(console: Console, resolver: Resolver) -> tuple[list[str], list[Remark]]:
    address, name = _endpoint(console, "sockname"), console.settings.name
    found, remarks = await asyncio.gather(
        reverse.reverse(resolver, address), reverse.hello_remarks(resolver, name, address)
    )
    lines = [f"we come from {address}, and say EHLO {name}"]
    if not ip_address(address).is_global:
        lines.append("that is no public address: the server sees that of a router in between")
        return lines, remarks
    return [*lines, *_names(found)], [*remarks, *found.remarks()]


async def _server(console: Console, resolver: Resolver) -> None:
    """All about the server at hand: its names, what is pinned for it, and we ourselves."""
    target = console.target
    peer = _endpoint(console, "peername")
    assert target is not None  # there is a connection
    found = await reverse.reverse(resolver, peer)
    lines = [f"{peer} is called", *(f"  {line}" for line in _names(found))]
    remarks = list(found.remarks()) if ip_address(peer).is_global else []
    try:
        ip_address(target.host)
    except ValueError:
        told_of, more = await _pinned(console, resolver, target.host.lower(), target.port)
        lines += told_of
        remarks += more
    told_of, more = await _ourselves(console, resolver)
    _show(console, f"the DNS about {target}", [*lines, *told_of], [*remarks, *more])


def _endpoint(console: Console, which: str) -> str:
    """The address of one end of the connection; ConsoleError if there is none."""
    transport = console.connected().transport
    found = transport.get_extra_info(which) if transport is not None else None
    if not isinstance(found, tuple):
        raise ConsoleError("this connection has no addresses", "/dns DOMAIN asks about a domain")
    return str(found[0]).partition("%")[0]


_ACTIONS: dict[str, Callable[[Console, Resolver, str, str], Awaitable[None]]] = {
    "mx": _mx,
    "sts": _sts,
    "tlsa": _tlsa,
    "ptr": _ptr,
    "helo": _helo,
    "spf": _record(spf.spf),
    "dmarc": _record(dmarc.dmarc),
    "tlsrpt": _record(tlsrpt.tlsrpt),
    "dkim": _dkim,
}
