"""Pins: the one certificate or the one key that a server must have.

    sha256//BASE64        of the key, as curl writes it
    spki:HEX              of the key (SubjectPublicKeyInfo), SHA-256
    cert:HEX              of the whole certificate, SHA-256; colons are welcome

Only the server's own certificate counts: any other could be sent along by anybody.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Literal

from smtpconsole.smtp.facts import CertificateFacts, Problem

Pin = tuple[Literal["spki", "cert"], bytes]

_FORMS = "write it as sha256//BASE64, spki:HEX or cert:HEX"


def parse(text: str) -> Pin:
    """What is pinned, and the SHA-256 of it; ValueError if it cannot be read."""
    kind: Literal["spki", "cert"] = "spki"
    try:
        if text.startswith("sha256//"):
            digest = base64.b64decode(text[8:], validate=True)
        else:
            word, _, value = text.partition(":")
            word = word.lower().removesuffix("-sha256")
            if word not in ("spki", "cert"):
                raise ValueError(f"{text!r} is no pin; {_FORMS}")
            kind = "spki" if word == "spki" else "cert"
            digest = bytes.fromhex(value.replace(":", ""))
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"{text!r} is no pin; {_FORMS}") from error
    if len(digest) != 32:
        raise ValueError(f"{text!r} is no pin: a SHA-256 has 32 octets, not {len(digest)}")
    return kind, digest


def mismatch(chain: Sequence[CertificateFacts], pins: Sequence[str]) -> Problem | None:
    """What to say of a server that has none of the pins; None if it has one, or none are set."""
    if not pins:
        return None
    found = "it sends no certificate"
    if chain:
        own = {"cert": _octets(chain[0].sha256), "spki": _octets(chain[0].spki_sha256)}
        if any(own[kind] == digest for kind, digest in map(parse, pins)):
            return None
        found = f"its key is {of_key(chain[0])}"
    return Problem(
        "error",
        "pin-mismatch",
        0,
        f"does not match the {'pin' if len(pins) == 1 else f'{len(pins)} pins'}: {found}",
        "The server has a new key, or is another: ask its operator before you trust it",
    )


def of_key(certificate: CertificateFacts) -> str:
    """The pin of a certificate's key, in curl's form."""
    return f"sha256//{base64.b64encode(_octets(certificate.spki_sha256)).decode('ascii')}"


def _octets(colons: str) -> bytes:
    return bytes.fromhex(colons.replace(":", ""))
