"""A certificate lab: chains with every defect a diagnosis should name, and OpenSSL's verdict.

    entry("expired").ders           the chain as a server would send it
    refusal(entry("expired"))       what OpenSSL says to it in a real handshake

`KINDS` is the table; a kind is built when first asked for, once a session, and in memory.
Authorities are made the same way: `authority("inter")`.
"""

from __future__ import annotations

import contextlib
import functools
import ssl
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa
from cryptography.x509.oid import (
    AuthorityInformationAccessOID,
    ExtendedKeyUsageOID,
    ExtensionOID,
    NameOID,
)

HOST = "mail.lab.test"
NOW = datetime.now(UTC).replace(microsecond=0)

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | dsa.DSAPrivateKey
Builder = TypeVar("Builder", x509.CertificateBuilder, x509.CertificateSigningRequestBuilder)

SERVER = ExtendedKeyUsageOID.SERVER_AUTH
CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH
ANY = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE

TLS_KEY = frozenset({"digital_signature"})
CA_KEY = frozenset({"key_cert_sign", "crl_sign"})
_KEY_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


@dataclass(frozen=True)
class Recipe:
    """How to make one certificate; the defaults make a sound one for HOST."""

    common_name: str | None = HOST
    names: Sequence[str] = (HOST,)
    begins: int = -1  # days from now
    ends: int = 40
    by: str | None = "inter"  # an authority; None: signed with its own key
    issuer: str | None = None  # the issuer's name, if it is to be wrong
    key: str = "ec"
    authority: bool | None = False  # None: no basic constraints
    path_length: int | None = None
    key_usage: frozenset[str] | None = TLS_KEY
    usage: Sequence[x509.ObjectIdentifier] = (SERVER,)
    key_identifier: str | None = "issuer"  # "issuer", "wrong", None
    permitted: Sequence[x509.GeneralName] = ()
    excluded: Sequence[x509.GeneralName] = ()
    more: Sequence[tuple[x509.ExtensionType, bool]] = ()
    hash: str = "SHA256"
    is_pss: bool = False
    is_damaged: bool = False  # one bit of the signature is wrong


@dataclass(frozen=True)
class Kind:
    """One kind of chain: how it is made, and the codes a diagnosis should give it."""

    codes: str = ""
    recipe: Recipe = Recipe()
    send: Sequence[str] = ("inter",)  # authorities sent behind the certificate
    host: str = HOST
    store: Sequence[str] = ("root",)  # authorities trusted; "leaf" is the certificate itself


@dataclass(frozen=True)
class Entry:
    """A chain with its key."""

    kind: Kind
    chain: tuple[x509.Certificate, ...]
    key: Key
    roots: tuple[x509.Certificate, ...]

    @property
    def ders(self) -> list[bytes]:
        return [der(certificate) for certificate in self.chain]


CA = Recipe(
    names=(),
    begins=-400,
    ends=1800,
    by="root",
    authority=True,
    key_usage=CA_KEY,
    usage=(),
)

