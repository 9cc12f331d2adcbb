"""Whom a response claims to be, and what in it is secret: for lines typed by hand, too."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

from smtpconsole.smtp.sasl import MECHANISMS, family


def claimed_user(
    mechanism: str, response: bytes, challenge: bytes = b"", claimed: str | None = None
) -> str | None:
    """Whom a response in base64 says to be; None where that cannot be read from it.

    `claimed` is what the responses before have said.  Of an unknown mechanism the usual forms
    are tried.
    """
    try:
        octets = base64.b64decode(response, validate=True)
    except ValueError:
        return None
    if mechanism.upper() == "LOGIN":
        asked = challenge.lower()
        is_name = asked.startswith(b"user") or (claimed is None and not asked.startswith(b"pass"))
        return _text(octets) if is_name else None
    found = _USERS.get(family(mechanism), _any_user)(octets)
    return _text(found) if found is not None else None


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "surrogateescape")


def holds_secret(mechanism: str) -> bool:
    """Whether a response of this mechanism, if it is known, may hold what must not be shown."""
    known = MECHANISMS.get(mechanism.upper())
    return known is None or known.needs != "nothing"


_SECRETS = (
    re.compile(rb"\A[^\0]*\0[^\0]*\0(.*)\Z", re.DOTALL),  # PLAIN
    re.compile(rb"\x01auth=[^\s\x01]+ ([^\x01]+)\x01", re.IGNORECASE),  # OAuth
)
_PROOFS = (
    re.compile(rb" ([0-9a-f]{32,})\Z"),  # CRAM-MD5
    re.compile(rb"\A[cb]=[^,]*,r=[^,]*,.*p=([^,]+)"),  # SCRAM
    re.compile(rb"\bresponse=\"?([0-9a-f]{32})", re.IGNORECASE),  # DIGEST-MD5
)
_OPENING = re.compile(rb"[nyp][^,]*,[^,]*,n=[^,]*,r=")  # of SCRAM


def secret_parts(octets: bytes) -> list[bytes]:
    """The secrets in a response, whatever its mechanism; the response itself may be one, too."""
    return [found[1] for pattern in _SECRETS + _PROOFS if (found := pattern.search(octets))]


def is_proof(octets: bytes) -> bool:
    """A response for one login, made of a secret or a nonce, and of no use for another."""
    if octets.startswith(b"NTLMSSP\0") or _OPENING.match(octets):
        return True
    return any(pattern.search(octets) is not None for pattern in _PROOFS)


# --- who it is ------------------------------------------------------------------------------


def _scram_user(octets: bytes) -> bytes | None:
    if octets[:2] not in (b"n,", b"y,", b"p="):
        return None
    found = re.search(rb",n=([^,]*)", octets)
    return found[1].replace(b"=2C", b",").replace(b"=3D", b"=") if found else None


def _digest_user(octets: bytes) -> bytes | None:
    from smtpconsole.smtp.sasl.digest_md5 import directives  # Only where it is said.

    return dict(directives(octets)).get("username")


def _oauth_user(octets: bytes) -> bytes | None:
    found = re.match(rb"user=([^\x01]+)|[ny],a=([^,\x01]+)", octets)
    if found is None:
        return None
    return found[1] or found[2].replace(b"=2C", b",").replace(b"=3D", b"=")


def _ntlm_user(octets: bytes) -> bytes | None:
    from smtpconsole.smtp.sasl import ntlm  # Only where it is said.

    if octets[:12] != ntlm.SIGNATURE + b"\3\0\0\0" or len(octets) < 64:
        return None
    domain, user = (ntlm.name(octets, at) for at in (28, 36))
    return (f"{domain}\\{user}" if domain else user).encode()


def _plain_user(octets: bytes) -> bytes | None:
    return octets.split(b"\0")[1] if octets.count(b"\0") == 2 else None


def _cram_user(octets: bytes) -> bytes | None:
    return octets.rpartition(b" ")[0] or None


def _any_user(octets: bytes) -> bytes | None:
    for read in (_plain_user, _oauth_user, _scram_user, _digest_user):
        if (found := read(octets)) is not None:
            return found
    return None


_USERS: dict[str, Callable[[bytes], bytes | None]] = {
    "PLAIN": _plain_user,
    "CRAM-MD5": _cram_user,
    "DIGEST-MD5": _digest_user,
    "SCRAM": _scram_user,
    "XOAUTH2": _oauth_user,
    "OAUTHBEARER": _oauth_user,
    "EXTERNAL": lambda octets: octets or None,
    "ANONYMOUS": lambda octets: b"anonymous",
    "NTLM": _ntlm_user,
}
