"""Certificates as a person reads them, and the names they are made for.

1. Certificates come from strangers and may be anything: what cannot be read is `None`, or says
   so.  Only `reference` raises.
2. Names are compared as RFC 9525 says: subjectAltName only, never the common name; a wildcard
   is the whole left-most label and stands for exactly one.
3. Text is passed on as it stands, escapes included; `visible()` makes it fit for a screen.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from operator import attrgetter
from typing import TypeVar

import idna
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from cryptography.x509.oid import SignatureAlgorithmOID as Algorithm

from smtpconsole.smtp.facts import CertificateFacts

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Extension = TypeVar("Extension", bound=x509.ExtensionType)

# What cryptography raises over octets that are no certificate, or not one it knows.
UNREADABLE = (
    ValueError,
    TypeError,
    OverflowError,
    KeyError,  # cryptography 50: a TLS feature of an unknown number
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)

# The earliest and the latest a certificate can say (UTCTime, and RFC 5280, 4.1.2.5).
_EARLIEST = datetime(1950, 1, 1, tzinfo=UTC)
_LATEST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)

_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}

_HASHES = {
    "md5": "MD5",
    "sha1": "SHA-1",
    "sha224": "SHA-224",
    "sha256": "SHA-256",
    "sha384": "SHA-384",
    "sha512": "SHA-512",
}

_SIGNATURES = {
    **dict.fromkeys(
        (
            Algorithm.RSA_WITH_MD5,
            Algorithm.RSA_WITH_SHA1,
            Algorithm.RSA_WITH_SHA224,
            Algorithm.RSA_WITH_SHA256,
            Algorithm.RSA_WITH_SHA384,
            Algorithm.RSA_WITH_SHA512,
        ),
        "{hash} with RSA",
    ),
    **dict.fromkeys(
        (
            Algorithm.ECDSA_WITH_SHA1,
            Algorithm.ECDSA_WITH_SHA224,
            Algorithm.ECDSA_WITH_SHA256,
            Algorithm.ECDSA_WITH_SHA384,
            Algorithm.ECDSA_WITH_SHA512,
        ),
        "ECDSA with {hash}",
    ),
    Algorithm.RSASSA_PSS: "{hash} with RSA-PSS",
    Algorithm.DSA_WITH_SHA1: "DSA with {hash}",
    Algorithm.DSA_WITH_SHA256: "DSA with {hash}",
    Algorithm.ED25519: "Ed25519",
    Algorithm.ED448: "Ed448",
}

_USAGES = {
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE: "any use in general",
    ExtendedKeyUsageOID.SERVER_AUTH: "TLS servers",
    ExtendedKeyUsageOID.CLIENT_AUTH: "clients",
    ExtendedKeyUsageOID.CODE_SIGNING: "signing code",
    ExtendedKeyUsageOID.EMAIL_PROTECTION: "signing mail",
    ExtendedKeyUsageOID.OCSP_SIGNING: "signing OCSP responses",
    ExtendedKeyUsageOID.TIME_STAMPING: "time stamps",
}
_KEY_USAGES = {
    "digital_signature": "signing",
    "key_encipherment": "encrypting keys",
    "key_agreement": "agreeing on keys",
    "key_cert_sign": "signing certificates",
    "crl_sign": "signing CRLs",
}
_ACCESS = {
    AuthorityInformationAccessOID.CA_ISSUERS: "issuer",
    AuthorityInformationAccessOID.OCSP: "OCSP",
}


# --- reading ----------------------------------------------------------------------------------


def facts(der: bytes) -> CertificateFacts:
    """What one certificate says of itself; of an unreadable one, that it is unreadable."""
    with quietly():
        certificate = read(der)
        return CertificateFacts(
            subject=subject(certificate) if certificate else "unreadable certificate",
            issuer=issuer(certificate) if certificate else "unknown",
            names=names(certificate) if certificate else (),
            not_before=certificate.not_valid_before_utc if certificate else _EARLIEST,
            not_after=certificate.not_valid_after_utc if certificate else _LATEST,
            key=key(certificate) if certificate else "unknown",
            signature=signature(certificate) if certificate else "unknown",
            sha256=hashlib.sha256(der).digest().hex(":"),
            der=der,
            spki_sha256=hashlib.sha256(spki(der)).digest().hex(":") if certificate else "",
            serial=_serial(certificate) if certificate else "",
            usage=tuple(usages(certificate)) if certificate else (),
            locations=tuple(locations(certificate)) if certificate else (),
            is_authority=is_authority(certificate) if certificate else False,
        )


def read(der: bytes) -> x509.Certificate | None:
    """The certificate, with names and dates that can be asked for safely; None if unreadable."""
    with quietly():
        try:
            certificate = x509.load_der_x509_certificate(der)
            # They are parsed when first asked for: ask here, where it may fail.
            attrgetter("subject", "issuer", "not_valid_before_utc", "not_valid_after_utc")(
                certificate
            )
        except UNREADABLE:
            return None
        return certificate


def quietly() -> warnings.catch_warnings[None]:
    """No warnings: on standard error they would tear the screen, and a stranger causes them.

    cryptography warns of serial numbers below one, and of country names that are not two letters.
    """
    return warnings.catch_warnings(action="ignore")


def has_readable_extensions(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions is not None
    except UNREADABLE:
        return False


def extension(certificate: x509.Certificate, kind: type[Extension]) -> Extension | None:
    """The extension of this kind; None if it is absent or unreadable."""
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except (x509.ExtensionNotFound, *UNREADABLE):
        return None


def key(certificate: x509.Certificate) -> str:
    """The kind and size of the key: `RSA 2048`, `EC P-256`, `Ed25519`."""
    try:
        public = certificate.public_key()
    except UNREADABLE:
        return f"unknown ({certificate.public_key_algorithm_oid.dotted_string})"
    match public:
        case rsa.RSAPublicKey():
            return f"RSA {public.key_size}"
        case dsa.DSAPublicKey():
            return f"DSA {public.key_size}"
        case ec.EllipticCurvePublicKey():
            return f"EC {_CURVES.get(public.curve.name, public.curve.name)}"
    return type(public).__name__.removesuffix("PublicKey")


def signature(certificate: x509.Certificate) -> str:
    """How the certificate is signed: `SHA-256 with RSA`, `ECDSA with SHA-256`, `Ed25519`."""
    algorithm = certificate.signature_algorithm_oid
    digest = hash_name(certificate) or "unknown hash"
    return _SIGNATURES.get(algorithm, f"unknown ({algorithm.dotted_string})").format(hash=digest)


def hash_name(certificate: x509.Certificate) -> str | None:
    """The hash that is signed; None if the algorithm has none, or is unknown."""
    try:
        algorithm = certificate.signature_hash_algorithm
    except UNREADABLE:
        return None
    return _HASHES.get(algorithm.name, algorithm.name) if algorithm else None


def usage(kind: x509.ObjectIdentifier) -> str:
    """What an extended key usage is for."""
    return _USAGES.get(kind, kind.dotted_string)


def issuer_location(certificate: x509.Certificate) -> str | None:
    """Where the issuer's certificate is to be had, by what this one says."""
    return next((place for kind, place in locations(certificate) if kind == "issuer"), None)


