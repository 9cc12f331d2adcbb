"""What RFC 5322 and its kin have to say about a message's octets, one function a rule.

A rule is told the header and the body, and yields remarks.  It never refuses: somebody may be
making exactly this mistake on purpose.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from smtpconsole.smtp.facts import Severity

LONGEST_LINE = 998  # octets without CRLF (RFC 5322, 2.1.1)
_ONCE = (
    *("date", "from", "sender", "reply-to", "to", "cc", "bcc", "message-id", "in-reply-to"),
    *("references", "subject", "mime-version", "content-type", "content-transfer-encoding"),
)
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:")
_BARE_CR = re.compile(rb"\r(?!\n)")
_BARE_LF = re.compile(rb"(?<!\r)\n")
_ADDRESS = re.compile(r"[^\s<>,;:\"]+@[^\s<>,;:\"]+")
_MESSAGE_ID = re.compile(rb"\s*<[^<>\s@]+@[^<>\s@]+>\s*")
_DATE = re.compile(
    rb"\s*(?:[A-Z][a-z]{2},\s*)?\d{1,2}\s+[A-Z][a-z]{2}\s+\d{4}\s+\d{1,2}:\d{2}(?::\d{2})?\s+"
    rb"(?:[+-]\d{4}|UT|GMT|[ECMP][SD]T)\s*(?:\([^)]*\)\s*)?"
)


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to know before the message is sent."""

    severity: Severity
    code: str  # stable: mends, tests and scripts use it
    text: str
    section: str = ""  # where it is written


@dataclass
class Content:
    """The octets of a message, taken apart as far as rules need it."""

    octets: bytes

    @cached_property
    def head(self) -> bytes:
        """The header section, with its last line end."""
        end = self._end
        return self.octets[: end[0]] if end is not None else self.octets

    @cached_property
    def body(self) -> bytes:
        """What stands behind the empty line."""
        end = self._end
        return self.octets[end[1] :] if end is not None else b""

    @cached_property
    def _end(self) -> tuple[int, int] | None:
        if self.octets.startswith((b"\r\n", b"\n")):
            start = 2 if self.octets.startswith(b"\r\n") else 1
            return 0, start
        found = re.search(rb"\n(\r?\n)", self.octets)
        return (found.start(1), found.end(1)) if found else None

    @cached_property
    def fields(self) -> list[tuple[str, bytes]]:
        """Each header: its name in lower case, and its value as it is folded."""
        fields: list[tuple[str, bytes]] = []
        for line in self.head.splitlines(keepends=True):
            if line[:1] in (b" ", b"\t") and fields:
                name, value = fields[-1]
                fields[-1] = name, value + line
            elif found := _FIELD.match(line):
                fields.append((found[1].decode("ascii").lower(), line[found.end() :]))
        return fields

    def values(self, name: str) -> list[bytes]:
        """The values of the headers of a name."""
        return [value for key, value in self.fields if key == name]

    def addresses(self, *names: str) -> list[str]:
        """What looks like an address in the headers of these names."""
        return [
            found
            for name in names
            for value in self.values(name)
            for found in _ADDRESS.findall(value.decode("utf-8", "replace"))
        ]

    @cached_property
    def dots(self) -> int:
        """Lines that begin with a dot, which is doubled on the wire."""
        return self.octets.startswith(b".") + self.octets.count(b"\n.")

    @cached_property
    def longest_line(self) -> int:
        """Octets of the longest line, its end not counted."""
        return max((len(line) for line in self.octets.split(b"\r\n")), default=0)

    @cached_property
    def is_8bit(self) -> bool:
        """An octet is beyond ASCII."""
        return not self.octets.isascii()


Rule = Callable[[Content], Iterator[Remark]]

RULES: list[Rule] = []


def rule(check: Rule) -> Rule:
    """Register a rule."""
    RULES.append(check)
    return check


def lint(octets: bytes) -> list[Remark]:
    """Every remark on a message, in the order of the rules."""
    content = Content(octets)
    return [remark for check in RULES for remark in check(content)]


@rule
def _is_empty(content: Content) -> Iterator[Remark]:
    if not content.octets.strip():
        yield Remark("warning", "empty", "the message is empty: no header, no body", "RFC 5322 3.6")


