"""Would a sender deliver here?  One answer for each policy that senders have.

A table of pure functions: what TLS told, and what the DNS says if it has been asked, gives a
verdict.  A sender that falls back to clear text delivers, too, and the sentence says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from smtpconsole.smtp.facts import Match, StsPolicy, TlsaAnswer, TlsFacts, Verdict


@dataclass(frozen=True, slots=True)
class Case:
    """What a policy is asked about."""

    facts: TlsFacts | None  # None: STARTTLS was not done
    is_secure: bool  # the handshake was completed
    is_offered: bool  # STARTTLS is offered, or TLS comes first
    host: str
    tlsa: TlsaAnswer | None  # None: not looked up
    matches: Sequence[Match]
    sts: StsPolicy | None  # None: not looked up

    @property
    def lack(self) -> str:
        """Why there is no TLS; empty if there is."""
        if self.is_secure:
            return ""
        if self.facts is not None and self.facts.failure:
            return "TLS fails"
        return "STARTTLS was not said" if self.is_offered else "no TLS is offered"

    @property
    def is_untried(self) -> bool:
        return self.facts is None and self.is_offered


def verdicts(
    facts: TlsFacts | None,
    host: str,
    *,
    is_secure: bool,
    is_offered: bool = True,
    tlsa: TlsaAnswer | None = None,
    sts: StsPolicy | None = None,
) -> tuple[Verdict, ...]:
    """The verdict of each policy on a session with `host`, the name of the MX."""
    matches: Sequence[Match] = ()
    if tlsa is not None and facts is not None and tlsa.records:
        from smtpconsole.net import dane  # heavy, and rarely asked for

        matches = dane.match([certificate.der for certificate in facts.chain], tlsa)
    case = Case(facts, is_secure, is_offered or is_secure, host, tlsa, matches, sts)
    return tuple(Verdict(name, *judge(case)) for name, judge in _POLICIES.items())


Answer = tuple[bool | None, str]


def _opportunistic(case: Case) -> Answer:
    if case.is_secure:
        return True, "encrypted, whoever it is"
    if case.is_untried:
        return True, "whatever TLS is like: what fails goes in the clear"
    return True, f"in the clear: {case.lack}"


def _required(case: Case) -> Answer:
    if case.is_untried:
        return None, case.lack
    return (False, case.lack) if case.lack else (True, "encrypted, whoever it is")


def _verified(case: Case) -> Answer:
    if case.is_untried:
        return None, case.lack
    if case.lack:
        return False, case.lack
    return _proven(case)


def _proven(case: Case) -> Answer:
    assert case.facts is not None
    errors = case.facts.errors
    if not case.facts.chain and case.facts.is_resumed:
        return None, "the session is resumed: no certificate was sent"
    if errors:
        count = "1 problem" if len(errors) == 1 else f"{len(errors)} problems"
        return False, f"{count}: {', '.join(dict.fromkeys(each.code for each in errors))}"
    return True, f"the certificate proves {case.host}"


def _dane(case: Case) -> Answer:
    answer = case.tlsa
    if answer is None:
        return None, "not looked up: /dns"
    if answer.error:
        return False, f"the sender waits: {answer.error}"
    if not answer.records:
        return True, "no TLSA records: as opportunistic"
    if not answer.is_secure:
        return True, "TLSA records without DNSSEC do not count: as opportunistic"
    if case.is_untried:
        return None, case.lack
    if case.lack:
        return False, f"TLSA records demand TLS: {case.lack}"
    return _matched(case.matches)


def _matched(matches: Sequence[Match]) -> Answer:
    for number, one in enumerate(matches, 1):
        if one.outcome == "matches":
            return True, f"record {number} ({_short(one)}) matches"
    if all(one.outcome == "unusable" for one in matches):
        return True, "no record can be used: encrypted, but unproven"
    return False, f"none of {len(matches)} TLSA records matches"


def _short(one: Match) -> str:
    record = one.record
    return f"{record.usage} {record.selector} {record.matching}"


def _sts(case: Case) -> Answer:
    policy = case.sts
    if policy is None:
        return None, "not looked up: /dns"
    if policy.mode == "none":
        return True, "no policy in force: as opportunistic"
    is_listed = any(fits(pattern, case.host) for pattern in policy.mx)
    if case.is_untried and is_listed:
        return None, case.lack
    delivers, why = _verified(case) if is_listed else (False, f"{case.host} is not in its mx list")
    if policy.mode == "testing":
        return True, f"mode testing: {'nothing to report' if delivers else f'reported, {why}'}"
    return delivers, f"mode enforce: {why}"


def fits(pattern: str, host: str) -> bool:
    """Whether an mx entry of a policy means the host; a star is one label (RFC 8461, 4.1)."""
    pattern, host = pattern.lower().rstrip("."), host.lower().rstrip(".")
    if pattern.startswith("*."):
        label, _, parent = host.partition(".")
        return bool(label) and parent == pattern[2:]
    return pattern == host


_POLICIES: dict[str, Callable[[Case], Answer]] = {
    "opportunistic": _opportunistic,
    "required": _required,
    "verified": _verified,
    "DANE": _dane,
    "MTA-STS": _sts,
}
