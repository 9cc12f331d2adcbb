"""NTLM (MS-NLMP, MS-SMTPNTLM) in its version 2: Microsoft's challenge and response.

Only NTLMv2 is said: version 1 can be broken in hours, and who demands it gets nothing.  The
server's target information is answered as Windows does it, so that servers with Extended
Protection take it: the channel binding, and a code over all three messages.
"""

from __future__ import annotations

import secrets
import struct
from dataclasses import dataclass

from smtpconsole.smtp.sasl import (
    Credentials,
    Failure,
    MechanismError,
    Turns,
    mechanism,
)
from smtpconsole.smtp.sasl.digests import hmac_md5, md4, md5

SIGNATURE = b"NTLMSSP\0"
UNICODE, OEM, REQUEST_TARGET, NTLM = 0x1, 0x2, 0x4, 0x200
ALWAYS_SIGN, EXTENDED, TARGET_INFO = 0x8000, 0x80000, 0x800000
_OURS = UNICODE | OEM | REQUEST_TARGET | NTLM | ALWAYS_SIGN | EXTENDED

# MS-NLMP 2.2.2.1: what the server tells of itself.
PAIRS = {
    1: "host (NetBIOS)",
    2: "domain (NetBIOS)",
    3: "host",
    4: "domain",
    5: "forest",
    6: "flags",
    7: "time",
    8: "single host",
    9: "target",
    10: "channel binding",
}
_END, _FLAGS, _TIME, _TARGET, _BINDING = 0, 6, 7, 9, 10
_HAS_MIC = struct.pack("<I", 2)
_EPOCH = 11_644_473_600  # seconds from 1601, where Windows begins to count


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a type 2 message says (MS-NLMP 2.2.1.2)."""

    nonce: bytes
    flags: int
    target: str
    pairs: tuple[tuple[int, bytes], ...]
    version: str = ""  # of Windows

    def pair(self, number: int) -> bytes | None:
        return next((value for key, value in self.pairs if key == number), None)


@mechanism("NTLM", strength=5)
def ntlm(who: Credentials) -> Turns:
    negotiation = SIGNATURE + struct.pack("<II", 1, _OURS) + bytes(16)
    told = yield negotiation
    challenge = parse_challenge(told)
    domain, user = _names(who.user.decode("utf-8", "replace"), challenge)
    info, has_time = _information(challenge, who)
    moment = challenge.pair(_TIME) or struct.pack("<Q", _ticks(who.channel.now))
    key = response_key(user, domain, who.password.decode("utf-8", "replace"))
    nonce = secrets.token_bytes(8)
    proof, rest = nt_response(key, challenge.nonce, nonce, moment, info)
    # With a time from the server, the older response is left empty (MS-NLMP 3.1.5.1.2).
    older = bytes(24) if has_time else hmac_md5(key, challenge.nonce + nonce) + nonce
    message = _authentication(challenge, older, proof + rest, domain, user)
    if has_time:
        code = hmac_md5(hmac_md5(key, proof), negotiation + told + message)
        message = message[:72] + code + message[88:]
    yield message


def _names(user: str, challenge: Challenge) -> tuple[str, str]:
    """Domain and user out of DOMAIN\\user, user@domain (which has no other) or user."""
    domain, backslash, account = user.partition("\\")
    if backslash:
        return domain, account
    return ("" if "@" in user else challenge.target), user


def response_key(user: str, domain: str, password: str) -> bytes:
    """NTOWFv2 (MS-NLMP 3.3.2)."""
    return hmac_md5(
        md4(password.encode("utf-16-le")),
        (user.upper() + domain).encode("utf-16-le"),
    )


def nt_response(
    key: bytes, server_nonce: bytes, nonce: bytes, moment: bytes, info: bytes
) -> tuple[bytes, bytes]:
    """The proof, and what it is over besides the server's nonce (MS-NLMP 3.3.2)."""
    rest = b"\x01\x01" + bytes(6) + moment + nonce + bytes(4) + info + bytes(4)
    return hmac_md5(key, server_nonce + rest), rest


