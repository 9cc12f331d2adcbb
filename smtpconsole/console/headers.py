"""PROXY headers as a person writes them.

v1   v2                          with the connection's own addresses
v1:unknown   v2:local            without any
v2:192.0.2.7:52000               from this client, to the server connected to
v2:[2001:db8::7]:52000/[2001:db8::1]:25
v2:192.0.2.7:52000,authority=mail.example.org,0xE1=\\x00\\xff
raw:PROXY TCP4 nonsense\\r\\n     exactly these octets
"""

from __future__ import annotations

import re

from smtpconsole.console.answers import ConsoleError
from smtpconsole.net.proxy_header import TLVS, Address, ProxyHeader

_FORMS = (
    "write it as v1, v2, v1:unknown, v2:local, v2:192.0.2.7:52000/198.51.100.1:25 or raw:OCTETS"
)
_ADDRESS = re.compile(r"(?:\[([0-9a-f:.]+)\]|([0-9.]+)):(\d{1,5})", re.IGNORECASE)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|([rnt0\\]))")
_LETTERS = {"r": "\r", "n": "\n", "t": "\t", "0": "\0", "\\": "\\"}


def parse(text: str) -> ProxyHeader | bytes:
    """The header that is written so; ConsoleError if it cannot be."""
    word, _, rest = text.partition(":")
    if word.lower() == "raw":
        return _octets(rest)
    if word.lower() not in ("v1", "v2"):
        raise ConsoleError(f"{text!r} is no PROXY header", _FORMS)
    addresses, *tlvs = rest.split(",")
    source, slash, destination = addresses.partition("/")
    is_local = addresses.lower() in ("local", "unknown")
    try:
        return ProxyHeader(
            version=1 if word.lower() == "v1" else 2,
            kind="local" if is_local else "proxy",
            source=_address(source) if source and not is_local else None,
            destination=_address(destination) if slash else None,
            tlvs=tuple(map(_tlv, tlvs)),
        )
    except ValueError as error:
        raise ConsoleError(str(error), _FORMS) from error


def _address(text: str) -> Address:
    found = _ADDRESS.fullmatch(text)
    if found is None:
        raise ConsoleError(f"{text!r} is not an address and a port", _FORMS)
    return found[1] or found[2], int(found[3])


def _tlv(text: str) -> tuple[int, bytes]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ConsoleError(f"{text!r} is not TYPE=VALUE", _FORMS)
    if name in TLVS:
        return TLVS[name], _octets(value)
    try:
        return int(name, 0), _octets(value)
    except ValueError as error:
        known = ", ".join(TLVS)
        raise ConsoleError(
            f"{name!r} is no type of a TLV", f"a number, or one of {known}"
        ) from error


def _octets(text: str) -> bytes:
    """The text with its escapes made octets."""

    def octet(found: re.Match[str]) -> str:
        return chr(int(found[1], 16)) if found[1] else _LETTERS[found[2]]

    try:
        return _ESCAPE.sub(octet, text).encode("latin-1")
    except UnicodeEncodeError as error:
        raise ConsoleError("octets beyond ASCII are written as \\xff") from error
