"""TLSA records against the certificates a server sent (RFC 6698, RFC 7671, RFC 7672).

1. Usage 3 is about the server's key alone: names and dates do not matter (RFC 7672, 3.1.1).
2. Usage 2 names an authority: it must be on the way up, and all below it must be sound, for
   one of the names in question (3.1.2).
3. Usages 0 and 1 are of no use to SMTP (3.1.3), and so is what cannot be read.
4. Of the hashes of one usage and selector only the strongest counts (RFC 7671, 9).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from smtpconsole.net import certificates
from smtpconsole.net.diagnosis import diagnose
from smtpconsole.smtp.facts import Match, TlsaAnswer, TlsaRecord

_HASHES = {1: hashlib.sha256, 2: hashlib.sha512}
_HASH_NAMES = {0: "as it stands", 1: "SHA-256", 2: "SHA-512"}
_SELECTORS = {0: "certificate", 1: "key"}
_DANE_TA, _DANE_EE = 2, 3


def match(chain: Sequence[bytes], answer: TlsaAnswer) -> tuple[Match, ...]:
    """How each record fares, in the order of the records; `chain` is DER, the server's first."""
    return tuple(_one(record, chain, answer) for record in answer.records)


def _one(record: TlsaRecord, chain: Sequence[bytes], answer: TlsaAnswer) -> Match:
    if reason := unusable(record):
        return Match(record, "unusable", reason)
    if _is_weaker(record, answer.records):
        return Match(record, "weaker", "a record with a stronger hash is there, and counts instead")
    if record.usage == _DANE_EE:
        return _end_entity(record, chain)
    return _authority(record, chain, answer.names)


def unusable(record: TlsaRecord) -> str:
    """Why no sender can use the record; empty if it can."""
    if record.usage in (0, 1):
        return f"usage {record.usage} asks for a public CA, which mail does not use: take 3 1 1"
    if record.usage not in (_DANE_TA, _DANE_EE):
        return f"usage {record.usage} is not known"
    if record.selector not in _SELECTORS:
        return f"selector {record.selector} is not known"
    if record.matching not in _HASH_NAMES:
        return f"matching type {record.matching} is not known"
    if record.matching in _HASHES:
        size = _HASHES[record.matching]().digest_size
        if len(record.data) != size:
            return f"a {_HASH_NAMES[record.matching]} has {size} octets, not {len(record.data)}"
    return "" if record.data else "it is empty"


def _is_weaker(record: TlsaRecord, records: Sequence[TlsaRecord]) -> bool:
    return record.matching == 1 and any(
        (other.usage, other.selector, other.matching) == (record.usage, record.selector, 2)
        for other in records
        if not unusable(other)
    )


def _end_entity(record: TlsaRecord, chain: Sequence[bytes]) -> Match:
    what = _SELECTORS[record.selector]
    if chain and _fits(record, chain[0]):
        return Match(record, "matches", f"it is the server's {what}; names and dates do not matter")
    own = _data(record, chain[0]).hex() if chain else ""
    shown = f"; the server's is {own}" if own and record.matching else ""
    return Match(record, "differs", f"it is not the server's {what}{shown}")


def _authority(record: TlsaRecord, chain: Sequence[bytes], names: Sequence[str]) -> Match:
    troubles = ""
    for anchor in _anchors(record, chain):
        whose = f'"{certificates.subject(anchor)}"'
        if not (troubles := _troubles(record, chain, names, anchor)):
            return Match(record, "matches", f"it is {whose}, which vouches for the server")
        troubles = f"it is {whose}, but {troubles}"
    what = _SELECTORS[record.selector]
    missing = f"it is the {what} of no certificate that the server sends"
    return Match(record, "differs", troubles or missing)


def _anchors(record: TlsaRecord, chain: Sequence[bytes]) -> Iterator[x509.Certificate]:
    ders = [der for der in chain if _fits(record, der)]
    if not ders and (record.selector, record.matching) == (0, 0):
        ders = [record.data]  # the record holds the authority, so it need not be sent
    for der in ders:
        if (found := certificates.read(der)) is not None:
            yield found


def _troubles(
    record: TlsaRecord, chain: Sequence[bytes], names: Sequence[str], anchor: x509.Certificate
) -> str:
    """What is unsound below the authority, whichever of the names is asked for."""
    ders = [*chain, anchor.public_bytes(Encoding.DER)]
    # The DNS vouches for the authority: its own dates do not matter (so OpenSSL, too).
    trusted = ders.index(ders[-1])
    least: list[str] | None = None
    for name in names or ("",):
        problems = diagnose(chain, name, (anchor,))
        errors = [
            one.text
            for one in problems
            if one.severity == "error" and (one.code, one.depth) != ("expired", trusted)
        ]
        if least is None or len(errors) < len(least):
            least = errors
    return "; ".join(least or ())


def _fits(record: TlsaRecord, der: bytes) -> bool:
    return _data(record, der) == record.data


def _data(record: TlsaRecord, der: bytes) -> bytes:
    """What a record would hold for this certificate; empty if it cannot be read."""
    selected = der if record.selector == 0 else certificates.spki(der)
    if record.matching == 0 or not selected:
        return selected
    return _HASHES[record.matching](selected).digest()


def record_for(der: bytes) -> TlsaRecord:
    """The record to publish for a server with this certificate: 3 1 1 (RFC 7672, 3.1.1)."""
    return TlsaRecord(_DANE_EE, 1, 1, hashlib.sha256(certificates.spki(der)).digest())
