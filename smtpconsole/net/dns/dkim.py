"""DKIM (RFC 6376): the key that a selector stands for; which selectors there are nobody tells."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import TYPE_CHECKING

from smtpconsole.net.dns import tags
from smtpconsole.smtp.remarks import Remark, by_severity

if TYPE_CHECKING:
    from smtpconsole.net.dns.resolver import Resolver

_RFC = "RFC 6376 3.6.1"
_KNOWN = frozenset({"v", "h", "k", "n", "p", "s", "t"})
_ED25519 = 32  # octets of a key (RFC 8463, 4)


async def dkim(resolver: Resolver, domain: str, selector: str) -> tags.Published:
    """The key record of a selector."""
    name = f"{selector}._domainkey.{domain}"
    answer, found = await tags.texts(resolver, name, "")
    found = [each for each in found if "p=" in each]
    if not found:
        return tags.absent("DKIM", answer)
    record = tags.read(found[0])
    remarks = [*record.remarks("DKIM", _KNOWN, _RFC), *_lint(record)]
    if len(found) > 1:
        remarks.append(tags.more_than_one("DKIM", len(found), "RFC 6376 3.6.2.2"))
    return tags.Published("DKIM", answer.name, found[0], remarks=by_severity(remarks))


def _lint(record: tags.Tags) -> Iterator[Remark]:
    if "v" in record.values and (record.values["v"] != "DKIM1" or record.order[0] != "v"):
        yield Remark("error", "dkim-version", "v must be DKIM1, and stand first", "", _RFC)
    if "y" in record.values.get("t", "").split(":"):
        text = "t=y: the domain tests, and asks that a bad signature count for nothing"
        yield Remark("info", "dkim-testing", text, "take it away when done", _RFC)
    if "sha1" in record.values.get("h", "").split(":"):
        text = "SHA-1 signatures are allowed, and must not be used"
        yield Remark("warning", "dkim-sha1", text, "write h=sha256, or leave it", "RFC 8301 3.1")
    yield from _key(record.values.get("k", "rsa"), "".join(record.values.get("p", "").split()))


def _key(kind: str, text: str) -> Iterator[Remark]:
    if not text:
        said = "the key has been revoked: signatures with it are bad"
        yield Remark("warning", "dkim-revoked", said, "sign with another selector", _RFC)
        return
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError:  # of base64, or of octets beyond ASCII
        yield Remark("error", "dkim-key", "the key is no base64", "publish it anew", _RFC)
        return
    if kind == "ed25519":
        if len(key) != _ED25519:
            said = f"the Ed25519 key has {len(key)} octets, and needs {_ED25519}"
            yield Remark("error", "dkim-key", said, "publish it anew", "RFC 8463 4")
    elif kind == "rsa":
        yield from _rsa(key)
    else:
        said = f"k={kind[:30]} is no kind of key that is known"
        yield Remark("error", "dkim-kind", said, "use rsa or ed25519", _RFC)


def _rsa(key: bytes) -> Iterator[Remark]:
    bits = _bits(key)
    if bits is None:
        said = "the key is no RSA public key"
        yield Remark("error", "dkim-key", said, "publish it anew", _RFC)
    elif bits < 1024:
        said = f"the RSA key has {bits} bits, and verifiers refuse less than 1024"
        yield Remark("error", "dkim-weak", said, "make one of 2048", "RFC 8301 3.2")
    elif bits < 2048:
        said = f"the RSA key has {bits} bits, and should have 2048"
        yield Remark("warning", "dkim-short", said, "make one of 2048", "RFC 8301 3.2")


def _bits(key: bytes) -> int | None:
    """The size of an RSA public key, SubjectPublicKeyInfo or bare; None if it is none."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        found = load_der_public_key(key)
    except (ValueError, UnsupportedAlgorithm):
        return None
    return found.key_size if isinstance(found, RSAPublicKey) else None