AUTHORITIES = {
    "root": replace(CA, common_name="Lab Root", by=None),
    "other": replace(CA, common_name="Other Root", by=None),
    "weak root": replace(CA, common_name="Weak Root", by=None, key="rsa1024"),
    "expired root": replace(CA, common_name="Expired Root", by=None, ends=-1),
    "plain root": replace(
        CA, common_name="Plain Root", by=None, authority=None, key_usage=None, key_identifier=None
    ),
    "bare root": replace(CA, common_name="Bare Root", by=None, authority=None),
    "inter": replace(CA, common_name="Lab Issuing CA", path_length=0),
    "wide": replace(CA, common_name="Lab Wide CA"),
    "below": replace(CA, common_name="Lab CA Below", by="inter"),
    "below wide": replace(CA, common_name="Lab CA Below", by="wide"),
    "expired": replace(CA, common_name="Lab Expired CA", ends=-3),
    "future": replace(CA, common_name="Lab Future CA", begins=3),
    "constrained": replace(
        CA, common_name="Lab Constrained CA", permitted=[x509.DNSName("other.test")]
    ),
    "permitting": replace(
        CA,
        common_name="Lab Permitting CA",
        permitted=[x509.DNSName("lab.test"), x509.IPAddress(ip_network("192.0.2.0/24"))],
    ),
    "excluding": replace(CA, common_name="Lab Excluding CA", excluded=[x509.DNSName(".lab.test")]),
    "branch": replace(
        CA,
        common_name="Lab Branch CA",
        permitted=[
            x509.DirectoryName(
                x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Elsewhere")])
            )
        ],
    ),
    "vague": replace(CA, common_name="Lab Vague CA", authority=None),
    "mute": replace(CA, common_name="Lab Mute CA", key_usage=frozenset({"crl_sign"})),
    "no ca": replace(CA, common_name="Lab No CA", authority=False),
    "client ca": replace(CA, common_name="Lab Client CA", usage=(CLIENT,)),
    "rsa": replace(CA, common_name="Lab RSA CA", key="rsa2048"),
    # The issuing CA anew: the same name, another key; and the same key, another root.
    "inter anew": replace(CA, common_name="Lab Issuing CA", path_length=0),
    "inter crossed": replace(CA, common_name="Lab Issuing CA", by="other", key="key of inter"),
}

SOUND = Recipe()
_AIA = x509.AuthorityInformationAccess(
    [
        x509.AccessDescription(
            AuthorityInformationAccessOID.CA_ISSUERS,
            x509.UniformResourceIdentifier("http://ca.lab.test/inter.der"),
        )
    ]
)
STAPLE = x509.TLSFeature([x509.TLSFeatureType.status_request])
_GARBAGE = x509.UnrecognizedExtension(ExtensionOID.KEY_USAGE, b"\x30\x03garbage")


def _leaf(codes: str, *send: str, host: str = HOST, **changes: object) -> Kind:
    """A certificate with these changes; by the first authority sent, unless it says by whom."""
    changes.setdefault("by", send[0] if send else "inter")
    return Kind(codes, replace(SOUND, **changes), send or ("inter",), host)


