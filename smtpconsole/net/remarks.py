"""What a careful person minds about a TLS session, apart from its certificates.

None of it is an error: whoever offers old versions and weak suites in order to look has to
tell, and not to refuse.
"""

from __future__ import annotations

import email.utils
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from smtpconsole.net.problems import SESSION, problem, span
from smtpconsole.smtp.facts import Problem, TlsFacts

_OLD = ("SSLv3", "TLSv1", "TLSv1.1")
_WEAK = ("NULL", "EXP", "RC4", "RC2", "DES", "MD5", "IDEA", "SEED", "ADH", "AECDH")
_DATE = re.compile(r"(?:[A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}")
# The last two are of TLS 1.3, which may have ended before its version was told.
_FORWARD_SECRET = ("ECDHE", "DHE", "TLS_AES_", "TLS_CHACHA20_")
_LEAST_DHE = 2048
_MOST_OFF = timedelta(minutes=5)


def remarks(facts: TlsFacts) -> tuple[Problem, ...]:
    """The problems of a session, whether it came about or not."""
    return tuple(_found(facts))


def _found(facts: TlsFacts) -> Iterator[Problem]:
    version, suite = facts.version, facts.cipher or ""
    if version in _OLD:
        text = f"{shown(version)} is spoken: no longer allowed, and many senders do not offer it"
        yield problem("old-version", SESSION, text)
    if any(part in suite.upper() for part in _WEAK):
        yield problem("weak-suite", SESSION, f"{suite} can be broken")
    if suite and not suite.startswith(_FORWARD_SECRET):
        text = f"{suite} has no forward secrecy: who gets the server's key reads it all"
        yield problem("no-forward-secrecy", SESSION, text)
    if facts.group and facts.group.startswith("DHE "):
        bits = int(facts.group.removeprefix("DHE "))
        if bits < _LEAST_DHE:
            yield problem("weak-group", SESSION, f"the Diffie-Hellman group has only {bits} bits")
    if facts.signature and facts.signature.endswith(("MD5", "SHA-1")):
        text = f"the server signs the handshake with {facts.signature}"
        yield problem("weak-handshake-signature", SESSION, text)
    if facts.compression:
        yield problem("compression", SESSION, f"{facts.compression} is on, which gives text away")
    if facts.extended_master_secret is False and version is not None:
        text = "the keys are not bound to the handshake (no extended master secret)"
        yield problem("no-ems", SESSION, text)
    if facts.downgraded_from:
        text = (
            f"the server knows {shown(facts.downgraded_from)}, and yet a lower version came about"
        )
        yield problem("downgrade", SESSION, text)
    if facts.client_certificate_requested:
        who = f", from {', '.join(facts.authorities[:3])}" if facts.authorities else ""
        yield problem("client-certificate", SESSION, f"the server asks for a certificate{who}")


def shown(version: str) -> str:
    """A version as people write it."""
    return version.replace("TLSv", "TLS ") + (".0" if version == "TLSv1" else "")


def clock(greeting: str, now: datetime | None = None) -> Problem | None:
    """What the time in a greeting says of the clocks; None if they agree, or there is none."""
    found = _DATE.search(greeting)
    if found is None:
        return None
    try:
        theirs = email.utils.parsedate_to_datetime(found[0])
        difference = (now or datetime.now(UTC)) - theirs
    except (ValueError, TypeError, OverflowError):
        return None
    if abs(difference) <= _MOST_OFF:
        return None
    way = "ahead of" if difference > timedelta(0) else "behind"
    text = f"this computer's clock is {span(abs(difference))} {way} the server's greeting"
    return problem("clock-off", SESSION, text)
