"""The TLS of a session in words, row by row: what `/tls` says, and what its pane shows.

A row has a role, from which a front end takes its style; its text says all without one.
Text from certificates is as it came: whoever shows it makes it visible.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from smtpconsole.console.sessions.inspection import Inspection
from smtpconsole.smtp.facts import CertificateFacts, Demands, Problem, TlsFacts, Verdict

Role = Literal["text", "title", "good", "error", "warning", "muted"]

SIGNS: dict[str, str] = {"error": "!", "warning": "?", "info": "·"}
_ROLES: dict[str, Role] = {"error": "error", "warning": "warning", "info": "text"}


@dataclass(frozen=True, slots=True)
class Row:
    """A line, as long as it is; what does not fit continues at column `indent`."""

    text: str
    role: Role = "text"
    indent: int = 0
    certificate: int | None = None  # the depth of the certificate it is about


# --- the session ------------------------------------------------------------------------------


def session(seen: Inspection) -> Iterator[Row]:
    """How the session is secured, in one line and the details that a person debugs."""
    yield from headlines(seen)
    yield from details(seen)


def headlines(seen: Inspection) -> Iterator[Row]:
    """What went wrong, if anything did, and the session in a line."""
    if seen.error:
        yield Row(f"! {seen.error}", "error", 2)
    if seen.facts is not None and seen.facts.version is not None:
        yield Row(headline(seen.facts), "title", 2)


def details(seen: Inspection) -> Iterator[Row]:
    """What a person debugs, beside the headline."""
    if seen.facts is not None:
        for name, text in _details(seen, seen.facts):
            yield Row(f"  {name:<13}{text}", indent=15)


def headline(facts: TlsFacts) -> str:
    """Version, suite, group, signature, round trips and time."""
    parts = [shown_version(facts.version), facts.cipher, facts.group, facts.signature]
    if facts.round_trips:
        trips = "1 round trip" if facts.round_trips == 1 else f"{facts.round_trips} round trips"
        parts.append(trips)
    if facts.seconds is not None:
        parts.append(f"{facts.seconds * 1000:.0f} ms")
    return " · ".join(part for part in parts if part)


def shown_version(version: str | None) -> str:
    """A TLS version as people write it."""
    if version is None:
        return "no TLS"
    return version.replace("TLSv", "TLS ") + (".0" if version == "TLSv1" else "")


def _details(seen: Inspection, facts: TlsFacts) -> Iterator[tuple[str, str]]:
    if facts.server_name:
        yield "asked for", _asked(facts.server_name)
    if not facts.strict and facts.store:
        yield "offered", "old versions and weak suites as well, so that they can be seen"
    if facts.alpn:
        yield "ALPN", facts.alpn
    if facts.is_retried:
        yield "retried", "the server wanted another group than the first offered"
    yield from _resumption(seen, facts)
    if facts.extended_master_secret is not None and facts.version != "TLSv1.3" and facts.version:
        yield "master secret", "extended" if facts.extended_master_secret else "not extended"
    if facts.client_certificate_requested:
        yield "certificate", "of the client is asked for"
    if facts.compression:
        yield "compression", facts.compression
    alerts = seen.alerts or list(facts.alerts)
    if told := "; ".join(f"{alert} ({alert.code})" for alert in alerts[-6:]):
        yield "alerts", told
    if seen.is_cut_off:
        yield "end", "cut off, without close_notify"
    elif seen.is_over and any(alert.code == 0 for alert in alerts):
        yield "end", "close_notify"


def _asked(name: str) -> str:
    # RFC 6066, 3: an address is no server name, and is not sent.
    is_address = ":" in name or name.replace(".", "").isdigit()
    return f"{name} (an address: no SNI is sent)" if is_address else f"{name} (SNI)"


def _resumption(seen: Inspection, facts: TlsFacts) -> Iterator[tuple[str, str]]:
    if facts.is_resumed:
        yield "resumed", "from an earlier session: no certificate was sent"
    if seen.tickets:
        count = "a ticket" if seen.tickets == 1 else f"{seen.tickets} tickets"
        yield "resumption", f"{count} to resume the session with"


def messages(seen: Inspection) -> Iterator[Row]:
    """The handshake, message by message."""
    told = seen.messages or list(seen.facts.messages if seen.facts is not None else ())
    if told:
        yield Row("handshake", "title")
    for message in told[:60]:
        mark = "->" if message.party == "client" else "<-"
        count = "1 octet" if message.octets == 1 else f"{message.octets:,} octets"
        yield Row(f"  {mark} {message.name}, {count}", indent=5)
    if len(told) > 60:
        yield Row(f"  and {len(told) - 60} more", "muted")


# --- problems ---------------------------------------------------------------------------------


def problems(seen: Inspection) -> Iterator[Row]:
    """Whether the server is proven, and every problem with what to do about it."""
    facts = seen.facts
    if facts is None:
        return
    found = seen.problems
    yield _proof(facts, seen.is_secure)
    for one in found:
        yield from _problem(one)
    if facts.store:
        yield Row(f"judged by {facts.store}", "muted", 2)


def _proof(facts: TlsFacts, is_secure: bool) -> Row:
    count = len(facts.errors)
    if count:
        told = "1 problem" if count == 1 else f"{count} problems"
        return Row(f"! the certificate does not prove the server: {told}", "error", 2)
    if facts.chain:
        return Row("the certificate proves the server", "good")
    if facts.is_resumed and is_secure:
        return Row("the certificate was seen when the session began")
    return Row("no certificate was received", "warning")


def _problem(one: Problem) -> Iterator[Row]:
    where = f", certificate {one.depth}" if one.depth > 0 else ""
    text = f"{SIGNS[one.severity]} {one.code}{where}: {one.text}"
    yield Row(text, _ROLES[one.severity], 4)
    if one.hint:
        yield Row(f"    {one.hint}", "muted", 4)


# --- the chain --------------------------------------------------------------------------------


def chain(
    seen: Inspection, *, opened: Collection[int] | None = None, hint: str = ""
) -> Iterator[Row]:
    """The certificates as they were sent, a tree; details of those opened, or of all."""
    facts = seen.facts
    if facts is None or not facts.chain:
        return
    count = len(facts.chain)
    yield Row(f"sent by the server: {count} certificate{'s' * (count > 1)}{hint}", "title")
    for depth, certificate in enumerate(facts.chain):
        own = [one for one in facts.problems if one.depth == depth]
        is_open = opened is None or depth in opened
        yield _head(depth, certificate, own, is_open)
        if is_open:
            yield from _body(depth, certificate, own)
    if missing := _missing(facts):
        yield missing


def _head(depth: int, facts: CertificateFacts, own: list[Problem], is_open: bool) -> Row:
    worst = next((one.severity for one in own if one.severity != "info"), "")
    sign = SIGNS.get(worst, " ")
    fold = "-" if is_open else "+"
    margin = "  " * min(depth, 4)
    text = f"{fold}{sign}{margin}{depth} {facts.subject}"
    if not is_open:
        text += f"  {facts.key}, until {facts.not_after:%Y-%m-%d}"
    return Row(text, _ROLES.get(worst, "title"), 6, depth)


def _body(depth: int, facts: CertificateFacts, own: list[Problem]) -> Iterator[Row]:
    margin = "  " * min(depth, 4)
    column = len(margin) + 13
    for name, text in _fields(facts):
        if text:
            yield Row(f"{margin}    {name:<9}{text}", "text", column, depth)
    for one in own:
        text = f"{margin}    {SIGNS[one.severity]} {one.code}: {one.text}"
        yield Row(text, _ROLES[one.severity], len(margin) + 6, depth)


def _fields(facts: CertificateFacts) -> Iterator[tuple[str, str]]:
    days = (facts.not_after - datetime.now(UTC)).days
    left = f"{days} days left" if days >= 0 else f"ended {-days} days ago"
    yield "from", facts.issuer
    yield "for", _names(facts.names)
    yield "valid", f"{facts.not_before:%Y-%m-%d} to {facts.not_after:%Y-%m-%d}, {left}"
    yield "key", f"{facts.key}, signed with {facts.signature}"
    yield "use", ", ".join([*(["a CA"] if facts.is_authority else []), *facts.usage])
    yield "serial", facts.serial
    yield "SHA-256", facts.sha256
    yield "key hash", facts.spki_sha256
    yield "pin", _pin(facts)
    for kind, place in facts.locations:
        yield kind, f"{place} (not asked)"


def _pin(facts: CertificateFacts) -> str:
    """As --pin takes it (RFC 7469, 2.4)."""
    octets = bytes.fromhex(facts.spki_sha256.replace(":", ""))
    return f"sha256//{base64.b64encode(octets).decode()}" if octets else ""


def _names(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return ", ".join(names[:20]) + more


def _missing(facts: TlsFacts) -> Row | None:
    """The root, where it is in the store and was not sent."""
    top = facts.chain[-1]
    codes = {one.code for one in facts.problems}
    if top.subject == top.issuer or codes & {"missing-issuer", "untrusted-root", "self-signed"}:
        return None
    margin = "  " * min(len(facts.chain), 4)
    return Row(f"  {margin}- {top.issuer}  in the store, not sent", "muted", 6)


# --- verdicts and changes ---------------------------------------------------------------------


def judged(seen: Inspection, demands: Demands) -> tuple[Verdict, ...]:
    """What senders would do, by their policy."""
    from smtpconsole.net.verdicts import verdicts

    host = seen.target.host if seen.target is not None else ""
    if seen.facts is not None and seen.facts.server_name:
        host = seen.facts.server_name
    return verdicts(
        seen.facts,
        host,
        is_secure=seen.is_secure,
        is_offered=seen.is_offered,
        tlsa=demands.tlsa,
        sts=demands.sts,
    )


def verdicts(seen: Inspection, demands: Demands) -> Iterator[Row]:
    """The table of verdicts."""
    if seen.target is None or (seen.facts is None and seen.plain is None):
        return
    yield Row("would a sender deliver here?", "title")
    for one in judged(seen, demands):
        answer = {True: "yes", False: "no", None: "?"}[one.delivers]
        role: Role = "error" if one.delivers is False else "text"
        yield Row(f"  {one.policy:<15}{answer:<5}{one.text}", role, 22)


def offers(seen: Inspection) -> Iterator[Row]:
    """What the server offers in the clear only, and what under TLS only."""
    if seen.lost:
        yield Row(f"? offered in the clear and not under TLS: {', '.join(seen.lost)}", "warning", 2)
    if seen.gained:
        yield Row(f"offered only under TLS: {', '.join(seen.gained)}", indent=2)


def changes(told: Collection[str]) -> Iterator[Row]:
    """What is not as it was the last time."""
    if told:
        yield Row("changed", "title")
    for each in told:
        yield Row(f"  {each}", "warning", 4)
