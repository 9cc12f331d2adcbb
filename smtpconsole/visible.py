"""Foreign text made safe and readable: the one way to a screen, an export or a message.

1. What a server, a file or a certificate says may hold escape sequences, bidirectional
   overrides, or line ends of other alphabets.  After `visible` nothing of it is live.
2. Nothing is hidden by it either: each character that is not printable becomes its control
   picture or an escape.
3. It knows no markup.  That plain text stays plain is the affair of who shows it.
"""

from __future__ import annotations

_PICTURES = {code: chr(0x2400 + code) for code in range(0x20)} | {0x7F: "\u2421"}


def visible(text: str | bytes) -> str:
    """The text in characters that print; what is no UTF-8 as `\\xNN`."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "surrogateescape")
    if text.isprintable():  # nearly all there is
        return text
    return "".join([char if char.isprintable() else _escaped(char) for char in text])


def octets(data: bytes) -> str:
    """Every octet on its own: ASCII as it is, controls as pictures, 8-bit ones as `\\xNN`."""
    return "".join(
        [
            chr(octet) if 0x20 <= octet < 0x7F else _PICTURES.get(octet, f"\\x{octet:02x}")
            for octet in data
        ]
    )


def in_place(text: str) -> str:
    """The text with each character that does not print as one that does: cursors can count on."""
    if text.isprintable():
        return text
    return "".join(
        [char if char.isprintable() else _PICTURES.get(ord(char), "\ufffd") for char in text]
    )


def _escaped(char: str) -> str:
    code = ord(char)
    if code in _PICTURES:
        return _PICTURES[code]
    if 0xDC80 <= code <= 0xDCFF:  # an octet that was no UTF-8 (PEP 383)
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{{{code:x}}}"
