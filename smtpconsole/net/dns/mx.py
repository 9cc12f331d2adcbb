"""Where mail for a domain goes, as a sender walks it (RFC 5321, 5.1; RFC 7505).

1. The MX records by preference; without one, the domain itself; with a null MX, nowhere.
2. "There is none" and "it cannot be told now" are two things: with the latter a sender waits.
3. Whether DNSSEC vouches for a step is kept with it, for DANE needs all of them (RFC 7672, 2.2).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import TYPE_CHECKING, Literal

from smtpconsole.net.dns.names import ascii_name
from smtpconsole.net.dns.resolver import Answer
from smtpconsole.smtp.remarks import Remark, by_severity

if TYPE_CHECKING:
    from smtpconsole.net.dns.resolver import Resolver

MAX_EXCHANGERS = 20  # of one domain; a response could hold thousands

State = Literal["mx", "implicit", "null-mx", "nxdomain", "no-address", "servfail", "timeout"]
KINDS = ("AAAA", "A")

_SENTENCES: dict[State, str] = {
    "mx": "mail goes to the servers that its MX records name",
    "implicit": "it has no MX record, so mail goes to its own address",
    "null-mx": "it takes no mail, says its null MX; a sender gives up at once (556 5.1.10)",
    "nxdomain": "the domain does not exist; a sender gives up at once (550 5.1.2)",
    "no-address": "nothing that is named for it has an address; there is nowhere to send to",
    "servfail": "where its mail goes cannot be told now; a sender tries again later",
    "timeout": "the DNS does not answer; a sender tries again later",
}


@dataclass(frozen=True, slots=True)
class Exchanger:
    """A server that mail for the domain goes to."""

    name: str
    preference: int
    addresses: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()  # where CNAMEs lead
    is_secure: bool = False  # DNSSEC vouches for the addresses, and for who is named
    why: str = ""  # there is no address
    is_certain: bool = True  # that there is none; else it cannot be told now

    @property
    def canonical(self) -> str:
        """The name that owns the addresses."""
        return self.aliases[-1] if self.aliases else self.name


@dataclass(frozen=True, slots=True)
class Plan:
    """Where mail for a domain goes."""

    domain: str
    state: State
    exchangers: tuple[Exchanger, ...] = ()  # in the order a sender tries them
    why: str = ""  # what the DNS said, where that explains the state
    is_secure: bool = False  # DNSSEC vouches for who is named, or for the absence
    remarks: tuple[Remark, ...] = ()

    @property
    def sentence(self) -> str:
        """The state in words."""
        return _SENTENCES[self.state]

    @property
    def has_servers(self) -> bool:
        """There is somewhere to connect to."""
        return any(each.addresses for each in self.exchangers)


async def plan(resolver: Resolver, domain: str) -> Plan:
    """The plan for a domain; NoName if it is no name."""
    domain = ascii_name(domain)
    answer = await resolver.ask(domain, "MX")
    match answer.outcome:
        case "found":
            return await _explicit(resolver, domain, answer)
        case "no data":
            return await _implicit(resolver, domain, answer)
        case "nxdomain":
            return Plan(domain, "nxdomain", why=answer.words, is_secure=answer.is_secure)
        case "timeout":
            return Plan(domain, "timeout", why=answer.words)
    return Plan(domain, "servfail", why=answer.words)


async def _explicit(resolver: Resolver, domain: str, answer: Answer) -> Plan:
    records = sorted((each.preference, _host(each.exchange)) for each in answer.records)
    if all(not name for _, name in records):
        oddities = by_severity(_null_remarks(records))
        return Plan(domain, "null-mx", is_secure=answer.is_secure, remarks=oddities)
    named = [Exchanger(name, preference) for preference, name in records if name]
    kept = named[:MAX_EXCHANGERS]
    looked = [addressed(resolver, each, answer.is_secure) for each in kept]
    exchangers = tuple(await asyncio.gather(*looked))
    remarks = by_severity((*_mixed(records), *_crowd(named), *_remarks(exchangers)))
    state, why = _state(exchangers)
    return Plan(domain, state, exchangers, why, answer.is_secure, remarks)


async def _implicit(resolver: Resolver, domain: str, answer: Answer) -> Plan:
    """RFC 5321, 5.1: the domain as its own MX, with preference 0."""
    own = await addressed(resolver, Exchanger(domain, 0), answer.is_secure)
    remarks = [*_remarks((own,))]
    if not own.addresses:
        state: State = "no-address" if own.is_certain else "servfail"
        return Plan(domain, state, (), own.why, answer.is_secure)
    remarks.append(
        Remark(
            "info",
            "implicit-mx",
            "it has no MX record, so its address is taken",
            "publish an MX record, or a null MX if it shall take no mail",
            "RFC 5321 5.1",
        )
    )
    return Plan(domain, "implicit", (own,), "", answer.is_secure, by_severity(remarks))


async def addressed(resolver: Resolver, exchanger: Exchanger, is_secure: bool) -> Exchanger:
    """An exchanger with its addresses, IPv6 first (RFC 6724 leaves the order to the sender)."""
    if _literal(exchanger.name):
        return replace(exchanger, why="it is an address, where a name must be")
    answers = await asyncio.gather(*(resolver.ask(exchanger.name, kind) for kind in KINDS))
    # Sorted: resolvers shuffle them, and a table that does would be hard to compare.
    found = {ip_address(record.address) for each in answers for record in each.records}
    addresses = [str(each) for each in sorted(found, key=lambda each: (-each.version, each))]
    longest = max(answers, key=lambda each: len(each.aliases))
    failed = [each for each in answers if not each.is_certain]
    reason = (failed or list(answers))[0]
    return replace(
        exchanger,
        addresses=tuple(addresses),
        aliases=longest.aliases,
        is_secure=is_secure and all(each.is_secure for each in answers),
        why="" if addresses else reason.words.replace("such record", "address"),
        is_certain=not failed,
    )


def _state(exchangers: Iterable[Exchanger]) -> tuple[State, str]:
    """What a sender does with these servers."""
    found = list(exchangers)
    if any(each.addresses for each in found):
        return "mx", ""
    first = found[0]
    for each in found:
        if not each.is_certain:
            return ("timeout" if "in time" in each.why else "servfail"), f"{each.name}: {each.why}"
    return "no-address", f"{first.name}: {first.why}"


def _host(name: object) -> str:
    """A name of the DNS as text; empty for the root, which a null MX names."""
    text: str = name.to_text(omit_final_dot=True).lower()  # type: ignore[attr-defined]  # dnspython's
    return "" if text in (".", "@") else text


def _literal(name: str) -> str:
    """The address that somebody gave as a name; empty if it is none."""
    for text in (name, name.strip("[]")):
        try:
            return str(ip_address(text))
        except ValueError:
            continue
    return ""


# --- what is remarkable -----------------------------------------------------------------------


def _null_remarks(records: list[tuple[int, str]]) -> Iterator[Remark]:
    if len(records) > 1 or records[0][0] != 0:
        yield Remark(
            "warning",
            "null-mx-form",
            "a null MX is one record with preference 0",
            "publish `MX 0 .` alone",
            "RFC 7505 3",
        )


def _mixed(records: list[tuple[int, str]]) -> Iterator[Remark]:
    if any(not name for _, name in records):
        yield Remark(
            "error",
            "null-mx-not-alone",
            "a null MX stands beside others, so senders may do either",
            "take it away, or the others",
            "RFC 7505 3",
        )


def _crowd(named: list[Exchanger]) -> Iterator[Remark]:
    if len(named) > MAX_EXCHANGERS:
        text = f"it names {len(named)} servers; the first {MAX_EXCHANGERS} are looked at"
        yield Remark("warning", "many-mx", text, "senders try only some of them", "RFC 5321 5.1")
    names = [each.name for each in named]
    for name in dict.fromkeys(each for each in names if names.count(each) > 1):
        text = f"{name} is named more than once"
        yield Remark("info", "mx-twice", text, "one record is enough", "RFC 5321 5.1")


def _remarks(exchangers: Iterable[Exchanger]) -> Iterator[Remark]:
    for each in exchangers:
        if _literal(each.name):
            yield Remark(
                "error",
                "mx-is-address",
                f"the MX {each.name} is an address, and senders ignore it",
                "name a host that has this address",
                "RFC 5321 5.1",
            )
            continue
        if each.aliases:
            yield Remark(
                "warning",
                "mx-is-alias",
                f"{each.name} is an alias of {each.canonical}; some senders refuse that",
                f"name {each.canonical} in the MX record",
                "RFC 5321 5.1, RFC 2181 10.3",
            )
        if not each.addresses:
            code = "mx-no-address" if each.is_certain else "mx-unresolved"
            text = f"{each.name} gives no address: {each.why}"
            yield Remark("error", code, text, "publish its address", "RFC 5321 5.1")
        yield from _addresses(each)


def _addresses(exchanger: Exchanger) -> Iterator[Remark]:
    private = [each for each in exchanger.addresses if not ip_address(each).is_global]
    if private:
        text = f"{exchanger.name} is {', '.join(private)}, which the Internet cannot reach"
        hint = "publish a public address, unless this is a network of your own"
        yield Remark("warning", "mx-not-public", text, hint, "RFC 6890")
