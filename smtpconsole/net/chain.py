"""The way from a server's certificate up to a root, and whether each link of it holds.

1. The path is the one OpenSSL takes: at each step the trust store first, then what was sent.
2. A broken link does not end the path: the one it seems to hang on is looked at all the same.
3. Any certificate of the store is an anchor, self-signed or not (OpenSSL: PARTIAL_CHAIN).
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network
from itertools import pairwise
from typing import Any, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa

from smtpconsole.net import certificates
from smtpconsole.net.certificates import UNREADABLE, Address, extension

Name = tuple[object, ...]  # what `comparable` makes of a name
Named = TypeVar("Named", str, Address, x509.Name)

_MOST_COMPARISONS = 1 << 16  # of names with constraints; both come from strangers


@dataclass(frozen=True, slots=True)
class Link:
    """A certificate and its depth: its place in what the server sent, 0 being its own.

    A root that only the trust store has comes behind the last one sent.
    """

    certificate: x509.Certificate
    depth: int


@dataclass(frozen=True, slots=True)
class Path:
    """The way from the server's certificate up."""

    links: tuple[Link, ...]
    is_anchored: bool  # the last one is trusted

    def is_anchor(self, link: Link) -> bool:
        return self.is_anchored and link is self.links[-1]

    def flaw(self, link: Link) -> tuple[str, str] | None:
        """Why the link does not seem to be signed by the one above it: a code and a text."""
        for low, high in pairwise(self.links):
            if low is link:
                return flaw(link.certificate, high.certificate)
        own = link.certificate
        return flaw(own, own) if is_self_issued(own) else None

    def count_below(self, link: Link) -> int:
        """How many CAs stand between the link and the server's certificate."""
        below = self.links[1 : self.links.index(link)]
        # RFC 5280, 4.2.1.9: self-issued ones do not count.
        return sum(not is_self_issued(ca.certificate) for ca in below)

    def outside(self, link: Link) -> list[str]:
        """The names of the server's certificate that this CA may not certify."""
        constraints = extension(link.certificate, x509.NameConstraints)
        return outside(self.links[0].certificate, constraints) if constraints else []


def find(
    sent: Sequence[Link], roots: Sequence[x509.Certificate], now: datetime, *, behind: int
) -> Path:
    """The path from the first certificate sent, as far as it goes; roots get depth `behind`."""
    depths = {link.certificate: link.depth for link in reversed(sent)}
    store: dict[Name, list[Link]] = defaultdict(list)
    for root in roots:
        link = Link(root, depths.get(root, behind))
        store[comparable(root.subject)].append(link)
    trusted, links = frozenset(roots), [sent[0]]
    pool = [link for link in sent if link.certificate != sent[0].certificate]
    while links[-1].certificate not in trusted:
        above = _issuer(links[-1].certificate, store, pool, now)
        if above is None:
            return Path(tuple(links), is_anchored=False)
        links.append(above)
        pool = [link for link in pool if link.certificate != above.certificate]
    return Path(tuple(links), is_anchored=True)


def _issuer(
    certificate: x509.Certificate,
    store: Mapping[Name, list[Link]],
    pool: Sequence[Link],
    now: datetime,
) -> Link | None:
    """The best certificate of the issuer's name; None at the end of the path."""
    if is_self_signed(certificate):
        return None
    name = comparable(certificate.issuer)
    candidates = list(store.get(name, ()))
    trusted = len(candidates)
    candidates += [link for link in pool if comparable(link.certificate.subject) == name]

    def rank(place: int) -> tuple[bool, ...]:
        issuer = candidates[place].certificate
        return (
            flaw(certificate, issuer) is not None,
            place >= trusted,
            not issuer.not_valid_before_utc <= now <= issuer.not_valid_after_utc,
        )

    others = [n for n, link in enumerate(candidates) if link.certificate != certificate]
    return candidates[min(others, key=rank)] if others else None


def is_self_signed(certificate: x509.Certificate) -> bool:
    return is_self_issued(certificate) and flaw(certificate, certificate) is None


def is_self_issued(certificate: x509.Certificate) -> bool:
    """Whether subject and issuer are the same; the keys may not be."""
    return comparable(certificate.subject) == comparable(certificate.issuer)