def parse_challenge(message: bytes) -> Challenge:
    """Read a type 2 message; MechanismError if it is none."""
    if len(message) < 32 or message[:12] != SIGNATURE + b"\2\0\0\0":
        raise MechanismError("the server's challenge is no NTLM message of type 2")
    flags = struct.unpack_from("<I", message, 20)[0]
    target = buffer(message, 12).decode("utf-16-le" if flags & UNICODE else "latin-1", "replace")
    info = buffer(message, 40) if flags & TARGET_INFO and len(message) >= 48 else b""
    version = ""
    if flags & 0x2000000 and len(message) >= 56:
        major, minor, build = struct.unpack_from("<BBH", message, 48)
        version = f"{major}.{minor} build {build}"
    return Challenge(message[24:32], flags, target, tuple(_pairs(info)), version)


def buffer(message: bytes, at: int) -> bytes:
    """The octets that length and offset at a place point to; none where they point out of it."""
    length, _, offset = struct.unpack_from("<HHI", message, at)
    found = message[offset : offset + length]
    return found if len(found) == length else b""


def name(message: bytes, at: int) -> str:
    """A name in a type 3 message, which has 64 octets at least."""
    is_unicode = message[60] & UNICODE
    return buffer(message, at).decode("utf-16-le" if is_unicode else "latin-1", "replace")


def _pairs(info: bytes) -> list[tuple[int, bytes]]:
    found = []
    while len(info) >= 4:
        number, length = struct.unpack_from("<HH", info)
        if number == _END:
            break
        found.append((number, info[4 : 4 + length]))
        info = info[4 + length :]
    return found


def _information(challenge: Challenge, who: Credentials) -> tuple[bytes, bool]:
    """The server's pairs with ours added, and whether it told the time."""
    has_time = challenge.pair(_TIME) is not None
    pairs = dict(challenge.pairs)
    if has_time:
        flags = struct.unpack("<I", (pairs.get(_FLAGS, b"") + bytes(4))[:4])[0]
        pairs[_FLAGS] = struct.pack("<I", flags | 2)
        pairs[_BINDING] = _binding(who)
        pairs[_TARGET] = f"SMTPSVC/{who.channel.host}".encode("utf-16-le")
    octets = b"".join(
        struct.pack("<HH", number, len(value)) + value for number, value in pairs.items()
    )
    return octets + bytes(4), has_time


def _binding(who: Credentials) -> bytes:
    """MD5 of the channel binding as GSS-API lays it out; zeros without one (RFC 4121, 4.1.1.2)."""
    bindings = who.channel.bindings() if who.channel.bindings is not None else {}
    end_point = bindings.get("tls-server-end-point")
    if end_point is None:
        return bytes(16)
    data = b"tls-server-end-point:" + end_point
    return md5(bytes(16) + struct.pack("<I", len(data)) + data)


def _ticks(seconds: float) -> int:
    return int((seconds + _EPOCH) * 10_000_000) if seconds else 0


def _authentication(
    challenge: Challenge, older: bytes, newer: bytes, domain: str, user: str
) -> bytes:
    """The type 3 message, with zeros for the code (MS-NLMP 2.2.1.3)."""
    charset = "utf-16-le" if challenge.flags & UNICODE else "latin-1"
    try:
        names = [text.encode(charset) for text in (domain, user, "")]
    except UnicodeEncodeError as error:
        raise MechanismError(
            "the server takes no Unicode, and the user's name needs it", Failure.UNUSABLE
        ) from error
    payload = [older, newer, *names, b""]
    offset = 88
    heads = []
    for part in payload:
        heads.append(struct.pack("<HHI", len(part), len(part), offset))
        offset += len(part)
    flags = challenge.flags & (_OURS | TARGET_INFO)
    head = SIGNATURE + struct.pack("<I", 3) + b"".join(heads) + struct.pack("<I", flags)
    return head + bytes(8) + bytes(16) + b"".join(payload)
