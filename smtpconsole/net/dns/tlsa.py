"""Which keys and certificates the DNS pins for a server (RFC 6698, RFC 7672)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from smtpconsole.net.dns.resolver import Answer
from smtpconsole.smtp.facts import TlsaAnswer, TlsaRecord
from smtpconsole.smtp.remarks import Remark

if TYPE_CHECKING:
    from smtpconsole.net.dns.mx import Exchanger
    from smtpconsole.net.dns.resolver import Resolver

PORT = 25


async def tlsa(
    resolver: Resolver, exchanger: Exchanger, domain: str, *, port: int = PORT
) -> TlsaAnswer:
    """The TLSA records of an exchanger, under the name its addresses belong to.

    RFC 7672, 2.2.2: where the MX is an alias and DNSSEC vouches for that, the name it leads to
    is asked first, then the name in the MX record.
    """
    bases = [exchanger.name]
    if exchanger.aliases and exchanger.is_secure:
        bases.insert(0, exchanger.canonical)
    for base in bases:
        answer = await resolver.ask(owner(base, port), "TLSA")
        if answer.records or not answer.is_certain:
            return _told(answer, base, exchanger, domain)
    return TlsaAnswer(is_secure=answer.is_secure and exchanger.is_secure, names=(bases[-1],))


def owner(base: str, port: int = PORT) -> str:
    """Where the records of a server are."""
    return f"_{port}._tcp.{base}"


def _told(answer: Answer, base: str, exchanger: Exchanger, domain: str) -> TlsaAnswer:
    # RFC 7672, 3.2.2: the base name, and for what was found by way of MX the domain as well.
    names = tuple(dict.fromkeys((base, exchanger.name, domain)))
    if not answer.is_certain:
        return TlsaAnswer(names=names, error=answer.words)
    records = tuple(
        TlsaRecord(int(each.usage), int(each.selector), int(each.mtype), bytes(each.cert))
        for each in answer.records
    )
    return TlsaAnswer(records, answer.is_secure and exchanger.is_secure, names)


def remarks(answer: TlsaAnswer, name: str, doubt: str = "") -> Iterator[Remark]:
    """What is remarkable about the records themselves; `doubt` is why AD is not believed."""
    from smtpconsole.net.dane import unusable

    if answer.error:
        text = f"the TLSA records of {name} cannot be had: {answer.error}"
        yield Remark("error", "tlsa-failed", f"{text}; a DANE sender waits", "", "RFC 7672 2.1")
    if answer.records and not answer.is_secure:
        yield _unproven(name, doubt)
    for each in answer.records:
        yield from _record(each, name)
    if answer.records and all(unusable(each) for each in answer.records):
        text = f"no TLSA record of {name} can be used with SMTP, so TLS is needed but proves nobody"
        yield Remark("warning", "tlsa-none-usable", text, "publish 3 1 1", "RFC 7672 2.2")


def _unproven(name: str, doubt: str) -> Remark:
    """Nothing vouches for the records: because nobody is believed, or because nobody said so."""
    if doubt:
        text = f"whether DNSSEC vouches for the TLSA records of {name} is not known: {doubt}"
        hint = "ask a validating resolver on this machine, or say --dns-trust-ad"
        return Remark("info", "ad-not-trusted", text, hint, "RFC 7672 2.2")
    text = f"DNSSEC does not vouch for the TLSA records of {name} and the way there"
    hint = "senders ignore them; sign the zones of the domain and of the server"
    return Remark("warning", "tlsa-insecure", text, hint, "RFC 7672 2.2")


def _record(record: TlsaRecord, name: str) -> Iterator[Remark]:
    from smtpconsole.net.dane import unusable

    short = f"TLSA {record.usage} {record.selector} {record.matching} of {name}"
    if reason := unusable(record):
        yield Remark("warning", "tlsa-unusable", f"{short}: {reason}", "", "RFC 7672 3.1")
    elif record.matching == 0:
        text = f"{short} holds the whole, not a digest"
        yield Remark("info", "tlsa-full", text, "publish 3 1 1", "RFC 7672 3.1.1")
