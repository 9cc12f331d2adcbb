"""Octets from the server, read as replies (RFC 5321, 4.2).

1. Never strict: whatever arrives becomes a `Reply`, and what is odd about it a flaw.
2. Nothing is lost: the `octets` of all replies and what is `pending` are what was fed.
3. The segmentation of the stream makes no difference.
4. Memory is bounded: lines and replies without end are cut and said to be so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LONG_LINE = 512  # octets without the LF: longer than RFC 5321, 4.5.3.1.5 allows
MAX_LINE = 4096  # octets
MAX_LINES = 512  # of one reply
MAX_REPLY = 256 * 1024  # octets of one reply

LINE_TOO_LONG = "reply line too long"
REPLY_TOO_LONG = "reply too long"

MALFORMED = frozenset(  # flaws that leave in doubt what the server said, not only how
    {
        "no reply code",
        "reply code out of range",
        "code changes within the reply",
        "line without a code within the reply",
        LINE_TOO_LONG,
        REPLY_TOO_LONG,
    }
)

_CODES = {b"%d " % code: code for code in range(200, 600)}
_ENHANCED = re.compile(rb"([245])\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})(?=\s|$)")


@dataclass(slots=True)
class Reply:
    """One reply: a code, the text of each of its lines, and what was odd about it."""

    code: int  # -1: no code could be read
    lines: list[bytes]
    flaws: tuple[str, ...] = ()
    raw: bytes | None = None  # as it came, where code and lines do not tell it

    @property
    def text(self) -> str:
        """The text without codes, a line each; octets that are no UTF-8 as surrogates."""
        return b"\n".join(self.lines).decode("utf-8", "surrogateescape")

    @property
    def octets(self) -> bytes:
        """Exactly what the server sent."""
        if self.raw is not None:
            return self.raw
        code = b"%d" % self.code
        *more, last = self.lines
        return b"".join([b"%b-%b\r\n" % (code, line) for line in more]) + b"%b %b\r\n" % (
            code,
            last,
        )

    @property
    def enhanced(self) -> str | None:
        """The enhanced status code of the first line, if it agrees with the code (RFC 2034)."""
        found = _ENHANCED.match(self.lines[0])
        if found is None or int(found[1]) != self.code // 100:
            return None
        return found[0].decode("ascii")

    @property
    def is_positive(self) -> bool:
        """Done: a code of the second hundred.  Not `< 300`, which a reply without code is."""
        return self.code // 100 == 2

    @property
    def is_negative(self) -> bool:
        """Refused, for now or for good, or beyond understanding."""
        return self.code // 100 not in (2, 3)

    @property
    def is_clear(self) -> bool:
        """It says yes or no, whatever was asked; else nobody knows what the server has done."""
        return self.code // 100 in (2, 4, 5) and not MALFORMED.intersection(self.flaws)

    def __str__(self) -> str:
        return f"{self.code:03} {self.text}" if self.code >= 0 else self.text


class ReplyParser:
    """Cuts a stream of octets into replies."""

    __slots__ = ("_code", "_flaws", "_lines", "_raw", "_size", "_tail")

    _tail: bytes  # of a line that has no end yet
    _code: int  # of the reply that has no end yet, as all that follows
    _lines: list[bytes]
    _raw: list[bytes]
    _flaws: list[str]
    _size: int

    def __init__(self) -> None:
        self._tail = b""
        self._clear_reply()

    @property
    def pending(self) -> bytes:
        """Octets that do not make a whole reply yet."""
        return b"".join(self._raw) + self._tail

    def clear(self) -> bytes:
        """Give up what is pending, and return it."""
        left = self.pending
        self._tail = b""
        self._clear_reply()
        return left

    def feed(self, data: bytes) -> list[Reply]:
        """The replies that are complete now."""
        if self._tail:
            data = self._tail + data
        *lines, self._tail = data.split(b"\n")
        replies: list[Reply] = []
        for line in lines:
            code = _CODES.get(line[:4])
            if (
                code
                and line[-1:] == b"\r"
                and not self._raw
                and len(line) < LONG_LINE
                and line.count(b"\r") == 1
                and b"\0" not in line
            ):
                replies.append(Reply(code, [line[4:-1]]))  # nearly all there is
            else:
                self._consider(self._cut(line, replies), b"\n", replies)
        self._tail = self._cut(self._tail, replies)
        return replies

    def _cut(self, line: bytes, replies: list[Reply]) -> bytes:
        """Take off what is beyond any line's length, in pieces, and return what is left."""
        while len(line) > MAX_LINE:
            self._consider(line[:MAX_LINE], b"", replies)
            line = line[MAX_LINE:]
        return line

    def _consider(self, line: bytes, end: bytes, replies: list[Reply]) -> None:
        """A line that continues a reply, or is odd; without its end it has been cut."""
        text = self._note(line, end)
        digits, separator = text[:3], text[3:4]
        if len(digits) < 3 or not digits.isdigit() or separator.isdigit():
            self._consider_uncoded(text, end, replies)
            return
        code = int(digits)
        if not 200 <= code <= 599:
            self._flaws.append("reply code out of range")
        if self._lines and code != self._code:
            self._flaws.append("code changes within the reply")
        self._code = max(self._code, code)  # the worst of them is what counts
        if separator in (b" ", b"-", b""):
            text = text[4:]
        else:
            self._flaws.append("no separator after the code")
            text = text[3:]
        self._lines.append(text)
        if separator != b"-" or not end or self._has_overrun():
            replies.append(self._take())

    def _consider_uncoded(self, text: bytes, end: bytes, replies: list[Reply]) -> None:
        self._lines.append(text)
        if self._code < 0:
            self._flaws.append("no reply code")
            replies.append(self._take())
            return
        self._flaws.append("line without a code within the reply")
        if not end or self._has_overrun():
            replies.append(self._take())

    def _note(self, line: bytes, end: bytes) -> bytes:
        """Keep the octets of a line, remark on its ends, and return its text."""
        self._raw.append(line + end)
        self._size += len(line) + len(end)
        text = line.removesuffix(b"\r")
        if not end:
            self._flaws.append(LINE_TOO_LONG)
        elif len(line) >= LONG_LINE:
            self._flaws.append("reply line over 512 octets")
        if end and text is line:
            self._flaws.append("bare LF")
        if b"\r" in text:
            self._flaws.append("bare CR")
        if b"\0" in text:
            self._flaws.append("NUL in reply")
        return text

    def _has_overrun(self) -> bool:
        if len(self._lines) < MAX_LINES and self._size < MAX_REPLY:
            return False
        self._flaws.append(REPLY_TOO_LONG)
        return True

    def _take(self) -> Reply:
        reply = Reply(self._code, self._lines, tuple(dict.fromkeys(self._flaws)))
        raw = b"".join(self._raw)
        if reply.octets != raw:
            reply.raw = raw
        self._clear_reply()
        return reply

    def _clear_reply(self) -> None:
        self._code = -1
        self._lines = []
        self._raw = []
        self._flaws = []
        self._size = 0


_STRANGERS = (
    (re.compile(rb"[\x14-\x17]\x03[\x00-\x04]"), "TLS"),
    (re.compile(rb"HTTP/\d|<!DOCTYPE|<html", re.IGNORECASE), "HTTP"),
    (re.compile(rb"SSH-\d"), "SSH"),
    (re.compile(rb"\* (OK|PREAUTH|BYE)\b", re.IGNORECASE), "IMAP"),
    (re.compile(rb"\+OK\b", re.IGNORECASE), "POP3"),
)


def stranger(data: bytes) -> str | None:
    """The protocol that speaks like this, if it is known and not SMTP."""
    for pattern, name in _STRANGERS:
        if pattern.match(data):
            return name
    return None
