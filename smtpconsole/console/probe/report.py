"""A report for machines: plain JSON values, as `schema.json` beside this file describes them.

`schema` grows when a field changes its meaning or goes; new fields do not change it.
"""

from __future__ import annotations

import json
import re
from importlib import resources
from typing import Any

from smtpconsole.console.probe.offers import difference
from smtpconsole.console.probe.probing import Report
from smtpconsole.console.probe.visit import Attempt
from smtpconsole.smtp.capabilities import Capabilities
from smtpconsole.smtp.events import Target
from smtpconsole.smtp.facts import CertificateFacts, Problem, TlsaAnswer, TlsFacts, Verdict
from smtpconsole.smtp.remarks import Remark
from smtpconsole.smtp.replies import Reply

SCHEMA = 1


def schema() -> dict[str, Any]:
    """The JSON Schema of a report."""
    text = resources.files(__package__).joinpath("schema.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def as_json(report: Report) -> dict[str, Any]:
    """A report as JSON values."""
    from importlib.metadata import version  # which loads much

    visit = report.visit
    failure = visit.failure
    return {
        "schema": SCHEMA,
        "program": f"smtpconsole {version('smtpconsole')}",
        "began": report.began.isoformat(timespec="milliseconds"),
        "target": _target(report.asked),
        "addresses": [_attempt(each) for each in visit.addresses],
        "names": _names(report),
        "greeting": _reply(visit.greeting),
        "capabilities": {
            "plain": _offers(visit.plain),
            "tls": _offers(visit.secure),
            "difference": difference(visit),
        },
        "auth": {"plain": _mechanisms(visit.plain), "tls": _mechanisms(visit.secure)},
        "tls": _tls(report),
        "replies": {stage: _reply(reply) for stage, reply in visit.replies.items()},
        "remarks": [remark(each) for each in report.remarks],
        "timings": {stage: round(seconds, 6) for stage, seconds in visit.timings.items()},
        "outcome": report.outcome.name,
        "status": report.outcome.status,
        "error": None
        if failure is None
        else {"stage": failure.stage, "kind": failure.kind, "text": clean(failure.text)},
    }


_HALF = re.compile("[\ud800-\udc7f\udd00-\udfff]")  # surrogates that stand for no octet


def clean(text: str) -> str:
    """Text that UTF-8 can hold: what was no UTF-8 on the wire, or in JSON, as an escape."""
    text = _HALF.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _target(target: Target) -> dict[str, Any]:
    return {
        "host": target.host,
        "port": target.port,
        "mode": "tls" if target.implicit_tls else "plain",
        "protocol": "lmtp" if target.lmtp else "smtp",
        "text": str(target),
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "address": attempt.address,
        "seconds": round(attempt.seconds, 6),
        "outcome": "failed" if attempt.error else "connected",
        "error": attempt.error or None,
    }


def _names(report: Report) -> dict[str, Any] | None:
    found = report.reverse
    if found is None:
        return None
    return {"address": found.address, "ptr": list(found.names), "confirmed": list(found.confirmed)}


def _reply(reply: Reply | None) -> dict[str, Any] | None:
    if reply is None:
        return None
    return {
        "code": reply.code if reply.code >= 0 else None,
        "enhanced": reply.enhanced,
        "lines": [clean(line.decode("utf-8", "surrogateescape")) for line in reply.lines],
        "flaws": list(reply.flaws),
    }


def _offers(known: Capabilities | None) -> list[dict[str, str]] | None:
    if known is None:
        return None
    return [{"name": clean(each.name), "parameters": clean(each.parameters)} for each in known]


def _mechanisms(known: Capabilities | None) -> list[str] | None:
    return [clean(each) for each in known.mechanisms] if known is not None else None


def remark(found: Remark) -> dict[str, str]:
    """A remark as JSON values."""
    return {
        "severity": found.severity,
        "code": found.code,
        "text": clean(found.text),
        "hint": clean(found.hint),
        "rfc": found.rfc,
    }


# --- TLS --------------------------------------------------------------------------------------


def _tls(report: Report) -> dict[str, Any]:
    visit, facts = report.visit, report.visit.tls or TlsFacts()
    return {
        "offered": visit.offers_tls,
        "established": visit.is_secure,
        "version": facts.version,
        "cipher": facts.cipher,
        "bits": facts.bits,
        "group": facts.group,
        "signature": facts.signature,
        "alpn": facts.alpn,
        "server_name": facts.server_name,
        "seconds": facts.seconds,
        "round_trips": facts.round_trips,
        "client_certificate_requested": facts.client_certificate_requested,
        "alert": facts.alert,
        "failure": facts.failure or None,
        "store": facts.store,
        "chain": [certificate(each) for each in facts.chain],
        "problems": [problem(each) for each in report.problems],
        "verdicts": [verdict(each) for each in report.verdicts],
        "tlsa": _tlsa(report.tlsa),
        "mta_sts": _sts(report),
    }


def certificate(facts: CertificateFacts) -> dict[str, Any]:
    """A certificate as JSON values."""
    return {
        "subject": clean(facts.subject),
        "issuer": clean(facts.issuer),
        "names": [clean(each) for each in facts.names],
        "not_before": facts.not_before.isoformat(),
        "not_after": facts.not_after.isoformat(),
        "key": facts.key,
        "signature": facts.signature,
        "serial": facts.serial,
        "sha256": facts.sha256,
        "spki_sha256": facts.spki_sha256,
    }


def problem(found: Problem) -> dict[str, Any]:
    """A problem as JSON values."""
    return {
        "severity": found.severity,
        "code": found.code,
        "depth": found.depth,
        "text": clean(found.text),
        "hint": clean(found.hint),
    }


def verdict(found: Verdict) -> dict[str, Any]:
    """A verdict as JSON values."""
    return {"policy": found.policy, "delivers": found.delivers, "text": clean(found.text)}


def _tlsa(answer: TlsaAnswer | None) -> dict[str, Any] | None:
    if answer is None:
        return None
    return {
        "records": [str(each) for each in answer.records],
        "secure": answer.is_secure,
        "error": answer.error or None,
    }


def _sts(report: Report) -> dict[str, Any] | None:
    found = report.sts
    if found is None:
        return None
    policy = found.policy
    return {
        "record": clean(found.record.text) or None,
        "mode": policy.mode if policy is not None else None,
        "mx": [clean(each) for each in policy.mx] if policy is not None else [],
        "max_age": policy.max_age if policy is not None else None,
        "error": clean(found.error) or None,
    }