@functools.lru_cache(maxsize=1024)
def comparable(name: x509.Name) -> Name:
    """A name as RFC 5280, 7.1 compares it: letter case and runs of blanks do not matter."""
    return tuple(
        frozenset((part.oid, " ".join(str(part.value).casefold().split())) for part in rdn)
        for rdn in name.rdns
    )


def has_signed(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    is_named = comparable(certificate.issuer) == comparable(issuer.subject)
    return is_named and flaw(certificate, issuer) is None


# --- signatures -------------------------------------------------------------------------------


@functools.lru_cache(maxsize=256)
def flaw(certificate: x509.Certificate, issuer: x509.Certificate) -> tuple[str, str] | None:
    """Why the one does not seem to be signed by the other: a code and a text."""
    name = f'"{certificates.subject(issuer)}"'
    wanted = extension(certificate, x509.AuthorityKeyIdentifier)
    offered = extension(issuer, x509.SubjectKeyIdentifier)
    if wanted and wanted.key_identifier and offered and wanted.key_identifier != offered.digest:
        return "bad-signature", f"is signed with another key of {name} than the one at hand"
    if wanted and wanted.authority_cert_serial_number not in (None, issuer.serial_number):
        return "bad-signature", f"asks for another certificate of {name} than the one at hand"
    try:
        _verify(certificate, issuer)
    except InvalidSignature:
        return "bad-signature", f"has a signature that does not fit the key of {name}"
    except UNREADABLE:
        return "unreadable", f"has a signature of {name} that cannot be checked here"
    return None


def _verify(certificate: x509.Certificate, issuer: x509.Certificate) -> None:
    """Raise InvalidSignature if it is wrong, or UNREADABLE if nobody here can tell.

    By hand: `verify_directly_issued_by` refuses SHA-1 and MD5, and weak is not forged.
    """
    signature, signed = certificate.signature, certificate.tbs_certificate_bytes
    digest = certificate.signature_hash_algorithm
    parameters = certificate.signature_algorithm_parameters
    match issuer.public_key():
        case rsa.RSAPublicKey() as key if digest:
            # cryptography 50 gives no parameters for MD5.
            scheme = parameters if isinstance(parameters, padding.PSS) else padding.PKCS1v15()
            key.verify(signature, signed, scheme, digest)
        case ec.EllipticCurvePublicKey() as key if digest:
            key.verify(signature, signed, ec.ECDSA(digest))
        case dsa.DSAPublicKey() as key if digest:
            key.verify(signature, signed, digest)
        case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey() as key:
            key.verify(signature, signed)
        case _:
            raise UnsupportedAlgorithm("not a key that signs, or not with this algorithm")


# --- name constraints -------------------------------------------------------------------------


def outside(leaf: x509.Certificate, constraints: x509.NameConstraints) -> list[str]:
    """The names of a certificate that an issuer with such constraints may not certify."""
    subjects = [leaf.subject] if leaf.subject.rdns else []
    return [
        *_outside(certificates.dns_names(leaf), constraints, x509.DNSName, _is_subdomain),
        *_outside(certificates.addresses(leaf), constraints, x509.IPAddress, _is_member),
        *_outside(subjects, constraints, x509.DirectoryName, _is_branch),
    ]


def _outside(
    names: Sequence[Named],
    constraints: x509.NameConstraints,
    kind: type[x509.GeneralName],
    is_below: Callable[[Named, Any], bool],  # as cryptography types the values of general names
) -> list[str]:
    permitted = [tree.value for tree in constraints.permitted_subtrees or () if type(tree) is kind]
    excluded = [tree.value for tree in constraints.excluded_subtrees or () if type(tree) is kind]
    if len(names) * (len(permitted) + len(excluded)) > _MOST_COMPARISONS:
        return ["more names than can be checked"]
    return [
        name.rfc4514_string() if isinstance(name, x509.Name) else str(name)
        for name in names
        if (permitted and not any(is_below(name, tree) for tree in permitted))
        or any(is_below(name, tree) for tree in excluded)
    ]


def _is_subdomain(name: str, tree: str) -> bool:
    name, tree = name.lower(), tree.lower()
    if not tree or tree.startswith("."):  # not in RFC 5280, but in use: subdomains only
        return name.endswith(tree)
    return name == tree or name.endswith(f".{tree}")


def _is_member(address: Address, network: IPv4Network | IPv6Network) -> bool:
    return address in network


def _is_branch(name: x509.Name, tree: x509.Name) -> bool:
    return comparable(name)[: len(tree.rdns)] == comparable(tree)