KINDS: dict[str, Kind] = {
    "sound": Kind(),
    "sound, RSA": _leaf("", "rsa", key="rsa2048"),
    "sound, RSA-PSS": _leaf("", "rsa", is_pss=True),
    "sound, Ed25519": _leaf("", key="ed25519"),
    "sound, P-384": _leaf("", key="p384", hash="SHA384"),
    "sound, one CA more": _leaf("", "below wide", "wide"),
    "sound, under a constraint": _leaf("", "permitting"),
    "sound, name in capitals": _leaf("", names=["MAIL.Lab.TEST"]),
    "sound, asked with a last dot": _leaf("", host="mail.lab.test."),
    "sound, no usage": _leaf("", usage=()),
    "sound, no common name": _leaf("", common_name=None),
    "expired": _leaf("expired", begins=-60, ends=-2),
    "not yet valid": _leaf("not-yet-valid", begins=5, ends=40),
    "clock behind": _leaf("not-yet-valid clock-off", "future", begins=5, ends=40),
    "clock ahead": replace(
        _leaf("expired clock-off", by="expired root", begins=-60, ends=-2),
        send=(),
        store=["expired root"],
    ),
    "expires soon": _leaf("expires-soon", ends=5),
    "wrong name": _leaf("name-mismatch", names=["www.lab.test", "lab.test"]),
    "common name only": _leaf("cn-only", names=()),
    "no name at all": _leaf("name-mismatch", common_name="Lab", names=()),
    "wildcard": _leaf("", names=["*.lab.test"]),
    "wildcard, too deep": _leaf("name-mismatch", names=["*.lab.test"], host="a.mail.lab.test"),
    "wildcard, parent": _leaf("name-mismatch", names=["*.mail.lab.test"]),
    "wildcard, top level": _leaf("name-mismatch odd-wildcard", names=["*.test"], host="lab.test"),
    "wildcard, half a label": _leaf("name-mismatch odd-wildcard", names=["ma*.lab.test"]),
    "wildcard, inside": _leaf("name-mismatch odd-wildcard", names=["mail.*.test"]),
    "wildcard, odd beside": _leaf("odd-wildcard", names=[HOST, "ma*.lab.test"]),
    "address": _leaf("", names=["192.0.2.7", "2001:db8::7"], host="192.0.2.7"),
    "address, version 6": _leaf("", names=["2001:db8::7"], host="2001:DB8::7"),
    "address, wrong": _leaf("name-mismatch", names=["192.0.2.7"], host="192.0.2.8"),
    "address as a DNS name": _leaf("name-mismatch", names=["dns:192.0.2.7"], host="192.0.2.7"),
    "address for a name": _leaf("cn-only", names=["192.0.2.7"]),
    "international name": _leaf("", names=["xn--bcher-kva.test"], host="bücher.test"),
    "self-signed": replace(_leaf("self-signed", by=None), send=()),
    "self-signed, trusted": replace(_leaf("", by=None), send=(), store=["leaf"]),
    "self-signed CA, trusted": replace(
        _leaf("ca-as-leaf", by=None, authority=True, key_usage=None), send=(), store=["leaf"]
    ),
    "unknown root": _leaf("untrusted-root", "other"),
    "unknown root, not sent": replace(_leaf("missing-issuer", by="other"), send=()),
    "incomplete": replace(_leaf("missing-issuer", more=[(_AIA, False)]), send=()),
    "damaged": _leaf("bad-signature", is_damaged=True),
    "issuer has a new key": _leaf("bad-signature", "inter anew", by="inter"),
    "says it is signed by the root": replace(
        _leaf("bad-signature", by="other", issuer="Lab Root"), send=()
    ),
    "wrong key identifier": _leaf("bad-signature", key_identifier="wrong"),
    "no key identifier": _leaf("no-aki", key_identifier=None),
    "RSA 1024": _leaf("weak-key", key="rsa1024"),
    "P-192": _leaf("weak-key", key="p192"),
    "weak root": replace(_leaf("weak-key", by="weak root"), send=(), store=["weak root"]),
    "SHA-1": _leaf("weak-signature", hash="SHA1"),
    "SHA-1 and RSA": _leaf("weak-signature", "rsa", hash="SHA1"),
    "MD5": _leaf("weak-signature", "rsa", hash="MD5"),
    "for clients": _leaf("wrong-usage", usage=[CLIENT]),
    "for any use": _leaf("wrong-usage", usage=[ANY]),
    "key not for TLS": _leaf("wrong-usage", key_usage=frozenset({"crl_sign"})),
    "expired issuer": _leaf("expired", "expired"),
    "expired root": replace(_leaf("expired", by="expired root"), send=(), store=["expired root"]),
    "plain root": replace(_leaf("not-a-ca", by="plain root"), send=(), store=["plain root"]),
    "bare root": replace(_leaf("", by="bare root"), send=(), store=["bare root"]),
    "issuer may not sign": _leaf("no-certsign", "mute"),
    "issuer is no CA": _leaf("not-a-ca", "no ca"),
    "issuer does not say it is a CA": _leaf("not-a-ca", "vague"),
    "issuer for clients": _leaf("wrong-usage", "client ca"),
    "one CA too many": _leaf("path-length", "below", "inter"),
    "outside of a constraint": _leaf("name-constraints", "constrained"),
    "inside of an exclusion": _leaf("name-constraints", "excluding"),
    "address outside of a constraint": _leaf(
        "name-constraints", "permitting", names=[HOST, "198.51.100.1"]
    ),
    "outside of the branch": _leaf("name-constraints", "branch"),
    "CA as server": _leaf("ca-as-leaf", authority=True, key_usage=TLS_KEY | CA_KEY),
    "CA key as server": _leaf("ca-as-leaf wrong-usage", authority=True, key_usage=CA_KEY),
    "misordered": replace(_leaf("misordered-chain", "below wide"), send=["wide", "below wide"]),
    "unneeded": _leaf("unused-certificate", "inter", "other"),
    "crossed": _leaf("unused-certificate", "inter", "inter crossed"),
    "crossed, the other first": _leaf(
        "missing-issuer unused-certificate", "inter crossed", "inter", by="inter"
    ),
    "root sent": _leaf("root-sent", "inter", "root"),
    "issuer sent twice": _leaf("unused-certificate", "inter", "inter"),
    "long life": _leaf("long-lifetime", ends=1000),
    "must staple": _leaf("must-staple", more=[(STAPLE, False)]),
    "unreadable extension": _leaf("unreadable", key_usage=None, more=[(_GARBAGE, True)]),
    "evil subject": _leaf("name-mismatch", common_name="evil\x1b[2J", names=["evil\x1b[2J.test"]),
    "expired, wrong name, unknown root": _leaf(
        "expired name-mismatch untrusted-root", "other", begins=-60, ends=-2, names=["www.lab.test"]
    ),
}


