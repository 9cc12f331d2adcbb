"""A mail domain: where its mail goes, and all that it publishes about mail."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field

from smtpconsole.net.dns import dkim, dmarc, mx, spf, tlsrpt
from smtpconsole.net.dns import sts as mta_sts
from smtpconsole.net.dns import tlsa as pins
from smtpconsole.net.dns.mx import Exchanger, Plan
from smtpconsole.net.dns.names import shown_name
from smtpconsole.net.dns.resolver import Resolver
from smtpconsole.net.dns.sts import Sts, Web
from smtpconsole.net.dns.tags import Published
from smtpconsole.net.verdicts import fits
from smtpconsole.smtp.facts import TlsaAnswer
from smtpconsole.smtp.remarks import Remark, by_severity


@dataclass(frozen=True, slots=True)
class Domain:
    """What the DNS, and the web server of MTA-STS, say about a mail domain."""

    plan: Plan
    sts: Sts
    records: tuple[Published, ...] = ()  # SPF, DMARC, TLS-RPT, and DKIM if it was asked for
    pins: dict[str, TlsaAnswer] = field(default_factory=dict)  # by the name of the MX
    doubt: str = ""  # why the AD bit is not believed

    @property
    def name(self) -> str:
        """Its name."""
        return self.plan.domain

    def remarks(self) -> tuple[Remark, ...]:
        """All that is remarkable, the gravest first."""
        return by_severity(self._remarks())

    def _remarks(self) -> Iterator[Remark]:
        yield from self.plan.remarks
        for record in (self.sts.record, *self.records):
            yield from record.remarks
        yield from self.sts.remarks
        for name, answer in self.pins.items():
            yield from pins.remarks(answer, name, self.doubt)
        policy = self.sts.policy
        for each in self.plan.exchangers if policy is not None and policy.mode != "none" else ():
            if policy is not None and not any(fits(pattern, each.name) for pattern in policy.mx):
                text = f"{each.name} is an MX, and the MTA-STS policy does not name it"
                hint = "senders pass it by: add it to the policy, then change its id"
                yield Remark("error", "sts-mx", text, hint, "RFC 8461 4.1")


async def look_up(
    resolver: Resolver, name: str, *, web: Web | None = None, selector: str = "", port: int = 25
) -> Domain:
    """All about a domain; the questions are asked at the same time."""
    wanted = [spf.spf(resolver, name), dmarc.dmarc(resolver, name), tlsrpt.tlsrpt(resolver, name)]
    if selector:
        wanted.append(dkim.dkim(resolver, name, selector))
    plan, policy, records = await asyncio.gather(
        mx.plan(resolver, name), mta_sts.sts(resolver, name, web), asyncio.gather(*wanted)
    )
    named = [each for each in plan.exchangers if each.addresses]
    answers = await asyncio.gather(
        *(pins.tlsa(resolver, each, plan.domain, port=port) for each in named)
    )
    found = {each.name: answer for each, answer in zip(named, answers, strict=True)}
    return Domain(plan, policy, tuple(records), found, resolver.servers.doubt)


# --- in words ---------------------------------------------------------------------------------


def plan_lines(plan: Plan) -> Iterator[str]:
    """Where mail goes."""
    yield f"{shown_name(plan.domain)}: {plan.sentence}"
    if plan.why:
        yield f"  the DNS says: {plan.why}"
    for each in plan.exchangers:
        yield f"  {each.preference:>5} {exchanger_line(each)}"
    if plan.state in ("mx", "implicit", "null-mx"):
        yield f"  DNSSEC {'vouches for this' if plan.is_secure else 'does not vouch for this'}"


def exchanger_line(each: Exchanger) -> str:
    """One server with its addresses."""
    alias = f" = {each.canonical}" if each.aliases else ""
    return f"{shown_name(each.name)}{alias}  {', '.join(each.addresses) or each.why}"


def published_lines(record: Published) -> Iterator[str]:
    """A record, or that there is none."""
    yield f"{record.kind:8} {record.text or record.why}"
    if record.text:
        yield f"{'':8} at {record.name}"


def sts_lines(found: Sts) -> Iterator[str]:
    """The record of MTA-STS and the policy."""
    yield from published_lines(found.record)
    if found.error:
        yield f"{'':8} {found.error}"
    if found.policy is not None:
        policy = found.policy
        yield f"{'':8} mode {policy.mode}, for {policy.max_age} seconds"
        yield from (f"{'':8} mx {pattern}" for pattern in policy.mx)


def pin_lines(name: str, answer: TlsaAnswer) -> Iterator[str]:
    """The TLSA records of a server."""
    what = "vouched for by DNSSEC" if answer.is_secure else "not vouched for by DNSSEC"
    told = answer.error or (what if answer.records else "none")
    yield f"TLSA     {name}: {told}"
    yield from (f"{'':8} {record}" for record in answer.records)


def domain_lines(found: Domain) -> Iterator[str]:
    """All about a domain but the remarks."""
    yield from plan_lines(found.plan)
    yield from sts_lines(found.sts)
    for record in found.records:
        yield from published_lines(record)
    for name, answer in found.pins.items():
        yield from pin_lines(name, answer)
    if found.doubt:
        yield found.doubt
