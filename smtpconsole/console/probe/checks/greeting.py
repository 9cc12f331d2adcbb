"""How a server greets."""

from __future__ import annotations

from collections.abc import Iterator

from smtpconsole.console.probe.checks import check
from smtpconsole.console.probe.offers import named
from smtpconsole.console.probe.visit import Visit

SLOW_GREETING = 5.0  # seconds
SLOW_REPLY = 5.0


@check("warning", "greeting-name", "RFC 5321 4.2", "put the server's full name first")
def _greeting_name(visit: Visit) -> Iterator[str]:
    reply = visit.greeting
    if reply is not None and reply.code == 220 and not _is_masked(reply.text):
        if not named(reply.text):
            yield "the greeting does not begin with a host name"
        elif "." not in named(reply.text):
            yield f"the greeting's name {named(reply.text)} is not fully qualified"


@check("error", "greeting-masked", "RFC 5321 4.2", "turn off SMTP inspection in the firewall")
def _greeting_masked(visit: Visit) -> Iterator[str]:
    if visit.greeting is not None and _is_masked(visit.greeting.text):
        yield "the greeting is starred out: a firewall on the way rewrites the session"


def _is_masked(text: str) -> bool:
    return text.count("*") > 10 and text.count("*") * 2 > len(text)


@check("warning", "slow-greeting", "RFC 5321 4.5.3.2.1", "look for slow DNS or blocklist lookups")
def _slow_greeting(visit: Visit) -> Iterator[str]:
    seconds = visit.timings.get("greeting", 0.0)
    if seconds > SLOW_GREETING:
        yield f"the greeting took {seconds:.1f} seconds; some senders leave before"


@check("info", "slow-reply", "RFC 5321 4.5.3.2", "")
def _slow_reply(visit: Visit) -> Iterator[str]:
    for stage, seconds in visit.timings.items():
        if stage in visit.replies and stage != "greeting" and seconds > SLOW_REPLY:
            yield f"the reply to {stage} took {seconds:.1f} seconds"


@check("error", "wrong-mode", "RFC 8314 3", "say smtps:// for TLS at once, smtp:// for STARTTLS")
def _wrong_mode(visit: Visit) -> Iterator[str]:
    if visit.mixed_up == "TLS":
        yield "the port speaks TLS from the first octet, and was asked for plain text"
    elif visit.mixed_up == "plain":
        yield "the port begins in plain text, and was asked for TLS from the first octet"
