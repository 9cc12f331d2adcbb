"""Message content as the wire wants it (RFC 5321, 2.3.8 and 4.5.2).

Counting is faster than searching: text whose CR, LF and CRLF occur equally often is canonical
already, and nearly every message is.
"""

from __future__ import annotations

import re

END = b".\r\n"

_LINE_END = re.compile(rb"\r\n|\r|\n")


def canonical(data: bytes) -> bytes:
    """The same text with CRLF line ends, one of them at the end; no bare CR or LF is left."""
    ends = data.count(b"\r\n")
    if data.count(b"\n") != ends or data.count(b"\r") != ends:
        data = _LINE_END.sub(b"\r\n", data)
    return data if not data or data.endswith(b"\r\n") else data + b"\r\n"


def stuffed(data: bytes) -> bytes:
    """Canonical content as DATA sends it: leading dots doubled, a lone dot to end it."""
    data = data.replace(b"\n.", b"\n..")
    dot = b"." if data.startswith(b".") else b""
    return b"%b%b%b" % (dot, data, END)
