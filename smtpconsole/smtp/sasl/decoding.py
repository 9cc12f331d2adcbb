"""What challenges and responses say, field by field, for people.

1. Total: whatever the octets are, there are fields; nothing here raises.
2. What is secret is marked so where it is read, and never in a field's value.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from smtpconsole.smtp.sasl import MechanismError, family, ntlm
from smtpconsole.smtp.sasl.digest_md5 import directives
from smtpconsole.smtp.sasl.oauth import error_fields
from smtpconsole.smtp.sasl.scram import ERRORS
from smtpconsole.smtp.sasl.tokens import token_facts


@dataclass(frozen=True, slots=True)
class Field:
    """A part of a message, and what it is; foreign text as it came."""

    name: str
    value: str
    note: str = ""


def secret(name: str, octets: bytes, note: str = "") -> Field:
    """A field whose value is told by its length alone."""
    return Field(name, f"[{len(octets)} octets not shown]", note)


def decode_challenge(mechanism: str, octets: bytes) -> tuple[Field, ...]:
    """What the server says in a challenge, which is decoded from base64 already."""
    return tuple(_reader(_CHALLENGES, mechanism)(octets)) if octets else ()


def decode_response(mechanism: str, octets: bytes, *, number: int = 0) -> tuple[Field, ...]:
    """What the client says in its response of that number, the first being 0."""
    if not octets:
        return (Field("(empty)", ""),)
    if mechanism.upper() == "LOGIN":
        return (_named("user", octets) if number == 0 else secret("password", octets),)
    return tuple(_reader(_RESPONSES, mechanism)(octets))


# --- one reader for each mechanism ------------------------------------------------------------

Reader = Callable[[bytes], Iterator[Field]]


def _reader(readers: dict[str, Reader], mechanism: str) -> Reader:
    return readers.get(family(mechanism), readers[""])


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "surrogateescape")


def _named(name: str, octets: bytes, note: str = "") -> Field:
    return Field(name, _text(octets), note)


def _prompt(octets: bytes) -> Iterator[Field]:
    yield _named("prompt", octets.rstrip(b"\0"))


def _challenge(octets: bytes) -> Iterator[Field]:
    yield _named("challenge", octets)


def _unknown(octets: bytes) -> Iterator[Field]:
    yield secret("response", octets, "of a mechanism that is not known here")


def _plain(octets: bytes) -> Iterator[Field]:
    parts = octets.split(b"\0", 2)
    if len(parts) < 3:
        yield secret("response", octets, "it should have two NULs and has fewer (RFC 4616)")
        return
    if parts[0]:
        yield _named("act as", parts[0])
    yield _named("user", parts[1])
    yield secret("password", parts[2])


def _cram(octets: bytes) -> Iterator[Field]:
    user, _, digest = octets.rpartition(b" ")
    yield _named("user", user)
    yield secret("digest", digest, "of the challenge, keyed with the password")


def _external(octets: bytes) -> Iterator[Field]:
    yield _named("act as", octets)


def _anonymous(octets: bytes) -> Iterator[Field]:
    yield _named("trace", octets)


# SCRAM (RFC 5802, 5.1)

_GS2 = {
    b"n": "no channel binding",
    b"y": "channel binding would be possible, and the server does not offer it",
}
_SCRAM = {
    "a": "act as",
    "n": "user",
    "r": "nonce",
    "m": "mandatory extension",
    "s": "salt",
    "i": "rounds",
    "e": "error",
}


def _scram(octets: bytes) -> Iterator[Field]:
    if octets[:2] in (b"n,", b"y,", b"p="):
        flag, _, octets = octets.partition(b",")
        yield _gs2(flag)
    for part in octets.split(b","):
        letter, equals, value = part.partition(b"=")
        if equals:
            yield _scram_attribute(letter.decode("ascii", "replace"), value)


def _gs2(flag: bytes) -> Field:
    if flag.startswith(b"p="):
        return Field("binding", f"bound to this TLS session by {_text(flag[2:])}")
    return Field("binding", _GS2[flag])


def _scram_attribute(letter: str, value: bytes) -> Field:
    match letter:
        case "p":
            return secret("proof", value, "that the client knows the password")
        case "v":
            return secret("proof", value, "that the server knows the password")
        case "c":
            return Field("binding", _bound(value))
        case "a" | "n":
            return _named(_SCRAM[letter], value.replace(b"=2C", b",").replace(b"=3D", b"="))
        case "e":
            note = ERRORS.get(_text(value), (None, ""))[1]
            return _named("error", value, note)
    return _named(_SCRAM.get(letter, letter), value)


def _bound(value: bytes) -> str:
    try:
        octets = base64.b64decode(value, validate=True)
    except ValueError:
        return "not base64"
    flag, _, rest = octets.partition(b",")
    binding = rest.partition(b",")[2]
    name = _text(flag[2:]) if flag.startswith(b"p=") else _GS2.get(flag, "unknown")
    return f"{name} {binding.hex()}".rstrip()


# DIGEST-MD5 (RFC 2831)

_PROOFS = {
    "response": "proof that the client knows the password",
    "rspauth": "proof that the server knows the password",
}


def _digest(octets: bytes) -> Iterator[Field]:
    for name, value in directives(octets):
        proof = _PROOFS.get(name)
        yield secret(name, value, proof) if proof is not None else _named(name, value)


# OAuth (RFC 7628)


def _oauth(octets: bytes) -> Iterator[Field]:
    if octets == b"\x01":
        yield Field("(nothing more)", "", "the answer to an error, RFC 7628, 3.2.3")
        return
    for part in octets.split(b"\x01"):
        name, equals, value = part.partition(b"=")
        if name.lower() == b"auth" and equals:
            kind, _, token = value.partition(b" ")
            yield secret("token", token, _text(kind))
            yield from (Field(f"token's {name}", fact) for name, fact in token_facts(token))
        elif part.startswith((b"n,", b"y,")):
            yield _named("act as", part[2:].rstrip(b",").removeprefix(b"a="))
        elif part:
            yield _named(_text(name), value)


def _oauth_error(octets: bytes) -> Iterator[Field]:
    fields = error_fields(octets)
    if fields is None:
        yield _named("challenge", octets, "this should be JSON")
        return
    for name, value in fields.items():
        yield Field(str(name), str(value))


# NTLM (MS-NLMP)


def _ntlm_challenge(octets: bytes) -> Iterator[Field]:
    try:
        challenge = ntlm.parse_challenge(octets)
    except MechanismError:
        yield _named("challenge", octets)
        return
    yield Field("target", challenge.target)
    yield Field("nonce", challenge.nonce.hex())
    yield Field("flags", f"0x{challenge.flags:08x}")
    if challenge.version:
        yield Field("Windows", challenge.version)
    for number, value in challenge.pairs:
        yield Field(ntlm.PAIRS.get(number, f"pair {number}"), _pair(number, value))


def _pair(number: int, value: bytes) -> str:
    if number == 7 and len(value) == 8:
        seconds = struct.unpack("<Q", value)[0] / 10_000_000 - 11_644_473_600
        if 0 <= seconds < 253_402_300_800:
            return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
    return value.hex() if number in (6, 7, 8, 10) else value.decode("utf-16-le", "replace")


def _ntlm_response(octets: bytes) -> Iterator[Field]:
    kind = octets[8:12] if octets.startswith(ntlm.SIGNATURE) else b""
    if kind == b"\1\0\0\0":
        yield Field("message", "negotiation", "NTLM type 1")
    elif kind == b"\3\0\0\0" and len(octets) >= 64:
        yield Field("message", "authentication", "NTLM type 3")
        domain, user = (ntlm.name(octets, at) for at in (28, 36))
        yield Field("domain", domain)
        yield Field("user", user)
        yield secret("response", ntlm.buffer(octets, 20), "computed from the password")
    else:
        yield secret("response", octets, "no NTLM message")


_CHALLENGES: dict[str, Reader] = {
    "LOGIN": _prompt,
    "SCRAM": _scram,
    "DIGEST-MD5": _digest,
    "XOAUTH2": _oauth_error,
    "OAUTHBEARER": _oauth_error,
    "NTLM": _ntlm_challenge,
    "": _challenge,
}

_RESPONSES: dict[str, Reader] = {
    "PLAIN": _plain,
    "CRAM-MD5": _cram,
    "DIGEST-MD5": _digest,
    "SCRAM": _scram,
    "XOAUTH2": _oauth,
    "OAUTHBEARER": _oauth,
    "EXTERNAL": _external,
    "ANONYMOUS": _anonymous,
    "NTLM": _ntlm_response,
    "": _unknown,
}
