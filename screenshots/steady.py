"""What of a screen or session is the same in every run: all but times, ports, random things."""

from __future__ import annotations

import html
import random
import re
import socket
from collections import defaultdict

_CELL = 12.2  # the width of a character in Textual's pictures

# In this order.  Reply codes, counts and versions of protocols are not among them.
_CHANGING = [
    (re.compile(pattern), instead)
    for pattern, instead in (
        (r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d", "<time>"),
        (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?", "<time>"),
        (r"\d{4}-\d\d-\d\d", "<date>"),
        (r"\b\d{8}-\d{6}\b", "<time>"),
        (r"\b\d{1,2} [A-Z][a-z]+ \d{4}\b", "<date>"),
        (r"[A-Z][a-z]{2}, +\d+ [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", "<time>"),
        (r"\b\d\d:\d\d(:\d\d)?\b", "<time>"),
        (r"(?:(?<=[\s(])|^)[+~]?\d+(\.\d+)? ?(µs|us|ms|s)\b", "<for>"),
        (r"(?<![\d.])\d+\.\d{1,3}(?![\d.])(?= +(\||===|\*\*\*|->|<-|~>|<~|<\*\*|\*\*>))", "<at>"),
        (r'("seconds": |time=")[0-9.e-]+', r"\1<for>"),
        (r"\b(localhost|127\.0\.0\.1|\[::1\]):\d+", r"\1:<port>"),
        (r"\b(tls|under TLS on) \d{4,5}\b", r"\1 <port>"),
        (r"\bPython 3\.\d+\.\w+( on \w+)?", "Python <version>"),
        # Either side may be the first that knows.
        (r"(connection closed|the server closed the connection)\b", "<closed>"),
        (r"X25519MLKEM768", "X25519"),  # as OpenSSL has it
        (r"(?i)size=\d+", "size=<n>"),
        (r"\b\d+ (octets|entries)\b", r"<n> \1"),
        (r"<\d[\d.]{14,}(@[a-z.]+>)?", "<id>"),
        (r"(?<![\w.<:])\d+@[a-z.]+>", "<id>"),  # what of it was folded
        (r"\b\d+ (seconds?|minutes?|hours?|days?) ago\b", "<ago>"),
        (r"\b[0-9a-f]{2}(:[0-9a-f]{2}){5,}\b", "<hash>"),
        (r"\b[0-9a-f]{32,}\b", "<hash>"),
        (r"(?<![\w@./-])(?=\S*[a-z])(?=\S*[A-Z])[A-Za-z0-9+/]{16,}={0,2}", "<base64>"),
        (r"[▁▂▃▄▅▆▇█▏▎▍▌▋▊▉━╸╺░▒▓]+", "<bar>"),
        (r"[ \t]+", " "),
    )
]


def steady(text: str) -> str:
    """The text with all that differs between two runs replaced, and each run of blanks as one."""
    for pattern, instead in _CHANGING:
        text = pattern.sub(instead, text)
    return "\n".join(line.strip() for line in text.splitlines()).strip()


def words(svg: str) -> str:
    """What a picture of Textual's says, a line a row."""
    rows: defaultdict[int, dict[int, str]] = defaultdict(dict)
    found = re.findall(r'<text [^>]*?x="([\d.]+)"[^>]*?line-(\d+)\)">([^<]*)</text>', svg)
    for x, row, text in found:
        rows[int(row)][round(float(x) / _CELL)] = html.unescape(text).replace("\xa0", " ")
    return "\n".join(_row(rows[number]) for number in range(max(rows, default=-1) + 1))


def _row(texts: dict[int, str]) -> str:
    row = ""
    for column, text in sorted(texts.items()):
        row = row.ljust(column) + text
    return row.rstrip()


def port(wanted: int = 0) -> int:
    """A free port: the one that is wanted, or one that takes as much room on a screen."""
    while True:
        with socket.socket() as probe:
            number = wanted or random.randrange(2600, 9999)
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", number))
            except OSError:
                wanted = 0
            else:
                return number
