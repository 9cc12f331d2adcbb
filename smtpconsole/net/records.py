"""What the clear part of a TLS stream tells of itself (RFC 8446, 4 and 5; RFC 5246).

A `Sniffer` reads along one direction.  It is total and bounded: octets that are no TLS are
kept as `stranger`, up to a line's worth, and nothing else is looked at any more.
"""

from __future__ import annotations

import struct

_CHANGE_CIPHER_SPEC, _ALERT, _HANDSHAKE, _APPLICATION_DATA = 20, 21, 22, 23
_SERVER_HELLO, _SERVER_KEY_EXCHANGE = 2, 12
_KEY_SHARE = 51
_MAX_RECORD = 16640
_MAX_HANDSHAKE = 256 * 1024

GROUPS = {
    23: "P-256",
    24: "P-384",
    25: "P-521",
    29: "X25519",
    30: "X448",
    256: "ffdhe2048",
    257: "ffdhe3072",
    258: "ffdhe4096",
    0x11EB: "SecP256r1MLKEM768",
    0x11EC: "X25519MLKEM768",
    0x11ED: "SecP384r1MLKEM1024",
}
ALERTS = {
    0: "close notify",
    10: "unexpected message",
    20: "bad record MAC",
    22: "record overflow",
    40: "handshake failure",
    42: "bad certificate",
    43: "unsupported certificate",
    44: "certificate revoked",
    45: "certificate expired",
    46: "certificate unknown",
    47: "illegal parameter",
    48: "unknown CA",
    49: "access denied",
    50: "decode error",
    51: "decrypt error",
    70: "protocol version",
    71: "insufficient security",
    80: "internal error",
    86: "inappropriate fallback",
    90: "user cancelled",
    109: "missing extension",
    110: "unsupported extension",
    112: "unrecognized name",
    113: "bad certificate status response",
    115: "unknown PSK identity",
    116: "certificate required",
    120: "no application protocol",
}


class Sniffer:
    """Reads one direction of a TLS stream, as far as it is not encrypted."""

    def __init__(self) -> None:
        self.alert: str | None = None
        self.group: str | None = None
        self.stranger = b""  # the first octets, where they are no TLS
        self._buffer = b""
        self._messages = b""
        self._is_encrypted = False

    def feed(self, data: bytes) -> None:
        """Read on."""
        if self.stranger or self._is_encrypted:
            return
        self._buffer += data
        while len(self._buffer) >= 5:
            kind, version, length = struct.unpack("!BHH", self._buffer[:5])
            if not 20 <= kind <= 24 or version >> 8 != 3 or length > _MAX_RECORD:
                self.stranger, self._buffer = self._buffer[:200], b""
                return
            if len(self._buffer) < 5 + length:
                return
            body, self._buffer = self._buffer[5 : 5 + length], self._buffer[5 + length :]
            self._record(kind, body)

    def _record(self, kind: int, body: bytes) -> None:
        if kind in (_CHANGE_CIPHER_SPEC, _APPLICATION_DATA):
            self._is_encrypted = True
        elif kind == _ALERT and len(body) == 2:
            self.alert = ALERTS.get(body[1], f"alert {body[1]}")
        elif kind == _HANDSHAKE and len(self._messages) < _MAX_HANDSHAKE:
            self._messages += body
            self._handshake()

    def _handshake(self) -> None:
        while len(self._messages) >= 4:
            length = int.from_bytes(self._messages[1:4], "big")
            if len(self._messages) < 4 + length:
                return
            kind, message = self._messages[0], self._messages[4 : 4 + length]
            self._messages = self._messages[4 + length :]
            if kind == _SERVER_HELLO:
                self._server_hello(message)
            elif kind == _SERVER_KEY_EXCHANGE and message[:1] == b"\x03":  # a named curve
                self._group(message[1:3])

    def _server_hello(self, message: bytes) -> None:
        at = 34 + 1 + (message[34] if len(message) > 34 else 0) + 3 + 2  # to the extensions
        while at + 4 <= len(message):
            kind, length = struct.unpack("!HH", message[at : at + 4])
            if kind == _KEY_SHARE:
                self._group(message[at + 4 : at + 6])
            at += 4 + length

    def _group(self, number: bytes) -> None:
        value = int.from_bytes(number, "big")
        self.group = GROUPS.get(value, f"group {value}")
