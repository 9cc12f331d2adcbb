"""SPF (RFC 7208): the record shown and linted; nobody's mail is judged by it here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import TYPE_CHECKING

from smtpconsole.net.dns import tags
from smtpconsole.net.dns.resolver import text_of
from smtpconsole.smtp.remarks import Remark, by_severity

if TYPE_CHECKING:
    from smtpconsole.net.dns.resolver import Resolver

MAX_LOOKUPS = 10  # RFC 7208, 4.6.4
_LOOKING_UP = frozenset({"include", "a", "mx", "ptr", "exists", "redirect"})
_MECHANISMS = frozenset({"all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"})
_NEED_VALUE = frozenset({"include", "exists", "ip4", "ip6", "redirect", "exp"})
_TERM = re.compile(
    r"(?P<qualifier>[-+~?]?)(?P<name>[A-Za-z][\w.-]*)(?:(?P<mark>[:=/])(?P<value>.*))?"
)
_RFC = "RFC 7208"


@dataclass(frozen=True, slots=True)
class Term:
    """A mechanism or modifier."""

    text: str
    name: str = ""  # empty: it cannot be read
    qualifier: str = ""
    value: str = ""
    is_modifier: bool = False


@dataclass(slots=True)
class _Walk:
    """What came up on the way through included records."""

    lookups: int = 0
    seen: set[str] = field(default_factory=set)
    remarks: list[Remark] = field(default_factory=list)


async def spf(resolver: Resolver, domain: str) -> tags.Published:
    """The SPF record of a domain."""
    answer = await resolver.ask(domain, "TXT")
    found = _records([text_of(each) for each in answer.records])
    if not found:
        return tags.absent("SPF", answer)
    walk = _Walk()
    walk.remarks += _lint(found[0])
    if len(found) > 1:
        walk.remarks.append(tags.more_than_one("SPF", len(found), f"{_RFC} 4.5"))
    await _follow(resolver, domain, found[0], walk)
    if walk.lookups > MAX_LOOKUPS:
        text = (
            f"checking it takes {walk.lookups} or more DNS lookups, and {MAX_LOOKUPS} are allowed"
        )
        hint = "take away what is not needed, or write the networks as ip4: and ip6:"
        walk.remarks.append(Remark("error", "spf-lookups", text, hint, f"{_RFC} 4.6.4"))
    return tags.Published("SPF", domain, found[0], remarks=by_severity(walk.remarks))


def _records(texts: list[str]) -> list[str]:
    """The texts that are SPF records (4.5)."""
    return [each for each in texts if each.lower() == "v=spf1" or each[:7].lower() == "v=spf1 "]


def terms(text: str) -> list[Term]:
    """The terms of a record; total."""
    return [_term(word) for word in text.split(" ")[1:] if word]


def _term(word: str) -> Term:
    found = _TERM.fullmatch(word)
    if found is None:
        return Term(word)
    mark, value = found["mark"] or "", found["value"] or ""
    if mark == "/":
        value = f"/{value}"
    return Term(word, found["name"].lower(), found["qualifier"], value, mark == "=")


async def _follow(resolver: Resolver, domain: str, text: str, walk: _Walk) -> None:
    """Count the lookups of a record, and of those that it includes."""
    walk.seen.add(domain)
    for term in terms(text):
        if term.name not in _LOOKING_UP:
            continue
        walk.lookups += 1
        if walk.lookups > MAX_LOOKUPS:
            return
        if term.name in ("include", "redirect") and term.value and "%" not in term.value:
            await _include(resolver, term, walk)


async def _include(resolver: Resolver, term: Term, walk: _Walk) -> None:
    name = term.value.lower().removesuffix(".")
    if name in walk.seen:
        text = f"{term.text} leads back to a record that was followed already"
        walk.remarks.append(Remark("error", "spf-loop", text, "take it away", f"{_RFC} 4.6.4"))
        return
    answer = await resolver.ask(name, "TXT")
    found = _records([text_of(each) for each in answer.records])
    if found:
        await _follow(resolver, name, found[0], walk)
    elif answer.is_certain:
        text = f"{term.text} leads nowhere: {name} has no SPF record, so all of it is in error"
        walk.remarks.append(Remark("error", "spf-include", text, "take it away", f"{_RFC} 5.2"))
    else:
        text = f"{term.text} cannot be followed now: {answer.words}"
        walk.remarks.append(Remark("warning", "spf-unresolved", text, "", f"{_RFC} 5.2"))


# --- lint -------------------------------------------------------------------------------------


def _lint(text: str) -> Iterator[Remark]:
    found = terms(text)
    for term in found:
        yield from _lint_term(term)
    names = [each.name for each in found if not each.is_modifier]
    if "all" in names:
        yield from _lint_all(found)
    elif not any(each.name == "redirect" for each in found):
        said = "it does not end with all, so whoever is not named is neither allowed nor refused"
        yield Remark("warning", "spf-no-all", said, "end it with -all or ~all", f"{_RFC} 4.7")
    if len(text) > 450:
        said = f"it has {len(text)} characters; with other TXT records the answer may not fit"
        yield Remark("info", "spf-long", said, "", f"{_RFC} 3.4")


def _lint_term(term: Term) -> Iterator[Remark]:
    if not term.name or (not term.is_modifier and term.name not in _MECHANISMS):
        text = f"{term.text[:60]!r} is no mechanism, so all of the record is in error"
        yield Remark("error", "spf-syntax", text, "check its spelling", f"{_RFC} 4.6")
    elif term.name in _NEED_VALUE and not term.value:
        text = f"{term.text!r} needs something behind its name"
        yield Remark("error", "spf-syntax", text, "", f"{_RFC} 5")
    elif term.name in ("ip4", "ip6") and not _is_network(term):
        text = f"{term.text[:60]!r} is no network"
        yield Remark("error", "spf-network", text, "write ip4:192.0.2.0/24", f"{_RFC} 5.6")
    elif term.name == "ptr":
        text = "ptr is slow, unreliable, and should not be used"
        yield Remark("warning", "spf-ptr", text, "write ip4: and ip6: instead", f"{_RFC} 5.5")


def _lint_all(found: list[Term]) -> Iterator[Remark]:
    place = next(index for index, each in enumerate(found) if each.name == "all")
    after = [each.text for each in found[place + 1 :] if each.name != "exp"]
    if after:
        text = f"what stands behind all is never looked at: {' '.join(after)[:60]}"
        yield Remark("warning", "spf-after-all", text, "put it before", f"{_RFC} 5.1")
    if found[place].qualifier in ("", "+"):
        text = "it ends with +all: whoever wants may send in the domain's name"
        yield Remark("error", "spf-plus-all", text, "end it with -all or ~all", f"{_RFC} 8.2")
    elif found[place].qualifier == "?":
        text = "it ends with ?all, which says nothing about those who are not named"
        yield Remark("warning", "spf-neutral", text, "end it with -all or ~all", f"{_RFC} 8.2")


def _is_network(term: Term) -> bool:
    try:
        network = ip_network(term.value, strict=False)
    except ValueError:
        return False
    return network.version == (4 if term.name == "ip4" else 6)
