"""Old digests that mechanisms need: MD5, which a FIPS build forbids, and MD4, which is gone.

OpenSSL 3 has MD4 in its legacy provider only, so it is written out here (RFC 1320); NTLM has no
other use for it than to hash a password once.
"""

from __future__ import annotations

import hashlib
import hmac
import struct

from smtpconsole.smtp.sasl import Failure, MechanismError


def md5(data: bytes) -> bytes:
    """MD5; MechanismError where this machine's policy forbids it."""
    try:
        return hashlib.md5(data).digest()
    except ValueError as error:
        raise _forbidden() from error


def hmac_md5(key: bytes, data: bytes) -> bytes:
    """HMAC-MD5 (RFC 2104); MechanismError where this machine's policy forbids it."""
    try:
        return hmac.new(key, data, "md5").digest()
    except ValueError as error:
        raise _forbidden() from error


def _forbidden() -> MechanismError:
    return MechanismError(
        "MD5 is not available here (a FIPS build of OpenSSL?); choose another mechanism",
        Failure.UNUSABLE,
    )


_MASK = 0xFFFFFFFF
_ROUNDS = (  # constant, order of the words, shifts
    (0, tuple(range(16)), (3, 7, 11, 19)),
    (0x5A827999, (0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), (3, 5, 9, 13)),
    (0x6ED9EBA1, (0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15), (3, 9, 11, 15)),
)


def _mix(turn: int, x: int, y: int, z: int) -> int:
    if turn == 0:
        return (x & y) | (~x & z)
    return (x & y) | (x & z) | (y & z) if turn == 1 else x ^ y ^ z


def md4(data: bytes) -> bytes:
    """MD4 (RFC 1320)."""
    padding = b"\x80" + bytes((55 - len(data)) % 64) + struct.pack("<Q", len(data) * 8)
    state: tuple[int, ...] = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476)
    for (block,) in struct.iter_unpack("64s", data + padding):
        state = _compressed(state, struct.unpack("<16I", block))
    return struct.pack("<4I", *state)


def _compressed(state: tuple[int, ...], words: tuple[int, ...]) -> tuple[int, ...]:
    a, b, c, d = state
    for turn, (constant, order, shifts) in enumerate(_ROUNDS):
        for step, index in enumerate(order):
            total = (a + _mix(turn, b, c, d) + words[index] + constant) & _MASK
            shift = shifts[step % 4]
            a, b, c, d = d, (total << shift | total >> (32 - shift)) & _MASK, b, c
    return tuple((x + y) & _MASK for x, y in zip(state, (a, b, c, d), strict=True))
