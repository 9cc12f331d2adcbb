"""DKIM (RFC 6376): signing a message, and checking what was signed, with dkimpy.

dkimpy comes with the extra `dkim`; without it, DraftError says so.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from smtpconsole.composer.errors import DraftError

Canonicalization = Literal["simple", "relaxed"]
Lookup = Callable[[str], str | None]  # the TXT record of a name


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs: the key's file, and where its other half is published."""

    domain: str
    selector: str
    key: Path

    @property
    def record_name(self) -> str:
        """The name in the DNS at which the public key is looked for (RFC 6376, 3.6.2.1)."""
        return f"{self.selector}._domainkey.{self.domain}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verifier makes of the first signature of a message."""

    is_valid: bool
    reason: str
    domain: str = ""
    selector: str = ""
    headers: bytes = b""  # as they were hashed, canonical
    body: bytes = b""  # likewise


def signed(
    octets: bytes,
    signer: Signer,
    *,
    headers: Canonicalization = "relaxed",
    body: Canonicalization = "relaxed",
) -> bytes:
    """The message with a DKIM-Signature before it; DraftError if the key cannot be used."""
    dkim = _dkim()
    key = _key(signer.key)
    algorithm = b"rsa-sha256"
    if _is_ed25519(key):
        algorithm, key = b"ed25519-sha256", _seed(key)
    try:
        signature: bytes = dkim.sign(
            octets,
            signer.selector.encode("ascii"),
            signer.domain.encode("ascii"),
            key,
            canonicalize=(headers.encode(), body.encode()),
            signature_algorithm=algorithm,
        )
    except (dkim.DKIMException, ValueError, KeyError, TypeError) as error:
        raise DraftError(f"the message cannot be signed: {error}") from error
    return signature + octets


def checked(octets: bytes, lookup: Lookup) -> Verdict:
    """Verify the first signature; `lookup` gives the TXT record of a name, or None."""
    dkim = _dkim()

    def txt(name: bytes, timeout: float = 5) -> bytes | None:
        found = lookup(name.decode("ascii", "replace").rstrip("."))
        return found.encode("ascii", "replace") if found is not None else None

    message = dkim.DKIM(octets)
    tags = _tags(octets)
    try:
        is_valid = bool(message.verify(dnsfunc=txt))
        reason = (
            "it is as it was signed" if is_valid else "the signature does not match the headers"
        )
    except dkim.DKIMException as error:
        is_valid, reason = False, str(error)
    if not tags:
        return Verdict(False, "there is no DKIM-Signature")
    head, body = canonical(octets)
    return Verdict(is_valid, reason, tags.get("d", ""), tags.get("s", ""), head, body)


def canonical(octets: bytes) -> tuple[bytes, bytes]:
    """Headers and body as the first signature's hashes were made over them (RFC 6376, 3.4, 3.7)."""
    dkim = _dkim()
    from dkim.canonicalization import CanonicalizationPolicy

    tags = _tags(octets)
    policy = CanonicalizationPolicy.from_c_value(tags.get("c", "simple/simple").encode())
    fields, body = dkim.rfc822_parse(octets)
    names = [name.strip().encode() for name in tags.get("h", "").lower().split(":")]
    left = policy.canonicalize_headers(fields)
    chosen = []
    for name in names:  # from the bottom up, each once (RFC 6376, 5.4.2)
        for place in range(len(left) - 1, -1, -1):
            if left[place][0].lower() == name:
                chosen.append(left.pop(place))
                break
    return b"".join(b"%b:%b" % tuple(pair) for pair in chosen), policy.canonicalize_body(body)


def public_record(key: Path) -> str:
    """The TXT record to publish for a key's file."""
    private = _loaded(_key(key))
    from cryptography.hazmat.primitives import serialization

    public = private.public_key()
    if _is_ed25519(_key(key)):
        raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return f"v=DKIM1; k=ed25519; p={base64.b64encode(raw).decode()}"
    der = public.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return f"v=DKIM1; k=rsa; p={base64.b64encode(der).decode()}"


def _dkim() -> Any:
    try:
        import dkim
    except ImportError as error:
        problem = "DKIM needs the package dkimpy: pip install 'smtpconsole[dkim]'"
        raise DraftError(problem) from error
    return dkim


def _key(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise DraftError(f"the key {path} cannot be read: {why}") from error


def _loaded(key: bytes) -> Any:
    from cryptography.hazmat.primitives import serialization

    try:
        return serialization.load_pem_private_key(key, None)
    except (ValueError, TypeError) as error:
        problem = (
            "the key is no private key in PEM without a password; make one with openssl genrsa"
        )
        raise DraftError(problem) from error


def _is_ed25519(key: bytes) -> bool:
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

    private = _loaded(key)
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return True
    if isinstance(private, rsa.RSAPrivateKey):
        return False
    raise DraftError("DKIM knows RSA and Ed25519 keys; this one is another (RFC 8463)")


def _seed(key: bytes) -> bytes:
    """An Ed25519 key as dkimpy wants it."""
    from cryptography.hazmat.primitives import serialization

    raw: bytes = _loaded(key).private_bytes(
        serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption()
    )
    return base64.b64encode(raw)


def _tags(octets: bytes) -> dict[str, str]:
    from smtpconsole.composer.lint import Content

    values = Content(octets).values("dkim-signature")
    if not values:
        return {}
    text = b"".join(values[0].split()).decode("ascii", "replace")
    pairs = (tag.partition("=") for tag in text.split(";") if "=" in tag)
    return {name.strip(): value.strip() for name, _, value in pairs}
