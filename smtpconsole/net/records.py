"""What the clear part of a TLS stream tells of itself (RFC 8446, 5).

A `Sniffer` reads along one direction.  It is total and bounded: octets that are no TLS are
kept as `stranger`, up to a line's worth, and nothing else is looked at any more.
"""

from __future__ import annotations

from smtpconsole.net.messages import Reader
from smtpconsole.smtp.facts import Party

CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA = 20, 21, 22, 23
_MAX_RECORD = 16640
_MAX_HANDSHAKE = 256 * 1024
_MOST_OF_A_STRANGER = 200


class Sniffer:
    """Reads one direction of a TLS stream, as far as it is not encrypted.

    Without a reader it only looks for what is no TLS.
    """

    def __init__(self, party: Party, reader: Reader | None) -> None:
        self.stranger = b""  # the first octets, where they are no TLS
        self._party: Party = party
        self._reader = reader
        self._buffer = b""
        self._messages = bytearray()  # which may come an octet a record
        self._read = 0  # octets of handshake messages
        self._is_encrypted = False

    def feed(self, data: bytes) -> None:
        """Read on."""
        if self.stranger or self._is_encrypted:
            return
        data, at = self._buffer + data, 0
        while len(data) - at >= 5:
            if not is_record(data[at : at + 5]):
                self.stranger, self._buffer = data[at : at + _MOST_OF_A_STRANGER], b""
                return
            end = at + 5 + int.from_bytes(data[at + 3 : at + 5], "big")
            if len(data) < end:
                break
            self._record(data[at], data[at + 5 : end])
            at = end
        self._buffer = data[at:]

    def _record(self, kind: int, body: bytes) -> None:
        if kind in (CHANGE_CIPHER_SPEC, APPLICATION_DATA):
            self._is_encrypted = True
        reader = self._reader
        if reader is None:
            return
        if kind == CHANGE_CIPHER_SPEC:
            reader.change_cipher_spec(self._party)
        elif kind == ALERT and len(body) == 2:
            reader.alert(self._party, body[0], body[1])
        elif kind == HANDSHAKE and self._read < _MAX_HANDSHAKE:
            self._read += len(body)
            self._messages += body
            self._handshake(reader)

    def _handshake(self, reader: Reader) -> None:
        while len(self._messages) >= 4:
            end = 4 + int.from_bytes(self._messages[1:4], "big")
            if len(self._messages) < end:
                return
            reader.message(self._party, self._messages[0], bytes(self._messages[4:end]))
            del self._messages[:end]


def is_record(data: bytes) -> bool:
    """Whether octets begin as a TLS record does."""
    if len(data) < 5:
        return False
    length = int.from_bytes(data[3:5], "big")
    return 20 <= data[0] <= 24 and data[1] == 3 and length <= _MAX_RECORD
