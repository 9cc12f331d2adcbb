"""What a server says it can do: the EHLO reply, parsed (RFC 5321, 4.1.1.1).

Keywords are bytes first: `str.upper()` and `str.split()` would treat octets of other alphabets
as letters and blanks.  Order and repetition are kept, for they are what a person debugs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from smtpconsole.smtp.replies import Reply


@dataclass(frozen=True, slots=True)
class Keyword:
    """One line of an EHLO reply."""

    name: str  # upper case
    parameters: str  # as sent, blanks at the ends removed


@dataclass(frozen=True, slots=True)
class Capabilities:
    """All that one EHLO or LHLO reply offers; empty after HELO, and before any of them."""

    greeting: str = ""  # the first line: who the server says it is
    keywords: tuple[Keyword, ...] = ()
    names: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Asked for every message, so looked up rather than searched.
        object.__setattr__(self, "names", frozenset(each.name for each in self.keywords))

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def __iter__(self) -> Iterator[Keyword]:
        return iter(self.keywords)

    def parameters(self, name: str) -> str | None:
        """The parameters of a keyword, of its first mention; None if it is not offered."""
        return next((word.parameters for word in self.keywords if word.name == name), None)

    @property
    def size(self) -> int | None:
        """The most octets a message may have (RFC 1870); None if not told, or not limited."""
        digits = self.parameters("SIZE") or ""
        is_number = digits.isascii() and digits.isdecimal() and len(digits) <= 20
        return (int(digits) or None) if is_number else None

    def limit(self, name: str) -> int | None:
        """One of RCPTMAX, MAILMAX and RCPTDOMAINMAX (RFC 9422); None if there is none."""
        for word in (self.parameters("LIMITS") or "").upper().split():
            key, _, digits = word.partition("=")
            if key == name and digits.isascii() and digits.isdecimal() and len(digits) < 7:
                return int(digits) or None  # 0 is no limit that could be kept to
        return None

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """SASL mechanisms in the server's order, also of the old `AUTH=` form."""
        names = [
            name
            for keyword in self.keywords
            if keyword.name == "AUTH" or keyword.name.startswith("AUTH=")
            for name in f"{keyword.name[5:]} {keyword.parameters}".upper().split()
        ]
        return tuple(dict.fromkeys(names))


def parse(reply: Reply) -> Capabilities:
    """Read the reply to EHLO or LHLO; total, whatever the lines hold."""
    greeting = reply.lines[0].decode("utf-8", "surrogateescape")
    keywords = []
    for line in reply.lines[1:]:
        name, _, parameters = line.replace(b"\t", b" ").strip(b" ").partition(b" ")
        if name:  # smtp-sink ends with an empty line
            keywords.append(
                Keyword(
                    name.upper().decode("utf-8", "surrogateescape"),
                    parameters.strip(b" ").decode("utf-8", "surrogateescape"),
                )
            )
    return Capabilities(greeting, tuple(keywords))