def spki(der: bytes) -> bytes:
    """The key of a certificate as it is encoded there (SubjectPublicKeyInfo); b"" if unreadable."""
    certificate = read(der)
    if certificate is None:
        return b""
    # TBSCertificate: version, if it is given, serial, signature, issuer, validity, subject, key.
    parts = list(_parts(_content(certificate.tbs_certificate_bytes)))
    place = 6 if parts and parts[0][:1] == b"\xa0" else 5
    return parts[place] if place < len(parts) else b""


def _parts(der: bytes) -> Iterator[bytes]:
    """The values of a DER sequence, each with its header."""
    at = 0
    while at < len(der):
        end = at + _header(der[at:])[1]
        yield der[at:end]
        at = max(end, at + 2)


def _content(der: bytes) -> bytes:
    start, end = _header(der)
    return der[start:end]


def _header(der: bytes) -> tuple[int, int]:
    """Where the content of a DER value begins, and where it ends."""
    length, start = (der[1] if len(der) > 1 else 0), 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(der[2:start], "big")
    return start, start + length


def _serial(certificate: x509.Certificate) -> str:
    number = certificate.serial_number
    return (
        number.to_bytes((number.bit_length() + 7) // 8 or 1, "big").hex(":") if number >= 0 else ""
    )


def is_authority(certificate: x509.Certificate) -> bool:
    """Whether it says of itself that it is a CA."""
    constraints = extension(certificate, x509.BasicConstraints)
    return constraints is not None and constraints.ca


def usages(certificate: x509.Certificate) -> Iterator[str]:
    """What it may be used for, by key usage and extended key usage."""
    for kind in extension(certificate, x509.ExtendedKeyUsage) or ():
        yield usage(kind)
    found = extension(certificate, x509.KeyUsage)
    if found is not None:
        for name, words in _KEY_USAGES.items():
            if getattr(found, name):
                yield words


def locations(certificate: x509.Certificate) -> Iterator[tuple[str, str]]:
    """Where, by what it says, its issuer, its OCSP responder and its CRLs are; none is asked."""
    for description in extension(certificate, x509.AuthorityInformationAccess) or ():
        kind = _ACCESS.get(description.access_method)
        if kind and isinstance(description.access_location, x509.UniformResourceIdentifier):
            yield kind, description.access_location.value
    for point in extension(certificate, x509.CRLDistributionPoints) or ():
        for name in point.full_name or ():
            if isinstance(name, x509.UniformResourceIdentifier):
                yield "CRL", name.value


# --- names ------------------------------------------------------------------------------------


def subject(certificate: x509.Certificate) -> str:
    """Whose certificate it is: the common name if it has one."""
    common = common_names(certificate)
    if common:
        return common[0]
    # Public CAs leave the subject empty: the names are in subjectAltName alone.
    return certificate.subject.rfc4514_string() or next(iter(names(certificate)), "no name")


def issuer(certificate: x509.Certificate) -> str:
    """Who signed it: common name and organisation, as in `R11, Let's Encrypt`."""
    parts = [
        *_values(certificate.issuer, NameOID.COMMON_NAME)[:1],
        *_values(certificate.issuer, NameOID.ORGANIZATION_NAME)[:1],
    ]
    return ", ".join(dict.fromkeys(parts)) or certificate.issuer.rfc4514_string() or "no name"


def common_names(certificate: x509.Certificate) -> list[str]:
    return _values(certificate.subject, NameOID.COMMON_NAME)


def _values(name: x509.Name, kind: x509.ObjectIdentifier) -> list[str]:
    values = (attribute.value for attribute in name.get_attributes_for_oid(kind))
    return [value if isinstance(value, str) else value.hex() for value in values]


def names(certificate: x509.Certificate) -> tuple[str, ...]:
    """The DNS names and addresses the certificate is made for."""
    return (*dns_names(certificate), *map(str, addresses(certificate)))


def dns_names(certificate: x509.Certificate) -> list[str]:
    found = extension(certificate, x509.SubjectAlternativeName)
    return found.get_values_for_type(x509.DNSName) if found else []


def addresses(certificate: x509.Certificate) -> list[Address]:
    found = extension(certificate, x509.SubjectAlternativeName)
    values = found.get_values_for_type(x509.IPAddress) if found else []
    return [value for value in values if isinstance(value, Address)]


def reference(host: str) -> str | Address:
    """What to look for in a certificate: an address, or a name in A-labels without its last dot.

    ValueError if no certificate can be made for such a name.
    """
    bare = host.removeprefix("[").removesuffix("]").removesuffix(".")
    try:
        # The zone of fe80::1%eth0 is a matter of this machine, not of the certificate.
        return ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        pass
    if not bare or bare.startswith("."):
        raise ValueError(f"{host!r} is no host name")
    if bare.isascii():
        return bare.lower()
    return idna.encode(bare, uts46=True).decode("ascii")


def is_made_for(certificate: x509.Certificate, wanted: str | Address) -> bool:
    """Whether the certificate names what `reference` gave."""
    if isinstance(wanted, str):
        return any(fits(pattern, wanted) for pattern in dns_names(certificate))
    return wanted in addresses(certificate)


def fits(pattern: str, name: str) -> bool:
    """Whether a DNS name of a certificate, perhaps with a wildcard, stands for `name`."""
    pattern, name = pattern.lower(), name.lower()
    if "*" not in pattern:
        return pattern == name
    label, _, parent = name.partition(".")
    return (
        is_sound_wildcard(pattern)
        and pattern == f"*.{parent}"
        and re.fullmatch("[a-z0-9-]+", label) is not None
    )


def is_sound_wildcard(pattern: str) -> bool:
    """Whether the star is the whole left-most label, and does not cover a top-level domain."""
    label, _, parent = pattern.partition(".")
    return label == "*" and "*" not in parent and "." in parent.strip(".")
