"""Text inside of parameters: xtext (RFC 3461, 4), and UTF-8 addresses in ORCPT (RFC 6533, 3)."""

from __future__ import annotations

import re

_ENCODED = re.compile(r"\+([0-9A-F]{2})")


def encoded(text: str | bytes) -> str:
    """As xtext: octets that are not printable ASCII, + and = as +XX."""
    octets = text.encode() if isinstance(text, str) else text
    return "".join(
        f"+{octet:02X}" if octet in b"+=" or not 33 <= octet <= 126 else chr(octet)
        for octet in octets
    )


def decoded(text: str) -> str:
    """What xtext stands for; ValueError if it is none."""
    if not text.isascii() or re.search(r"[^!-~]|=|\+(?![0-9A-F]{2})", text):
        raise ValueError(f"{text!r} is not xtext: a + is followed by two hexadecimal digits")
    octets = _ENCODED.sub(lambda found: chr(int(found[1], 16)), text).encode("latin-1")
    return octets.decode("utf-8", "surrogateescape")


def utf8_address(text: str, *, smtputf8: bool) -> str:
    r"""An address for ORCPT=utf-8;...: as it is where SMTPUTF8 is said, or with \x{...}."""
    return "".join(
        letter if _stays(letter, smtputf8) else f"\\x{{{ord(letter):X}}}" for letter in text
    )


def _stays(letter: str, smtputf8: bool) -> bool:
    if letter.isascii():
        return "!" <= letter <= "~" and letter not in "\\+="
    return smtputf8
