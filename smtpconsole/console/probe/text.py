"""A report for people: what was found, what is wrong with it, and what to do."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from smtpconsole.console.probe.offers import difference
from smtpconsole.console.probe.probing import Report
from smtpconsole.smtp.capabilities import Capabilities
from smtpconsole.smtp.facts import CertificateFacts, Problem, TlsFacts, Verdict
from smtpconsole.smtp.remarks import Remark, by_severity

WIDTH = 80
SIGNS = {"error": "!", "warning": "?", "info": "·"}


def lines(report: Report, *, width: int = WIDTH) -> Iterator[str]:
    """The report; every line may hold what the server said, and is not safe to print as it is."""
    yield f"{report.asked}: {report.outcome.name}, {report.outcome.sentence}"
    failure = report.visit.failure
    if failure is not None:
        yield from _block("ended", [f"at {failure.stage}: {failure.text}"], width)
    yield from _findings(report, width)
    for title, texts in (
        ("reached", _reached(report)),
        ("greeting", _greeting(report)),
        ("offers", _offers(report)),
        ("TLS", _tls(report)),
        ("chain", _chain(report)),
        ("delivery", map(_verdict, report.verdicts)),
        ("timing", _timing(report)),
    ):
        yield from _block(title, texts, width)


def _block(title: str, texts: Iterable[str], width: int) -> Iterator[str]:
    """Lines under a title that stands in the margin."""
    label = title
    for text in texts:
        first, *more = textwrap.wrap(
            text, max(20, width - 12), break_long_words=False, break_on_hyphens=False
        ) or [""]
        yield f"  {label:9} {first}".rstrip()
        label = ""
        yield from (f"{'':12}  {each}" for each in more)


def _reached(report: Report) -> Iterator[str]:
    for each in report.visit.addresses:
        error = each.error or "connected"
        yield f"{each.address}  {error}, {milliseconds(each.seconds)}"
    found = report.reverse
    if found is not None and found.names:
        confirmed = "which leads back" if found.confirmed else "which does not lead back"
        yield f"{found.address} is called {found.names[0]}, {confirmed}"


def _greeting(report: Report) -> Iterator[str]:
    reply = report.visit.greeting
    if reply is not None:
        yield from str(reply).split("\n")


def _offers(report: Report) -> Iterator[str]:
    visit = report.visit
    for where, known in (("in the clear", visit.plain), ("under TLS", visit.secure)):
        if known is not None:
            yield f"{where}: {_keywords(known) or 'nothing'}"
    changed = difference(visit)
    for sign, what in (("added", "new"), ("removed", "gone"), ("changed", "changed")):
        if changed[sign]:
            yield f"{what} under TLS: {', '.join(changed[sign])}"


def _keywords(known: Capabilities) -> str:
    return ", ".join(f"{each.name} {each.parameters}".strip() for each in known)


def _tls(report: Report) -> Iterator[str]:
    facts = report.visit.tls
    if facts is None:
        yield "not offered" if report.visit.hello is not None else "not reached"
        return
    yield _session(facts)
    if facts.chain and not facts.errors:
        yield "the certificate proves the server"
    if facts.store:
        yield f"judged by {facts.store}"


def _session(facts: TlsFacts) -> str:
    version = (facts.version or "no TLS").replace("TLSv", "TLS ")
    parts = [version, facts.cipher, facts.group, facts.signature]
    if facts.seconds is not None:
        parts.append(milliseconds(facts.seconds))
    if facts.failure:
        parts.append(f"failed: {facts.failure}")
    return " · ".join(part for part in parts if part)


def _chain(report: Report) -> Iterator[str]:
    facts = report.visit.tls
    for depth, each in enumerate(facts.chain if facts is not None else ()):
        yield f"{depth} {_certificate(each)}"


def _certificate(facts: CertificateFacts) -> str:
    days = (facts.not_after - datetime.now(UTC)).days
    left = f"{days} days left" if days >= 0 else f"ended {-days} days ago"
    return f"{facts.subject}, {facts.key}, until {facts.not_after:%Y-%m-%d}, {left}"


def _verdict(found: Verdict) -> str:
    answer = {True: "yes", False: "no", None: "unknown"}[found.delivers]
    return f"{found.policy + ':':15}{answer}, {found.text}"


def _timing(report: Report) -> Iterator[str]:
    yield ", ".join(
        f"{stage} {milliseconds(seconds)}" for stage, seconds in report.visit.timings.items()
    )


def _findings(report: Report, width: int) -> Iterator[str]:
    """What is wrong, with TLS or otherwise, the gravest first."""
    problems = (
        Remark(each.severity, each.code, _where(each), each.hint) for each in report.problems
    )
    findings = by_severity((*problems, *report.remarks))
    for each in findings:
        yield from told(each, width)
    if findings:
        yield ""


def _where(problem: Problem) -> str:
    """A problem's sentence, with the certificate it is about."""
    which = {-1: "TLS", 0: "the certificate"}.get(problem.depth, f"certificate {problem.depth}")
    return f"{which}: {problem.text}"


def told(remark: Remark, width: int = WIDTH) -> Iterator[str]:
    """A remark: its sign, sentence and rule, and under it what to do."""
    texts = textwrap.wrap(remark.text, max(20, width - 4), break_on_hyphens=False) or [""]
    rule = f"[{remark.rfc}]" if remark.rfc else ""
    if len(texts[-1]) + len(rule) + 6 <= width:
        texts[-1] = f"{texts[-1]}  {rule}".rstrip()
    else:
        texts.append(rule)
    yield f"{SIGNS[remark.severity]} {texts[0]}"
    yield from (f"  {each}" for each in texts[1:])
    if remark.hint:
        yield from (f"  {each}" for each in textwrap.wrap(f"→ {remark.hint}", width - 4))


def milliseconds(seconds: float) -> str:
    """A time as people read it."""
    return f"{seconds * 1000:.0f} ms" if seconds < 10 else f"{seconds:.1f} s"
