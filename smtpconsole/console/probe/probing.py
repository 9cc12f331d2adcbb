"""A visit, what the DNS says beside it, and the outcome: all that a probe tells.

The outcome is one word with an exit status.  What ends a visit early counts before what is found
in one, and a certificate before conduct.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address

from smtpconsole.console.probe import checks
from smtpconsole.console.probe.offers import named
from smtpconsole.console.probe.visit import Errand, Visit, visit
from smtpconsole.net.dns.mx import Exchanger, addressed
from smtpconsole.net.dns.names import NoName, ascii_name
from smtpconsole.net.dns.resolver import Resolver
from smtpconsole.net.dns.reverse import Reverse, reverse
from smtpconsole.net.dns.sts import Sts, Web, sts
from smtpconsole.net.dns.tlsa import remarks as tlsa_remarks
from smtpconsole.net.dns.tlsa import tlsa
from smtpconsole.net.remarks import clock
from smtpconsole.net.verdicts import verdicts
from smtpconsole.smtp.events import Target
from smtpconsole.smtp.facts import Problem, TlsaAnswer, Verdict
from smtpconsole.smtp.remarks import SEVERITIES, Remark, by_severity
from smtpconsole.transcript.journal import Journal


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a probe, or a survey of probes, comes to."""

    name: str
    status: int  # of the program
    sentence: str


# README quotes this table.  1 is for what is found, 2 the shell's word for wrong usage.
OUTCOMES = {
    each.name: each
    for each in (
        Outcome("sound", 0, "nothing is wrong"),
        Outcome("faulty", 1, "the server works, and breaks rules that matter"),
        Outcome("untrusted", 3, "the certificate does not prove the server"),
        Outcome("tls-failed", 4, "TLS was offered or asked for, and did not come about"),
        Outcome("refused", 5, "the server refuses service"),
        Outcome("closed", 6, "the server ended the conversation"),
        Outcome("not-smtp", 7, "something else than SMTP answers"),
        Outcome("wrong-mode", 8, "TLS comes first where plain text was asked for, or the reverse"),
        Outcome("timeout", 9, "the server did not answer in time"),
        Outcome("unreachable", 10, "no address could be connected to"),
    )
}
_BY_KIND = {"tls": "tls-failed"}


@dataclass(frozen=True, slots=True)
class Report:
    """All that a probe tells."""

    asked: Target  # as somebody wrote it
    visit: Visit
    began: datetime
    problems: tuple[Problem, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    remarks: tuple[Remark, ...] = ()
    reverse: Reverse | None = None
    tlsa: TlsaAnswer | None = None
    sts: Sts | None = None
    outcome: Outcome = field(default_factory=lambda: OUTCOMES["sound"])


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What to ask beside the server itself."""

    resolver: Resolver | None = None  # None: the DNS is left alone
    domain: str = ""  # whose mail the server takes: for MTA-STS
    web: Web | None = None
    fails_on: str = "error"  # the least severity of a remark that makes a server faulty


async def probe(
    target: Target,
    errand: Errand,
    inquiry: Inquiry | None = None,
    *,
    journal: Journal | None = None,
    tell: Callable[[Visit], None] | None = None,
) -> Report:
    """Visit a server, ask the DNS about it, and judge."""
    inquiry = inquiry if inquiry is not None else Inquiry()
    began = datetime.now(UTC)
    found = await visit(target, errand, journal=journal, tell=tell)
    aside = await _ask_dns(found, inquiry) if inquiry.resolver is not None else _Aside()
    problems = _problems(found)
    findings = by_severity((*checks.remarks(found), *aside.remarks))
    return Report(
        target,
        found,
        began,
        problems,
        _verdicts(found, aside),
        findings,
        aside.reverse,
        aside.tlsa,
        aside.sts,
        _outcome(found, problems, findings, inquiry.fails_on),
    )


def _problems(found: Visit) -> tuple[Problem, ...]:
    """Those of the certificates and of the session, and a clock that is off."""
    problems = found.tls.problems if found.tls is not None else ()
    late = clock(found.greeting.text) if found.greeting is not None else None
    if late is not None and late not in problems:
        problems += (late,)
    return problems


def _verdicts(found: Visit, aside: _Aside) -> tuple[Verdict, ...]:
    if found.hello is None and found.tls is None:
        return ()
    return verdicts(
        found.tls,
        found.target.host,
        is_secure=found.is_secure,
        is_offered=found.offers_tls,
        tlsa=aside.tlsa,
        sts=aside.sts.policy if aside.sts is not None else None,
    )


def _outcome(
    found: Visit, problems: tuple[Problem, ...], findings: tuple[Remark, ...], fails_on: str
) -> Outcome:
    if found.failure is not None:
        return OUTCOMES[_BY_KIND.get(found.failure.kind, found.failure.kind)]
    if found.mixed_up:
        return OUTCOMES["wrong-mode"]
    grave = SEVERITIES[: SEVERITIES.index(fails_on) + 1]
    if any(each.severity in grave for each in problems):
        return OUTCOMES["untrusted"]
    if any(each.severity in grave for each in findings):
        return OUTCOMES["faulty"]
    return OUTCOMES["sound"]


# --- the DNS ----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Aside:
    """What the DNS says about a server."""

    reverse: Reverse | None = None
    tlsa: TlsaAnswer | None = None
    sts: Sts | None = None
    remarks: list[Remark] = field(default_factory=list)


async def _ask_dns(found: Visit, inquiry: Inquiry) -> _Aside:
    aside = _Aside()
    resolver = inquiry.resolver
    assert resolver is not None
    if not found.target.is_local:
        await _ask_reverse(found, resolver, aside)
        await _ask_tlsa(found, resolver, inquiry.domain, aside)
    if inquiry.domain:
        aside.sts = await sts(resolver, ascii_name(inquiry.domain), inquiry.web)
        aside.remarks += [*aside.sts.record.remarks, *aside.sts.remarks]
    return aside


async def _ask_reverse(found: Visit, resolver: Resolver, aside: _Aside) -> None:
    """Names of the address; a private one needs none, and our resolver may not know it."""
    try:
        address = ip_address(found.peer)
    except ValueError:  # nothing was connected to, or a proxy was
        return
    aside.reverse = await reverse(resolver, found.peer)
    if address.is_global:
        aside.remarks += aside.reverse.remarks()
    greeted = named(found.greeting.text).lower().rstrip(".") if found.greeting is not None else ""
    confirmed = aside.reverse.confirmed
    if greeted and confirmed and greeted not in confirmed:
        text = f"the server greets as {greeted}, and its address is called {confirmed[0]}"
        aside.remarks.append(Remark("info", "greeting-ptr", text, "use one name", "RFC 5321 4.1.4"))


async def _ask_tlsa(found: Visit, resolver: Resolver, domain: str, aside: _Aside) -> None:
    try:
        host = ascii_name(found.target.host)
        ip_address(host)
        return  # an address has no TLSA records
    except NoName:
        return
    except ValueError:
        pass
    exchanger = await addressed(resolver, Exchanger(host, 0), is_secure=True)
    aside.tlsa = await tlsa(resolver, exchanger, domain or host, port=found.target.port)
    aside.remarks += tlsa_remarks(aside.tlsa, host, resolver.servers.doubt)