@rule
def _needs(content: Content) -> Iterator[Remark]:
    if not content.octets.strip():
        return
    for name, severity in (("Date", "error"), ("From", "error"), ("Message-ID", "warning")):
        if not content.values(name.lower()):
            word = "must" if severity == "error" else "should"
            text = f"there is no {name}, which every message {word} have"
            yield Remark(severity, f"no-{name.lower()}", text, "RFC 5322 3.6")  # type: ignore[arg-type]  # of the pairs above
    if not any(content.values(name) for name in ("to", "cc", "bcc")):
        text = "no header names a recipient; some filters mind"
        yield Remark("info", "no-recipient-header", text, "RFC 5322 3.6.3")


@rule
def _is_there_once(content: Content) -> Iterator[Remark]:
    count = Counter(name for name, _ in content.fields)
    for name in _ONCE:
        if count[name] > 1:
            text = f"{name.title()} is there {count[name]} times; it may be there once"
            yield Remark("error", "repeated-header", text, "RFC 5322 3.6")


@rule
def _is_a_header(content: Content) -> Iterator[Remark]:
    for number, line in enumerate(content.head.splitlines(), 1):
        if number > 1 and line[:1] in (b" ", b"\t"):
            if not line.strip():
                text = f"line {number} of the header is folded and holds only blanks"
                yield Remark("warning", "blank-fold", text, "RFC 5322 3.2.2")
        elif not _FIELD.match(line):
            text = f"line {number} of the header is no header: it has no name and colon"
            yield Remark("error", "no-colon", text, "RFC 5322 2.2")


@rule
def _is_ascii(content: Content) -> Iterator[Remark]:
    if not content.head.isascii():
        text = "the header holds octets beyond ASCII, not encoded; only SMTPUTF8 carries them"
        yield Remark("warning", "8bit-header", text, "RFC 6532 3.2")
    is_declared = content.values("content-type") and content.values("mime-version")
    if not content.body.isascii() and not is_declared:
        text = "the body holds octets beyond ASCII, and no Content-Type says what they are"
        yield Remark("warning", "8bit-undeclared", text, "RFC 2045 5.2")


@rule
def _has_lines(content: Content) -> Iterator[Remark]:
    longest = content.longest_line
    if longest > LONGEST_LINE:
        text = f"a line has {longest:,} octets, more than {LONGEST_LINE}; servers cut or refuse it"
        yield Remark("error", "long-line", text, "RFC 5322 2.1.1")
    for pattern, code, name in ((_BARE_CR, "bare-cr", "CR"), (_BARE_LF, "bare-lf", "LF")):
        count = len(pattern.findall(content.octets))
        if count:
            text = f"{name} stands alone in {count} places; many servers refuse that, or mend it"
            yield Remark("error", code, text, "RFC 5321 2.3.8")
    if nuls := content.octets.count(b"\0"):
        text = f"there are {nuls} NUL octets, which no message may hold"
        yield Remark("error", "nul", text, "RFC 5322 2.2")
    if content.dots:
        begin = "1 line begins" if content.dots == 1 else f"{content.dots} lines begin"
        text = f"{begin} with a dot, which is doubled on the wire"
        yield Remark("info", "dots", text, "RFC 5321 4.5.2")


@rule
def _has_values(content: Content) -> Iterator[Remark]:
    for value in content.values("date")[:1]:
        if not _DATE.fullmatch(value):
            yield Remark("error", "bad-date", "Date is not written as a date", "RFC 5322 3.3")
    for value in content.values("message-id")[:1]:
        if not _MESSAGE_ID.fullmatch(value):
            text = "Message-ID is not of the form <left@right>"
            yield Remark("warning", "bad-message-id", text, "RFC 5322 3.6.4")
    if content.values("bcc"):
        text = "Bcc goes out with the message: every recipient can read who else got it"
        yield Remark("warning", "bcc", text, "RFC 5322 3.6.3")


@rule
def _is_mime(content: Content) -> Iterator[Remark]:
    if content.values("content-type") and not content.values("mime-version"):
        text = "Content-Type without MIME-Version: readers may take the body for plain text"
        yield Remark("warning", "no-mime-version", text, "RFC 2045 4")
    encodings = [value.strip().lower() for value in content.values("content-transfer-encoding")]
    if encodings == [b"7bit"] and not content.body.isascii():
        text = "Content-Transfer-Encoding says 7bit, and the body holds octets beyond ASCII"
        yield Remark("error", "7bit-lie", text, "RFC 2045 6.2")