# --- making them ------------------------------------------------------------------------------


@functools.cache
def entry(name: str) -> Entry:
    return build(KINDS[name])


def build(kind: Kind) -> Entry:
    """The chain of a kind, made anew."""
    leaf, key = make(kind.recipe)
    roots = tuple(leaf if name == "leaf" else authority(name)[0] for name in kind.store)
    return Entry(kind, (leaf, *(authority(name)[0] for name in kind.send)), key, roots)


@functools.cache
def authority(name: str) -> tuple[x509.Certificate, Key]:
    return make(AUTHORITIES[name])


def make(
    recipe: Recipe, by: tuple[x509.Certificate, Key] | None = None
) -> tuple[x509.Certificate, Key]:
    """The certificate, and its key; `by` is an issuer that is not in the table."""
    key = _key(recipe.key)
    own = _name(recipe.common_name)
    above, signer = by or (authority(recipe.by) if recipe.by else (None, key))
    if recipe.hash in ("SHA1", "MD5"):
        draft = x509.CertificateSigningRequestBuilder().subject_name(own)
        request = _extended(draft, recipe, key, signer).sign(key, hashes.SHA256())
        return _signed_weakly(request, above, signer, recipe.hash), key
    builder = (
        x509.CertificateBuilder()
        .subject_name(own)
        .issuer_name(_name(recipe.issuer) if recipe.issuer else above.subject if above else own)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=recipe.begins))
        .not_valid_after(NOW + timedelta(days=recipe.ends))
    )
    builder = _extended(builder, recipe, key, signer)
    certificate = _signed(builder, signer, recipe)
    return _damaged(certificate) if recipe.is_damaged else certificate, key


def _signed(builder: x509.CertificateBuilder, signer: Key, recipe: Recipe) -> x509.Certificate:
    if isinstance(signer, ed25519.Ed25519PrivateKey):
        return builder.sign(signer, None)
    digest = getattr(hashes, recipe.hash)()
    scheme = padding.PSS(padding.MGF1(digest), digest.digest_size) if recipe.is_pss else None
    return builder.sign(signer, digest, rsa_padding=scheme)


def _damaged(certificate: x509.Certificate) -> x509.Certificate:
    octets = der(certificate)
    return x509.load_der_x509_certificate(octets[:-1] + bytes([octets[-1] ^ 1]))


