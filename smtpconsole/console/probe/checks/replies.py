"""The form of replies, and their codes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from smtpconsole.console.probe.checks import Find, check
from smtpconsole.console.probe.offers import last_offer
from smtpconsole.console.probe.visit import Visit
from smtpconsole.smtp.replies import Reply

_EXPECTED = {
    "EHLO": (250,),
    "EHLO under TLS": (250,),
    "STARTTLS": (220, 454, 501),
    "NOOP": (250,),
    "HELP": (211, 214, 500, 502, 504),
    "QUIT": (221,),
}


@check("warning", "reply-code", "RFC 5321 4.3.2", "")
def _reply_code(visit: Visit) -> Iterator[str]:
    for stage, expected in _EXPECTED.items():
        reply = visit.replies.get(stage)
        if reply is not None and reply.code not in (*expected, 421):
            wanted = " or ".join(map(str, expected))
            yield f"{stage} is answered with {_code(reply)}, and not with {wanted}"


def _code(reply: Reply) -> str:
    return str(reply.code) if reply.code >= 0 else "no code"


@check("warning", "no-goodbye", "RFC 5321 4.1.1.10", "")
def _no_goodbye(visit: Visit) -> Iterator[str]:
    if visit.stage == "QUIT" and "QUIT" not in visit.replies and visit.failure is None:
        yield "the server closes at QUIT without an answer"


@check("warning", "enhanced-missing", "RFC 2034 4", "")
def _enhanced_missing(visit: Visit) -> Iterator[str]:
    known = last_offer(visit)
    if known is None or "ENHANCEDSTATUSCODES" not in known:
        return
    bare = [
        stage
        for stage in ("STARTTLS", "HELP", "NOOP", "QUIT")
        if (reply := visit.replies.get(stage)) is not None
        and reply.code // 100 in (2, 4, 5)
        and reply.code != 214  # what HELP says is for people
        and reply.enhanced is None
    ]
    if bare:
        yield f"enhanced codes are promised, and missing in the reply to {', '.join(bare)}"


# What the session itself remarks on, while it reads.
_ANOMALIES: dict[str, tuple[Literal["error", "warning", "info"], str, str]] = {
    "bare LF": ("error", "bare-lf", "RFC 5321 2.3.8"),
    "bare CR": ("error", "bare-cr", "RFC 5321 2.3.8"),
    "NUL in reply": ("error", "nul", "RFC 5321 4.2"),
    "no reply code": ("error", "no-reply-code", "RFC 5321 4.2"),
    "reply code out of range": ("error", "code-range", "RFC 5321 4.2"),
    "code changes within the reply": ("error", "code-changes", "RFC 5321 4.2.1"),
    "line without a code within the reply": ("error", "line-without-code", "RFC 5321 4.2.1"),
    "no separator after the code": ("warning", "no-separator", "RFC 5321 4.2"),
    "reply line over 512 octets": ("warning", "long-line", "RFC 5321 4.5.3.1.5"),
    "reply line too long": ("error", "endless-line", "RFC 5321 4.5.3.1.5"),
    "reply too long": ("error", "endless-reply", "RFC 5321 4.2"),
    "incomplete reply": ("error", "incomplete-reply", "RFC 5321 4.2"),
    "unsolicited reply": ("error", "unsolicited-reply", "RFC 5321 4.2"),
    "plaintext after STARTTLS": ("error", "plaintext-after-starttls", "RFC 3207 4"),
    "capability without its extension": ("warning", "capability-alone", "RFC 5321 2.2"),
    "closed without close_notify": ("info", "no-close-notify", "RFC 8446 6.1"),
}


def _anomaly(kind: str) -> Find:
    def find(visit: Visit) -> Iterator[str]:
        found = [each for each in visit.anomalies if each.kind == kind]
        if found:
            times = f" ({len(found)} times)" if len(found) > 1 else ""
            detail = f": {found[0].detail[:80]}" if found[0].detail else ""
            yield f"{kind}{times}{detail}"

    return find


for _kind, (_severity, _stable, _rule) in _ANOMALIES.items():
    check(_severity, _stable, _rule)(_anomaly(_kind))
