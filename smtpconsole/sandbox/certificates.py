"""Certificates for the sandbox, from an authority made afresh each time and trusted by nobody."""

from __future__ import annotations

import datetime
import ssl
from dataclasses import dataclass
from typing import Any

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_VERSIONS = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}
_LIFE = datetime.timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Identity:
    """What a server shows, and what a client must trust to believe it."""

    context: ssl.SSLContext
    authority: trustme.CA
    names: tuple[str, ...]

    @property
    def ca_pem(self) -> bytes:
        """The certificate of the authority."""
        return self.authority.cert_pem.bytes()

    def variant(self, wish: dict[str, Any]) -> ssl.SSLContext:
        """A context that does TLS otherwise: `certificate` is one of `KINDS`, `minimum` and
        `maximum` are versions, `ciphers` a list in OpenSSL's words, `tickets` how many are sent;
        with `demands` the client must show a certificate, too."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        KINDS[wish.get("certificate", "good")](self, context)
        if "ciphers" in wish:
            context.set_ciphers(wish["ciphers"])
        _set_versions(context, wish)
        context.num_tickets = wish.get("tickets", 2)
        if wish.get("demands"):
            context.verify_mode = ssl.CERT_REQUIRED
            self.authority.configure_trust(context)
        return context


def _set_versions(context: ssl.SSLContext, wish: dict[str, Any]) -> None:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the versions that are wished for
        if "minimum" in wish:
            context.minimum_version = _VERSIONS[wish["minimum"]]
        if "maximum" in wish:
            context.maximum_version = _VERSIONS[wish["maximum"]]


def good(*names: str) -> Identity:
    """A certificate without fault for these host names and addresses."""
    authority = trustme.CA(organization_name="smtpconsole sandbox")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    identity = Identity(context, authority, names)
    _good(identity, context)
    return identity


def _issue(identity: Identity, context: ssl.SSLContext, *names: str, **more: Any) -> None:
    names = names or identity.names
    more.setdefault("not_before", _now() - datetime.timedelta(days=1))
    more.setdefault("not_after", _now() + _LIFE)
    leaf = identity.authority.issue_cert(*names, common_name=names[-1], **more)
    leaf.configure_cert(context)


def _good(identity: Identity, context: ssl.SSLContext) -> None:
    _issue(identity, context)


def _rsa(identity: Identity, context: ssl.SSLContext) -> None:
    _issue(identity, context, key_type=trustme.KeyType.RSA)


def _expired(identity: Identity, context: ssl.SSLContext) -> None:
    ended = _now() - datetime.timedelta(days=12)
    _issue(identity, context, not_before=ended - _LIFE, not_after=ended)


def _future(identity: Identity, context: ssl.SSLContext) -> None:
    begins = _now() + datetime.timedelta(days=30)
    _issue(identity, context, not_before=begins, not_after=begins + _LIFE)


def _wrong_name(identity: Identity, context: ssl.SSLContext) -> None:
    _issue(identity, context, "mail.elsewhere.example", "elsewhere.example")


def _self_signed(identity: Identity, context: ssl.SSLContext) -> None:
    _own(context, identity.names[-1], [x509.DNSName("localhost"), x509.DNSName(identity.names[-1])])


def _incomplete(identity: Identity, context: ssl.SSLContext) -> None:
    middle = identity.authority.create_child_ca()
    names = identity.names
    begins = _now() - datetime.timedelta(days=1)
    leaf = middle.issue_cert(
        *names, common_name=names[-1], not_before=begins, not_after=begins + _LIFE
    )
    chain, own = leaf.cert_chain_pems[0], leaf.private_key_pem
    _load(context, chain.bytes(), own.bytes())


def _hostile(identity: Identity, context: ssl.SSLContext) -> None:
    name = "\x1b]0;owned\x07\x1b[2J[bold]\u202ehost\x00"
    _own(context, name, [x509.DNSName("localhost"), x509.DNSName("\x1b[31mred.example")])


KINDS = {
    "good": _good,
    "rsa": _rsa,
    "expired": _expired,
    "future": _future,
    "wrong-name": _wrong_name,
    "self-signed": _self_signed,
    "incomplete": _incomplete,
    "hostile": _hostile,
}


def _own(context: ssl.SSLContext, name: str, names: list[x509.GeneralName]) -> None:
    """A certificate that has signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_now() - datetime.timedelta(days=1))
        .not_valid_after(_now() + _LIFE)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    _load(context, certificate.public_bytes(serialization.Encoding.PEM), private)


def _load(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """`ssl` takes certificates from files only."""
    import tempfile

    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(certificate + key)
        file.flush()
        context.load_cert_chain(file.name)


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