def _name(common_name: str | None) -> x509.Name:
    organisation = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Lab")
    if common_name is None:
        return x509.Name([organisation])
    return x509.Name([organisation, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _key(kind: str) -> Key:
    if kind.startswith("key of "):
        return authority(kind.removeprefix("key of "))[1]
    if kind.startswith("rsa"):
        return rsa.generate_private_key(65537, int(kind.removeprefix("rsa")))
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    curves = {"ec": ec.SECP256R1(), "p384": ec.SECP384R1(), "p192": ec.SECP192R1()}
    return ec.generate_private_key(curves[kind])


def _extended(builder: Builder, recipe: Recipe, key: Key, signer: Key) -> Builder:
    named = _key("ec") if recipe.key_identifier == "wrong" else signer
    made: list[tuple[x509.ExtensionType, bool]] = [*recipe.more]
    made.append((x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False))
    if recipe.authority is not None:
        made.append((x509.BasicConstraints(recipe.authority, recipe.path_length), True))
    if recipe.key_usage is not None:
        chosen = {use: use in recipe.key_usage for use in _KEY_USAGES}
        made.append((x509.KeyUsage(**chosen), True))
    if recipe.usage:
        made.append((x509.ExtendedKeyUsage(recipe.usage), False))
    if recipe.key_identifier:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(named.public_key())
        made.append((identifier, False))
    if recipe.permitted or recipe.excluded:
        trees = x509.NameConstraints(recipe.permitted or None, recipe.excluded or None)
        made.append((trees, True))
    if recipe.names:
        made.append((x509.SubjectAlternativeName([_general(name) for name in recipe.names]), False))
    for extension, is_critical in made:
        builder = builder.add_extension(extension, critical=is_critical)
    return builder


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name.removeprefix("dns:"))


def _signed_weakly(
    request: x509.CertificateSigningRequest, issuer: x509.Certificate, signer: Key, digest: str
) -> x509.Certificate:
    """The certificate, by the openssl command: cryptography signs with SHA-1 and MD5 no more."""
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder, name) for name in ("request", "issuer", "key", "signed")}
        files["request"].write_bytes(request.public_bytes(serialization.Encoding.PEM))
        files["issuer"].write_bytes(pem(issuer))
        files["key"].write_bytes(private(signer))
        given = ["-in", files["request"], "-CA", files["issuer"], "-CAkey", files["key"]]
        wanted = ["-copy_extensions", "copyall", "-set_serial", "4242", "-days", "40"]
        command = ["openssl", "x509", "-req", *given, *wanted, f"-{digest.lower()}"]
        subprocess.run([*command, "-out", files["signed"]], check=True, capture_output=True)
        return x509.load_pem_x509_certificate(files["signed"].read_bytes())


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def pem(*certificates: x509.Certificate) -> bytes:
    encoding = serialization.Encoding.PEM
    return b"".join(certificate.public_bytes(encoding) for certificate in certificates)


def private(key: Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


# --- what OpenSSL says ------------------------------------------------------------------------


def refusal(entry: Entry) -> str | None:
    """Why OpenSSL does not take the chain, in a handshake in memory; None if it does."""
    host = entry.kind.host.removesuffix(".")
    name = host if host.isascii() else host.encode("idna").decode()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        ours = client_context(entry.roots).wrap_bio(incoming, outgoing, server_hostname=name)
        theirs = server_context(entry).wrap_bio(outgoing, incoming, server_side=True)
        _shake_hands(ours, theirs)
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    except ssl.SSLError as error:  # a server cannot load it, or no cipher suite goes with it
        return error.reason
    return None


def _shake_hands(*sides: ssl.SSLObject) -> None:
    waiting = list(sides)
    while waiting:
        for side in tuple(waiting):
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
                waiting.remove(side)


def client_context(roots: Sequence[x509.Certificate]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_mode = ssl.CERT_REQUIRED
    context.check_hostname = True
    context.hostname_checks_common_name = False
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.set_ciphers("DEFAULT:@SECLEVEL=2")
    context.load_verify_locations(cadata=pem(*roots).decode())
    return context


def server_context(entry: Entry) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")  # or it would not load a weak key
    with tempfile.NamedTemporaryFile() as file:
        file.write(pem(*entry.chain) + private(entry.key))
        file.flush()
        context.load_cert_chain(file.name)
    return context
