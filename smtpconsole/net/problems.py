"""What can be the matter with TLS, by its stable code: how much it matters, and what to do."""

from __future__ import annotations

from datetime import timedelta

from smtpconsole.smtp.facts import Problem, Severity

SESSION = -1  # the depth of what is no certificate's

_CHAIN_FILE = "Have the server's chain file made anew from what the CA delivered"
_LEAVE_OUT = "Leave it out of the server's chain file"

# Of certificates; a check may know better what to do.
CODES: dict[str, tuple[Severity, str]] = {
    "bad-signature": ("error", "Install the chain that came with it: CAs change their keys"),
    "ca-as-leaf": ("warning", "Have the CA issue a certificate for the server, and use that"),
    "cn-only": ("error", "Have it issued with the name as subjectAltName"),
    "clock-off": ("warning", "Compare this computer's clock with another one"),
    "expired": ("error", "Renew it, and see that the server has loaded the new one"),
    "expires-soon": ("warning", "Renew it, or see that the automatic renewal works"),
    "long-lifetime": ("info", "Nothing to do if it comes from a CA of your own"),
    "misordered-chain": ("warning", "Sort the chain file: the server's own, then issuer by issuer"),
    "missing-issuer": ("error", "Add it to the server's chain file, or trust the CA's root"),
    "must-staple": ("info", "See that the server staples, or have it issued without must-staple"),
    "name-constraints": ("error", "Have it issued by a CA that may certify these names"),
    "name-mismatch": ("error", "Connect by a name it is made for, or have this one added to it"),
    "no-aki": ("warning", "Have it issued anew: strict clients refuse it, Python 3.13 for one"),
    "no-certificate": ("error", "Have the server refuse anonymous cipher suites"),
    "no-certsign": ("error", _CHAIN_FILE),
    "not-a-ca": ("error", _CHAIN_FILE),
    "not-yet-valid": ("error", "Check the clock of this computer, then that of the CA"),
    "odd-wildcard": ("warning", "Let the star be the whole left-most label, as in *.example.com"),
    "path-length": ("error", "Have the certificate issued by a CA higher up"),
    "root-sent": ("info", _LEAVE_OUT),
    "self-signed": ("error", "Compare its fingerprint with the server's, then trust it"),
    "unreadable": ("error", _CHAIN_FILE),
    "untrusted-root": ("error", "Trust it if the CA is your own; otherwise take another CA"),
    "unused-certificate": ("warning", _LEAVE_OUT),
    "weak-key": ("error", "Have it issued for a new key: RSA 2048, or EC P-256"),
    "weak-signature": ("error", "Have it issued anew: every CA signs with SHA-256 today"),
    "wrong-usage": ("error", "Have it issued for TLS servers (serverAuth)"),
}
# What is mended in another way if it is an issuer's.
OF_ISSUERS = dict.fromkeys(
    ("expired", "expires-soon", "no-aki", "weak-key", "weak-signature", "wrong-usage"),
    "Install the current chain of the CA, or take another CA",
)
# Of the session.  None is an error: errors are what keeps a careful client from going on.
OF_SESSIONS: dict[str, tuple[Severity, str]] = {
    "client-certificate": ("info", "Give one with /set client-cert FILE if you have to"),
    "clock-off": ("warning", "Compare this computer's clock with another one"),
    "compression": ("warning", "Turn TLS compression off in the server (CRIME)"),
    "downgrade": ("warning", "See what on the path, or in the server's settings, lowers it"),
    "no-close-notify": ("info", "Nothing to do if the last reply is there: SMTP has an end"),
    "no-ems": ("info", "Update the server's TLS library: RFC 7627 binds keys to the handshake"),
    "no-forward-secrecy": ("warning", "Have the server offer ECDHE suites"),
    "old-version": ("warning", "Have the server offer TLS 1.2 and 1.3 (RFC 8996)"),
    "weak-group": ("warning", "Have the server use X25519, P-256 or a group of 2048 bits"),
    "weak-handshake-signature": ("warning", "Have the server sign with SHA-256 or better"),
    "weak-suite": ("warning", "Have the server offer AES-GCM or ChaCha20 suites"),
}


def problem(
    code: str, depth: int, text: str, *, severity: Severity | None = None, hint: str = ""
) -> Problem:
    """A problem with the severity and the hint that its code usually has."""
    usual_severity, usual_hint = (OF_SESSIONS if depth == SESSION else CODES)[code]
    return Problem(severity or usual_severity, code, depth, text, hint or usual_hint)


def span(length: timedelta) -> str:
    """A length of time, as roughly as people say it."""
    minutes = int(length.total_seconds() // 60)
    for unit, size in (("day", 24 * 60), ("hour", 60), ("minute", 1)):
        if minutes >= size:
            count = minutes // size
            return f"{count} {unit}{'s' * (count > 1)}"
    return "less than a minute"
