"""DMARC (RFC 9989): the policy that holds for a domain, found up the tree, and linted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from smtpconsole.net.dns import tags
from smtpconsole.net.dns.names import NoName, ascii_name, is_below
from smtpconsole.smtp.remarks import Remark, by_severity

if TYPE_CHECKING:
    from smtpconsole.net.dns.resolver import Resolver

MAX_LABELS = 8  # RFC 9989, 4.10: of a longer name the walk goes on with the last seven
MAX_REPORTS = 5  # foreign report addresses that are looked at
_RFC = "RFC 9989 4.7"

_VALUES = {
    "p": ("none", "quarantine", "reject"),
    "sp": ("none", "quarantine", "reject"),
    "np": ("none", "quarantine", "reject"),
    "adkim": ("r", "s"),
    "aspf": ("r", "s"),
    "psd": ("y", "n", "u"),
    "t": ("y", "n"),
}
_REMOVED = ("pct", "rf", "ri")
_KNOWN = frozenset({"v", "fo", "rua", "ruf", *_VALUES, *_REMOVED})


async def dmarc(resolver: Resolver, domain: str) -> tags.Published:
    """The record that holds for a domain: its own, or the nearest above."""
    first: tags.Published | None = None
    for name in walk(domain):
        answer, found = await tags.texts(resolver, f"_dmarc.{name}", "v=DMARC1")
        if found:
            return await _linted(resolver, domain, name, found)
        if first is None:
            first = tags.absent("DMARC", answer)
        if not answer.is_certain:
            return tags.absent("DMARC", answer)
    assert first is not None  # a name has a label
    return first


def walk(domain: str) -> Iterator[str]:
    """The names that are asked, the domain itself first."""
    labels = domain.split(".")
    yield domain
    rest = labels[1:] if len(labels) < MAX_LABELS else labels[-(MAX_LABELS - 1) :]
    while rest:
        yield ".".join(rest)
        rest = rest[1:]


async def _linted(resolver: Resolver, domain: str, name: str, found: list[str]) -> tags.Published:
    record = tags.read(found[0])
    remarks = [*record.remarks("DMARC", _KNOWN, _RFC), *_lint(record)]
    if len(found) > 1:
        remarks.append(tags.more_than_one("DMARC", len(found), "RFC 9989 4.10"))
    if name != domain:
        text = f"the domain has none of its own; that of {name} holds"
        remarks.append(Remark("info", "dmarc-inherited", text, "", "RFC 9989 4.10"))
    remarks += await _reports(resolver, name, record)
    return tags.Published("DMARC", f"_dmarc.{name}", found[0], remarks=by_severity(remarks))


def _lint(record: tags.Tags) -> Iterator[Remark]:
    if record.order[:1] != ("v",) or record.values.get("v") != "DMARC1":
        text = "the record does not begin with v=DMARC1, exactly so"
        yield Remark("error", "dmarc-version", text, "", _RFC)
    if "p" not in record.values:
        text = "it has no p, which counts as p=none; older readers ignore the record"
        yield Remark("warning", "dmarc-no-policy", text, "write p=none, or stricter", _RFC)
    elif record.values["p"].lower() == "none":
        text = "p=none: failures are reported, and nothing is done about them"
        yield Remark("info", "dmarc-none", text, "", _RFC)
    for name, allowed in _VALUES.items():
        value = record.values.get(name)
        if value is not None and value.lower() not in allowed:
            text = f"{name}={value[:40]} is none of {', '.join(allowed)}"
            yield Remark("error", "dmarc-value", text, "", _RFC)
    for option in record.values.get("fo", "0").split(":"):
        if option.strip().lower() not in ("0", "1", "d", "s"):
            text = f"fo={record.values['fo'][:40]} is no list of 0, 1, d, s"
            yield Remark("error", "dmarc-value", text, "", _RFC)
            break
    for name in _REMOVED:
        if name in record.values:
            text = f"{name} is no longer part of DMARC; new readers ignore it, old ones do not"
            hint = "use t=y while testing" if name == "pct" else "take it away"
            yield Remark("info", "dmarc-removed", text, hint, "RFC 9989 A.6")
    if "rua" not in record.values:
        text = "no aggregate reports are asked for, so nobody sees what the policy does"
        yield Remark("info", "dmarc-no-reports", text, "add rua=mailto:…", _RFC)


async def _reports(resolver: Resolver, name: str, record: tags.Tags) -> list[Remark]:
    """What is remarkable about where reports go."""
    remarks: list[Remark] = []
    foreign: dict[str, None] = {}
    for tag in ("rua", "ruf"):
        for uri in tags.uris(record.values.get(tag, "")):
            address, mark, _ = uri.partition("!")
            if mark:
                text = f"the size limit in {tag}={uri[:60]} is ignored"
                remarks.append(Remark("info", "dmarc-size", text, "take it away", "RFC 9990 3.5"))
            host = _report_host(address)
            if not host:
                text = f"{tag}={uri[:60]} is no mailto: address"
                hint = "write rua=mailto:reports@example.com"
                remarks.append(Remark("error", "dmarc-uri", text, hint, _RFC))
            elif not is_below(host, name) and not is_below(name, host):
                foreign[host] = None
    for host in list(foreign)[:MAX_REPORTS]:
        answer, found = await tags.texts(resolver, f"{name}._report._dmarc.{host}", "v=DMARC1")
        if not found and answer.is_certain:
            text = f"{host} does not say that it takes reports about {name}, so none are sent"
            hint = f'have it publish {answer.name} TXT "v=DMARC1"'
            remarks.append(Remark("warning", "dmarc-report", text, hint, "RFC 9990 4"))
    return remarks


def _report_host(uri: str) -> str:
    """The domain a mailto: address is in; empty if it is none."""
    scheme, _, address = uri.partition(":")
    local, at, host = address.partition("?")[0].rpartition("@")
    if scheme.strip().lower() != "mailto" or not at or not local:
        return ""
    try:
        return ascii_name(host)
    except NoName:
        return ""
