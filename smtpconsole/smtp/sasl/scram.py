"""SCRAM (RFC 5802, 7677): proves the password to the server, and the server to the client.

The forms with -PLUS are bound to the TLS session (RFC 5929, 9266): a man in the middle, who has
another one with the server, cannot pass the proof on.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from functools import partial

from smtpconsole.smtp.sasl import (
    Credentials,
    Failure,
    MechanismError,
    Response,
    Turns,
    mechanism,
)
from smtpconsole.smtp.sasl.preparation import prepared

LEAST_ROUNDS = 4096  # RFC 7677, 4: fewer make the password cheap to guess for whoever listens
MOST_ROUNDS = 2_000_000  # more would keep this machine busy for the server's pleasure

# What a server may say instead of its proof (RFC 5802, 7).
ERRORS = {
    "invalid-proof": (Failure.CREDENTIALS, "the password is not the one that the server knows"),
    "unknown-user": (Failure.CREDENTIALS, "the server knows no such user"),
    "invalid-username-encoding": (Failure.CREDENTIALS, "the server cannot read the user's name"),
    "channel-bindings-dont-match": (
        Failure.UNPROVEN,
        "the server sees another TLS session than we do: somebody is between us",
    ),
    "server-does-support-channel-binding": (
        Failure.UNPROVEN,
        "the server offers channel binding, but we were told that it does not: "
        "somebody has changed its offer",
    ),
    "channel-binding-not-supported": (
        Failure.MECHANISM,
        "the server does no channel binding; the form without -PLUS may do",
    ),
    "unsupported-channel-binding-type": (
        Failure.MECHANISM,
        "the server does not know this type of channel binding",
    ),
    "invalid-encoding": (Failure.PROTOCOL, "the server cannot read what we said"),
    "extensions-not-supported": (Failure.PROTOCOL, "the server wants an extension of SCRAM less"),
    "no-resources": (Failure.TEMPORARY, "the server has no resources for it now"),
    "other-error": (Failure.CREDENTIALS, "the server refuses, and does not say why"),
}


def scram(who: Credentials, digest: str, *, bound: bool, nonce: bytes | None = None) -> Turns:
    """SCRAM with a digest of hashlib's; `nonce` is for tests alone."""
    user, password = prepared(who.user, "user's name"), prepared(who.password, "password")
    header, binding = _gs2(who, bound=bound)
    nonce = nonce if nonce is not None else base64.b64encode(secrets.token_bytes(18))
    bare = b"n=%b,r=%b" % (_escaped(user), nonce)
    first = yield Response(header + bare, proves_later=True)

    salt, rounds, whole_nonce = _server_first(first, nonce)
    salted = hashlib.pbkdf2_hmac(digest, password, salt, rounds)
    without_proof = b"c=%b,r=%b" % (base64.b64encode(header + binding), whole_nonce)
    signed = b",".join((bare, first, without_proof))
    client_key = hmac.digest(salted, b"Client Key", digest)
    signature = hmac.digest(hashlib.new(digest, client_key).digest(), signed, digest)
    proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
    server_key = hmac.digest(salted, b"Server Key", digest)
    expected = hmac.digest(server_key, signed, digest)
    final = yield Response(b"%b,p=%b" % (without_proof, base64.b64encode(proof)), proves_later=True)
    yield _verdict(final, expected)


def _gs2(who: Credentials, *, bound: bool) -> tuple[bytes, bytes]:
    """The header that says what channel binding there is, and the binding (RFC 5802, 6)."""
    channel = who.channel
    authzid = b"a=" + _escaped(prepared(who.authzid, "authorization name")) if who.authzid else b""
    if bound:
        bindings = channel.bindings() if channel.bindings is not None else {}
        if not bindings:
            raise MechanismError(
                "there is no TLS session that can be bound to; the form without -PLUS may do",
                Failure.UNUSABLE,
            )
        kind, binding = next(iter(bindings.items()))
        return b"p=%b,%b," % (kind.encode("ascii"), authzid), binding
    # `y` lets the server notice that somebody has taken the -PLUS forms out of its offer.
    offers_binding = any(
        name.startswith("SCRAM-") and name.endswith("-PLUS") for name in channel.offered
    )
    flag = b"y" if channel.bindings is not None and not offers_binding else b"n"
    return b"%b,%b," % (flag, authzid), b""


def _escaped(name: bytes) -> bytes:
    return name.replace(b"=", b"=3D").replace(b",", b"=2C")


def attributes(message: bytes) -> dict[str, bytes]:
    """The attributes of a message by their letters; the first of each counts."""
    found: dict[str, bytes] = {}
    for part in message.split(b","):
        name, equals, value = part.partition(b"=")
        if equals and len(name) == 1:
            found.setdefault(name.decode("ascii", "replace"), value)
    return found


def _server_first(message: bytes, nonce: bytes) -> tuple[bytes, int, bytes]:
    """Salt, rounds and the whole nonce; MechanismError if they cannot be used."""
    said = attributes(message)
    if "e" in said:
        raise MechanismError(_told(said["e"])[1], _told(said["e"])[0])
    if "m" in said:
        raise MechanismError("the server demands an extension of SCRAM that is not known here")
    try:
        salt = base64.b64decode(said["s"], validate=True)
        digits = said["i"].decode("ascii")
        whole_nonce = said["r"]
        rounds = int(digits) if digits.isdecimal() else 0
    except (KeyError, ValueError) as error:
        raise MechanismError("the server's first message lacks nonce, salt or rounds") from error
    if not whole_nonce.startswith(nonce) or len(whole_nonce) == len(nonce):
        raise MechanismError(
            "the server's nonce does not continue ours; this may be an old answer played again",
            Failure.UNPROVEN,
        )
    if not salt:
        raise MechanismError("the server sent no salt")
    if not LEAST_ROUNDS <= rounds <= MOST_ROUNDS:
        raise MechanismError(
            f"the server wants {digits[:12]} rounds of hashing; "
            f"{LEAST_ROUNDS} to {MOST_ROUNDS} are taken (RFC 7677, 4)"
        )
    return salt, rounds, whole_nonce


def _verdict(message: bytes, expected: bytes) -> Response:
    """What the server's last message comes to."""
    said = attributes(message)
    if "e" in said:
        failure, words = _told(said["e"])
        return Response(b"", failure=failure, words=words, proves_later=True)
    if "v" not in said:
        raise MechanismError(
            "the server gives no proof that it knows the password; it may be an impostor",
            Failure.UNPROVEN,
        )
    if not hmac.compare_digest(said["v"], base64.b64encode(expected)):
        raise MechanismError(
            "the server's proof is wrong: it does not know the password, and may be an impostor",
            Failure.UNPROVEN,
        )
    return Response(b"")


def _told(error: bytes) -> tuple[Failure, str]:
    name = error.decode("utf-8", "replace").strip() or "other-error"
    return ERRORS.get(name, (Failure.CREDENTIALS, f"the server refuses: {name[:60]}"))


_DIGESTS = (  # the most usual of the strong ones first
    ("SCRAM-SHA-512", "sha512", 58),
    ("SCRAM-SHA3-512", "sha3_512", 57),
    ("SCRAM-SHA-384", "sha384", 56),
    ("SCRAM-SHA-256", "sha256", 55),
    ("SCRAM-SHA-224", "sha224", 54),
    ("SCRAM-SHA-1", "sha1", 50),
)
for _name, _digest, _strength in _DIGESTS:
    mechanism(_name, strength=_strength)(partial(scram, digest=_digest, bound=False))
    mechanism(f"{_name}-PLUS", strength=_strength + 20)(partial(scram, digest=_digest, bound=True))
