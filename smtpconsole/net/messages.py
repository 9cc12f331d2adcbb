"""What the messages of a TLS handshake tell (RFC 8446, 4; RFC 5246, 7.4).

A `Reader` is told each message and alert of both sides, and keeps what a person may ask for.
They come from a `Sniffer`, which sees what is in the clear, or from OpenSSL, which sees all.
It is total and bounded: a stranger has written what it reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from smtpconsole.net.registries import ALERTS, GROUPS, MESSAGES, SIGNATURES, VERSIONS
from smtpconsole.smtp.facts import Alert, Message, Party

Tell = Callable[[Message | Alert], None]

_MOST_MESSAGES = 200  # kept of each session, and told
_MOST_AUTHORITIES = 50
_CLIENT_HELLO, _SERVER_HELLO, _SERVER_KEY_EXCHANGE = 1, 2, 12
_CERTIFICATE_REQUEST, _VERIFY = 13, 15
_MASTER_SECRET, _SUPPORTED_VERSIONS, _AUTHORITIES, _KEY_SHARE = 23, 43, 47, 51

# RFC 8446, 4.1.3: SHA-256 of "HelloRetryRequest" in the place of the random octets.
_RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
_SENTINELS = {b"DOWNGRD\x01": 0x0304, b"DOWNGRD\x00": 0x0303}


class Reader:
    """What has been seen of one handshake."""

    def __init__(self, tell: Tell | None = None) -> None:
        self.messages: list[Message] = []
        self.alerts: list[Alert] = []
        self.version: str | None = None
        self.group: str | None = None
        self.signature: str | None = None
        self.extended_master_secret: bool | None = None
        self.is_retried = False
        self.downgraded_from: str | None = None
        self.client_certificate_requested: bool | None = None
        self.authorities: tuple[str, ...] = ()
        self._tell = tell
        self._highest = 0  # of the versions offered

    def message(self, party: Party, kind: int, body: bytes) -> None:
        """A handshake message, without its header of four octets."""
        name = MESSAGES.get(kind, f"message {kind}")
        if party == "client" and kind == _CLIENT_HELLO:
            self._client_hello(body)
        elif party == "server":
            if kind == _SERVER_HELLO:
                self._server_hello(body)
                name = "HelloRetryRequest" if body[2:34] == _RETRY else name
            elif kind == _SERVER_KEY_EXCHANGE:
                self._server_key_exchange(body)
            elif kind == _CERTIFICATE_REQUEST:
                self._certificate_request(body)
            elif kind == _VERIFY:
                self._sign(body[:2])
        self._keep(Message(party, name, len(body) + 4))

    def change_cipher_spec(self, party: Party) -> None:
        """The record that TLS 1.2 needs, and TLS 1.3 sends for old firewalls."""
        self._keep(Message(party, "ChangeCipherSpec", 1))

    def alert(self, party: Party, level: int, code: int) -> None:
        """An alert."""
        found = Alert(party, code, ALERTS.get(code, f"alert {code}"), level == 2)
        if len(self.alerts) < _MOST_MESSAGES:
            self.alerts.append(found)
            if self._tell is not None:
                self._tell(found)

    def _keep(self, message: Message) -> None:
        if len(self.messages) < _MOST_MESSAGES:
            self.messages.append(message)
            if self._tell is not None:
                self._tell(message)

    # --- what they say ------------------------------------------------------------------------

    def _client_hello(self, body: bytes) -> None:
        """Which versions are offered: who did not offer a higher one cannot be put down."""
        at = 35 + _octet(body, 34)
        at += 2 + len(_vector(body, at, 2))
        extensions = dict(_extensions(body[at + 1 + _octet(body, at) :]))
        listed = extensions.get(_SUPPORTED_VERSIONS, b"")[1:]
        pairs = [listed[at : at + 2] for at in range(0, len(listed), 2)] or [body[:2]]
        self._highest = max((_number(pair) for pair in pairs if pair[:1] == b"\x03"), default=0)

    def _server_hello(self, body: bytes) -> None:
        extensions = dict(_extensions(body[35 + _octet(body, 34) + 3 :]))
        version = _number(extensions.get(_SUPPORTED_VERSIONS, body[:2])[:2])
        self.version = VERSIONS.get(version, f"version {version:#06x}")
        if _KEY_SHARE in extensions:
            self._agree(extensions[_KEY_SHARE][:2])
        if body[2:34] == _RETRY:
            self.is_retried = True
            return
        is_new = version >= 0x0304
        self.extended_master_secret = is_new or _MASTER_SECRET in extensions
        known = None if is_new else _SENTINELS.get(body[26:34])
        is_offered = known is not None and self._highest >= known
        self.downgraded_from = VERSIONS[known] if known is not None and is_offered else None
        # What TLS 1.3 says of it is encrypted: it is known only where that is read, too.
        self.client_certificate_requested = None if is_new else False

    def _agree(self, number: bytes) -> None:
        value = _number(number)
        self.group = GROUPS.get(value, f"group {value}")

    def _sign(self, number: bytes) -> None:
        value = _number(number)
        self.signature = SIGNATURES.get(value, f"signature {value:#06x}")

    def _server_key_exchange(self, body: bytes) -> None:
        if body[:1] == b"\x03":  # a named curve
            self._agree(body[1:3])
            at = 4 + _octet(body, 3)
        else:
            prime = _vector(body, 0, 2)
            self.group = f"DHE {_number(prime).bit_length()}"
            at = 2 + len(prime)
            at += 2 + len(_vector(body, at, 2))
            at += 2 + len(_vector(body, at, 2))
        if self.version == "TLSv1.2" and len(body) > at + 4:
            self._sign(body[at : at + 2])

    def _certificate_request(self, body: bytes) -> None:
        self.client_certificate_requested = True
        if self.version == "TLSv1.3":
            extensions = dict(_extensions(body[1 + _octet(body, 0) :]))
            names = _vector(extensions.get(_AUTHORITIES, b""), 0, 2)
        else:
            at = 1 + _octet(body, 0)
            if self.version == "TLSv1.2":
                at += 2 + len(_vector(body, at, 2))
            names = _vector(body, at, 2)
        self.authorities = tuple(_names(names))


def _number(octets: bytes) -> int:
    return int.from_bytes(octets, "big")


def _octet(body: bytes, at: int) -> int:
    return body[at] if at < len(body) else 0


def _vector(body: bytes, at: int, size: int) -> bytes:
    """The octets behind a length of `size` octets."""
    start = at + size
    return body[start : start + _number(body[at:start])]


def _extensions(body: bytes) -> Iterator[tuple[int, bytes]]:
    block, at = _vector(body, 0, 2), 0
    while at + 4 <= len(block):
        found = _vector(block, at + 2, 2)
        yield _number(block[at : at + 2]), found
        at += 4 + len(found)


def _names(block: bytes) -> Iterator[str]:
    """The last part of each distinguished name: mostly its common name."""
    at = count = 0
    while at + 2 <= len(block) and count < _MOST_AUTHORITIES:
        name = _vector(block, at, 2)
        texts = list(_texts(name))
        yield texts[-1] if texts else "no name"
        at += 2 + len(name)
        count += 1


def _texts(der: bytes) -> Iterator[str]:
    """The character strings within DER."""
    at = 0
    while at + 2 <= len(der):
        tag, length = der[at], der[at + 1]
        at += 2
        if length & 0x80:
            size = length & 0x7F
            length = _number(der[at : at + size])
            at += size
        value = der[at : at + length]
        if tag in (0x30, 0x31):  # SEQUENCE, SET
            yield from _texts(value)
        elif tag in (0x0C, 0x13, 0x14, 0x16):
            yield value.decode("utf-8", "replace")
        at += len(value)
