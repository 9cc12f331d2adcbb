"""DIGEST-MD5 (RFC 2831, historic by RFC 6331): MD5 over challenge and password, both ways.

Of its protection for the session nothing is used: that is what TLS is for.
"""

from __future__ import annotations

import hmac
import re
import secrets

from smtpconsole.smtp.sasl import (
    Credentials,
    Failure,
    MechanismError,
    Response,
    Turns,
    mechanism,
)
from smtpconsole.smtp.sasl.digests import md5

_DIRECTIVE = re.compile(
    rb'(?<![\w-])([A-Za-z][\w-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))', re.DOTALL
)
_FIRST = b"00000001"  # how often this nonce has been used
_PAIR = re.compile(rb"\\(.)", re.DOTALL)


def directives(message: bytes) -> list[tuple[str, bytes]]:
    """The directives of a message in their order, quotes resolved."""
    return [
        (name.decode("ascii").lower(), _PAIR.sub(rb"\1", quoted) or token)
        for name, quoted, token in _DIRECTIVE.findall(message)
    ]


def digest_md5(who: Credentials, *, service: bytes = b"smtp", nonce: bytes | None = None) -> Turns:
    """`service` and `nonce` are others in tests alone."""
    challenge = yield b""
    said = directives(challenge)
    known = dict(reversed(said))
    if "nonce" not in known:
        raise MechanismError("the server's challenge has no nonce")
    _check(known)
    realm = _realm(who, [value for name, value in said if name == "realm"])
    uri = b"%b/%b" % (service, who.channel.host.encode("ascii", "replace") or realm)
    client_nonce = nonce if nonce is not None else secrets.token_urlsafe(18).encode("ascii")
    proofs = _Proofs(who, realm, known["nonce"], client_nonce, uri)
    parts = [
        ("charset", b"utf-8", False),
        ("username", who.user, True),
        ("realm", realm, True),
        ("nonce", known["nonce"], True),
        ("nc", _FIRST, False),
        ("cnonce", client_nonce, True),
        ("digest-uri", uri, True),
        ("response", proofs.of(b"AUTHENTICATE"), False),
        ("qop", b"auth", False),
        ("authzid", who.authzid, True),
    ]
    absent = {
        *(() if "charset" in known else ("charset",)),
        *(() if realm or "realm" in known else ("realm",)),
        *(() if who.authzid else ("authzid",)),
    }
    answer = _written([part for part in parts if part[0] not in absent])
    final = yield Response(answer, proves_later=True)
    _verify(final, proofs.of(b""))
    yield b""


class _Proofs:
    """The digests of both sides (RFC 2831, 2.1.2.1 and 2.1.3)."""

    def __init__(
        self, who: Credentials, realm: bytes, nonce: bytes, client_nonce: bytes, uri: bytes
    ) -> None:
        secret = md5(b":".join(map(_hashed, (who.user, realm, who.password))))
        parts = [secret, nonce, client_nonce]
        key = md5(b":".join([*parts, who.authzid] if who.authzid else parts))
        self._before = b":".join((key.hex().encode(), nonce, _FIRST, client_nonce, b"auth"))
        self._uri = uri

    def of(self, method: bytes) -> bytes:
        after = md5(b"%b:%b" % (method, self._uri)).hex().encode()
        return md5(b"%b:%b" % (self._before, after)).hex().encode()


def _verify(message: bytes, expected: bytes) -> None:
    """MechanismError unless the server proves that it knows the password."""
    proof = dict(directives(message)).get("rspauth")
    if proof is None:
        raise MechanismError(
            "the server gives no proof that it knows the password; it may be an impostor",
            Failure.UNPROVEN,
        )
    if not hmac.compare_digest(proof.lower(), expected):
        raise MechanismError(
            "the server's proof is wrong: it does not know the password, and may be an impostor",
            Failure.UNPROVEN,
        )


def _check(known: dict[str, bytes]) -> None:
    if known.get("algorithm", b"md5-sess").lower() != b"md5-sess":
        raise MechanismError("the server wants another algorithm than md5-sess")
    offered = [each.strip().lower() for each in known.get("qop", b"auth").split(b",")]
    if b"auth" not in offered:
        raise MechanismError(
            "the server insists on DIGEST-MD5's own protection of the session, which is not "
            "known here; use TLS and another mechanism",
            Failure.UNUSABLE,
        )


def _realm(who: Credentials, offered: list[bytes]) -> bytes:
    """The realm that fits the user's domain, or the first."""
    domain = who.user.rpartition(b"@")[2]
    fitting = [realm for realm in offered if realm.lower() == domain.lower()]
    return (fitting or offered or [b""])[0]


def _hashed(octets: bytes) -> bytes:
    """What is hashed: ISO 8859-1 where that has all the characters (RFC 2831, 2.1.2.1)."""
    try:
        return octets.decode().encode("latin-1")
    except UnicodeError:
        return octets


def _written(parts: list[tuple[str, bytes, bool]]) -> bytes:
    written = []
    for name, value, is_quoted in parts:
        if is_quoted:
            value = b'"%b"' % value.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
        written.append(name.encode("ascii") + b"=" + value)
    return b",".join(written)


mechanism("DIGEST-MD5", strength=25, speaks_first=False)(digest_md5)
