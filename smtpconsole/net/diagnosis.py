"""Every problem of a certificate chain, in words for the person who has to mend it.

1. Each check is asked about the whole chain or about each certificate of the path to a root.
   OpenSSL stops at the first problem; here all are listed.
2. OpenSSL refuses exactly the chains with a problem of severity "error".  Where it is more
   lenient than the RFCs, the problem is a warning.
3. A text is read beside the certificate of its depth; above the server's own it names it, too.
4. Nothing is fetched, and revocation is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from smtpconsole.net import certificates
from smtpconsole.net.certificates import UNREADABLE, extension
from smtpconsole.net.chain import Link, Path, find, has_signed, is_self_issued, is_self_signed
from smtpconsole.net.problems import OF_ISSUERS, problem, span
from smtpconsole.smtp.facts import Problem, Severity

_SEVERITIES = ("error", "warning", "info")

# A server may send any number, and every pair may cost a signature check.
_MOST_CERTIFICATES = 24

_SOON = timedelta(days=14)

# OpenSSL's security level 2, 112 bits.
_LEAST_BITS = {rsa.RSAPublicKey: 2048, ec.EllipticCurvePublicKey: 224}
_WEAK_HASHES = {"MD5", "SHA-1"}

# CA/Browser Forum, Baseline Requirements, 6.3.2: issued since, days a public CA may give.
_LIFETIMES = (
    (date(2029, 3, 15), 47),
    (date(2027, 3, 15), 100),
    (date(2026, 3, 15), 200),
    (date(2020, 9, 1), 398),
    (date.min, 825),
)


@dataclass(frozen=True, slots=True)
class Case:
    """What every check is asked about."""

    sent: tuple[Link, ...]
    path: Path
    host: str
    now: datetime

    @property
    def leaf(self) -> x509.Certificate:
        return self.path.links[0].certificate

    def problem(self, link: Link, code: str, text: str, hint: str = "") -> Problem:
        if link.depth:
            text = f'issuer "{certificates.subject(link.certificate)}" {text}'
            hint = hint or OF_ISSUERS.get(code, "")
        return problem(code, link.depth, text, hint=hint)


def diagnose(
    chain: Sequence[bytes],
    host: str,
    roots: Sequence[x509.Certificate],
    *,
    now: datetime | None = None,
) -> tuple[Problem, ...]:
    """All problems of the certificates a server sent, the worst first."""
    now = now or datetime.now(UTC)
    with certificates.quietly():
        found = list(_problems(chain, host, roots, now))
    return tuple(sorted(found, key=lambda one: (_SEVERITIES.index(one.severity), one.depth)))


def _problems(
    chain: Sequence[bytes], host: str, roots: Sequence[x509.Certificate], now: datetime
) -> Iterator[Problem]:
    if not chain:
        yield problem("no-certificate", 0, "the server sends no certificate")
    if len(chain) > _MOST_CERTIFICATES:
        text = f"the server sends {len(chain)} certificates; only {_MOST_CERTIFICATES} are read"
        yield problem("unused-certificate", _MOST_CERTIFICATES, text)
    sent = []
    for depth, der in enumerate(chain[:_MOST_CERTIFICATES]):
        certificate = certificates.read(der)
        if certificate is not None:
            sent.append(Link(certificate, depth))
            continue
        # Above the server's own it may not be needed; if it is, an issuer is missing.
        yield problem("unreadable", depth, "cannot be read", severity="warning" if depth else None)
    if sent and sent[0].depth == 0:
        path = find(sent, roots, now, behind=len(chain))
        yield from _examine(Case(tuple(sent), path, host, now))


def _examine(case: Case) -> Iterator[Problem]:
    for check in _ONCE:
        yield from check(case)
    for place, link in enumerate(case.path.links):
        for check_one in (*_EACH, *(_ISSUERS if place else _OWN)):
            yield from check_one(case, link)


# --- checks of the whole ----------------------------------------------------------------------


def _trust(case: Case) -> Iterator[Problem]:
    """Whether the path ends in a root."""
    top = case.path.links[-1]
    if case.path.is_anchored:
        return
    if not is_self_issued(top.certificate):
        name = certificates.issuer(top.certificate)
        text = f'is signed by "{name}", which is neither sent by the server nor in the trust store'
        if place := certificates.issuer_location(top.certificate):
            text += f"; it is said to be at {place}"
        yield case.problem(top, "missing-issuer", text)
    elif len(case.path.links) == 1:
        text = "is self-signed: nobody but the server itself vouches for it"
        yield case.problem(top, "self-signed", text)
    else:
        yield case.problem(top, "untrusted-root", "is a root that is not in the trust store")


def _clock(case: Case) -> Iterator[Problem]:
    """Whether it is rather the clock of this computer that is wrong."""
    dates = [link.certificate for link in case.path.links]
    if len(dates) < 2:
        return
    early = sum(case.now < one.not_valid_before_utc for one in dates)
    if early > 1:
        latest = max(one.not_valid_before_utc for one in dates)
        text = f"{early} certificates are not valid yet: this computer's clock may be behind"
        yield problem("clock-off", 0, f"{text} (they say it is {latest:%Y-%m-%d} or later)")
    if all(case.now > one.not_valid_after_utc for one in dates):
        text = f"all {len(dates)} certificates have expired: this computer's clock may be ahead"
        yield problem("clock-off", 0, text)


def _order(case: Case) -> Iterator[Problem]:
    for before, after in pairwise(case.path.links):
        if after.depth < before.depth:
            text = "is sent out of order: each certificate should certify the one before it"
            yield case.problem(after, "misordered-chain", text)
            return


def _surplus(case: Case) -> Iterator[Problem]:
    """What is sent and need not be."""
    top = case.path.links[-1]
    if case.path.is_anchored and top in case.sent[1:] and is_self_signed(top.certificate):
        yield case.problem(top, "root-sent", "is sent, and who trusts it has it")
    for link in case.sent:
        if link not in case.path.links:
            yield _unused(case, link)


def _unused(case: Case, link: Link) -> Problem:
    path = [link.certificate for link in case.path.links]
    name = f'"{certificates.subject(link.certificate)}"'
    severity: Severity = "warning"
    hint = ""
    if link.certificate in path:
        text = f"{name} is sent twice"
    elif not any(has_signed(link.certificate, below) for below in path):
        text = f"{name} is sent, and is no part of the way to a root"
    elif case.path.is_anchored:
        text = f"{name} is sent a second time, for clients that trust another root"
        severity = "info"
    else:
        text = f"{name} is sent a second time, signed by another; OpenSSL looks at the first only"
        hint = "Try this one first in the server's chain file"
    return problem("unused-certificate", link.depth, text, severity=severity, hint=hint)


# --- checks of each certificate ---------------------------------------------------------------


def _extensions(case: Case, link: Link) -> Iterator[Problem]:
    if not certificates.has_readable_extensions(link.certificate):
        yield case.problem(link, "unreadable", "has extensions that cannot be read")


def _dates(case: Case, link: Link) -> Iterator[Problem]:
    begins, ends = link.certificate.not_valid_before_utc, link.certificate.not_valid_after_utc
    if case.now < begins:
        text = f"is not valid before {begins:%Y-%m-%d}, in {span(begins - case.now)}"
        yield case.problem(link, "not-yet-valid", text)
    if case.now > ends:
        text = f"expired {span(case.now - ends)} ago, on {ends:%Y-%m-%d}"
        yield case.problem(link, "expired", text)
    elif ends - case.now < _SOON and not case.path.is_anchor(link):
        text = f"expires in {span(ends - case.now)}, on {ends:%Y-%m-%d}"
        yield case.problem(link, "expires-soon", text)


def _key(case: Case, link: Link) -> Iterator[Problem]:
    try:
        key = link.certificate.public_key()
    except UNREADABLE:
        yield case.problem(link, "unreadable", "has a key that cannot be read")
        return
    least = next((bits for kind, bits in _LEAST_BITS.items() if isinstance(key, kind)), 0)
    if getattr(key, "key_size", least) < least or isinstance(key, dsa.DSAPublicKey):
        text = f"has a key that is too weak, {certificates.key(link.certificate)}"
        yield case.problem(link, "weak-key", text)


def _signature(case: Case, link: Link) -> Iterator[Problem]:
    certificate = link.certificate
    if case.path.is_anchor(link) or is_self_signed(certificate):
        return
    if certificates.hash_name(certificate) in _WEAK_HASHES:
        text = f"is signed with {certificates.signature(certificate)}, which can be forged"
        yield case.problem(link, "weak-signature", text)
    if found := case.path.flaw(link):
        yield case.problem(link, *found)
    is_readable = certificates.has_readable_extensions(certificate)
    if is_readable and extension(certificate, x509.AuthorityKeyIdentifier) is None:
        text = "does not say which key it is signed with (authority key identifier)"
        yield case.problem(link, "no-aki", text)


def _usage(case: Case, link: Link) -> Iterator[Problem]:
    extended = extension(link.certificate, x509.ExtendedKeyUsage)
    usage = extension(link.certificate, x509.KeyUsage)
    if extended is not None and ExtendedKeyUsageOID.SERVER_AUTH not in extended:
        made_for = _some([certificates.usage(use) for use in extended])
        yield case.problem(link, "wrong-usage", f"is made for {made_for}, not for TLS servers")
    elif usage is None or link.depth > 0:
        return  # `_authority` asks what an issuer may do
    elif not (usage.digital_signature or usage.key_encipherment or usage.key_agreement):
        text = "has a key that may not be used for TLS (key usage)"
        yield case.problem(link, "wrong-usage", text)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more


# --- checks of the server's own ---------------------------------------------------------------


def _name(case: Case, link: Link) -> Iterator[Problem]:
    try:
        wanted = certificates.reference(case.host)
    except ValueError:
        text = f'asked for "{case.host}", which is no name a certificate can be made for'
        yield case.problem(link, "name-mismatch", text, "Connect by another name")
        return
    is_readable = certificates.has_readable_extensions(case.leaf)
    if certificates.is_made_for(case.leaf, wanted) or not is_readable:
        return
    asked = case.host if case.host.isascii() else f"{case.host} ({wanted})"
    names = certificates.dns_names(case.leaf)
    common = certificates.common_names(case.leaf)
    if not names and any(certificates.fits(name, str(wanted)) for name in common):
        text = f"names {asked} as its common name only, which clients no longer look at"
        yield case.problem(link, "cn-only", text)
        return
    text = f"asked for {asked}; made for {_some(certificates.names(case.leaf)) or 'no name'}"
    yield case.problem(link, "name-mismatch", text, _name_hint(names, str(wanted)))


def _name_hint(names: Sequence[str], wanted: str) -> str:
    if wanted in names:
        return "It has the address as a DNS name; have it issued with an IP address entry"
    if any(name.startswith("*.") and wanted.endswith(name[1:].lower()) for name in names):
        return "A wildcard stands for one label only; have the name itself added"
    return ""


def _wildcards(case: Case, link: Link) -> Iterator[Problem]:
    names = certificates.dns_names(case.leaf)
    odd = [name for name in names if "*" in name and not certificates.is_sound_wildcard(name)]
    if odd:
        text = f"has a wildcard that clients do not take: {_some(odd)}"
        yield case.problem(link, "odd-wildcard", text)


def _no_authority(case: Case, link: Link) -> Iterator[Problem]:
    constraints = extension(case.leaf, x509.BasicConstraints)
    if constraints is not None and constraints.ca:
        text = "is the certificate of a CA, not of a server; some clients refuse that"
        yield case.problem(link, "ca-as-leaf", text)


def _lifetime(case: Case, link: Link) -> Iterator[Problem]:
    begins, ends = case.leaf.not_valid_before_utc, case.leaf.not_valid_after_utc
    most = next(days for since, days in _LIFETIMES if begins.date() >= since)
    if (ends - begins).days > most and not is_self_signed(case.leaf):
        text = f"is made for {(ends - begins).days} days; public CAs may give {most}"
        yield case.problem(link, "long-lifetime", text)


def _staple(case: Case, link: Link) -> Iterator[Problem]:
    features = extension(case.leaf, x509.TLSFeature)
    if features is not None and x509.TLSFeatureType.status_request in features:
        text = "demands a stapled OCSP response; whether the server sends one is not known here"
        yield case.problem(link, "must-staple", text)


# --- checks of issuers ------------------------------------------------------------------------


def _authority(case: Case, link: Link) -> Iterator[Problem]:
    certificate = link.certificate
    constraints = extension(certificate, x509.BasicConstraints)
    usage = extension(certificate, x509.KeyUsage)
    is_old = certificate.version is x509.Version.v1 or (usage and usage.key_cert_sign)
    if constraints is None and is_old and case.path.is_anchor(link):
        return  # RFC 5280 is stricter; OpenSSL lets it pass in roots only, and such are in use
    if constraints is None or not constraints.ca:
        yield case.problem(link, "not-a-ca", "is not a CA, and yet signed a certificate")
    elif usage is not None and not usage.key_cert_sign:
        text = "may not sign certificates (its key usage lacks keyCertSign)"
        yield case.problem(link, "no-certsign", text)


def _length(case: Case, link: Link) -> Iterator[Problem]:
    constraints = extension(link.certificate, x509.BasicConstraints)
    most = constraints.path_length if constraints else None
    count = case.path.count_below(link)
    if most is not None and count > most:
        text = f"allows {most or 'no'} CA below it, but has {count}"
        yield case.problem(link, "path-length", text)


def _constraints(case: Case, link: Link) -> Iterator[Problem]:
    if names := case.path.outside(link):
        text = f"may not certify {_some(names)} (name constraints)"
        yield case.problem(link, "name-constraints", text)


_ONCE = (_trust, _clock, _order, _surplus)
_EACH = (_extensions, _dates, _key, _signature, _usage)
_OWN = (_name, _wildcards, _no_authority, _lifetime, _staple)
_ISSUERS = (_authority, _length, _constraints)
