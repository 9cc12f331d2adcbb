"""What a profile forbids, held at the last place before the octets leave.

It reads what is about to be said, whoever says it: a typed line, an exchange, raw octets, a
script, a batch that was edited.  Where it cannot tell, it says no:

1. Octets without a verb are read as lines, and a line that is not complete waits for the rest.
2. A recipient is foreign unless its domain can be read, and is among those that are allowed.
3. Content must not hold a line end that some servers take for the message's end.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from smtpconsole.console.answers import ConsoleError
from smtpconsole.smtp.commands import CONTENT, GREETING, Send

FOREIGN = "foreign-recipients"
RAW = "raw"
KIN = {"DATA": ("DATA", "BDAT", "BURL")}  # to forbid one forbids all: each carries a message

_LINES = re.compile(rb"[\r\n]+")
_VERB = re.compile(rb"[\x00-\x20]*([A-Za-z0-9]+)")
_RCPT = re.compile(rb"[\x00-\x20]*RCPT[\x00-\x20]+TO[\x00-\x20]*:[\x00-\x20]*(\S.*)", re.I | re.S)
_PATH = re.compile(
    rb"<(?:@[^:<>\s]+:)?(?:postmaster|[^\s<>@%!\"\\(),:;\[\]]+@(?P<domain>[^\s<>@]+))>", re.I
)
_LONE_DOT = re.compile(rb"(\r\n|[\r\n\x00])\.(\r\n|[\r\n\x00])")
_BDAT = re.compile(rb"\s*BDAT\s+(\d{1,15})\b", re.I)


@dataclass(slots=True)
class Guard:
    """Says no to what a profile forbids; `check` goes where a session asks before it speaks."""

    profile: str
    verbs: frozenset[str] = frozenset()
    domains: frozenset[str] | None = None  # recipients there only; None for all
    is_raw_forbidden: bool = False
    _rest: bytes = field(default=b"", repr=False)  # of raw octets: a line without its end
    _left: int | None = None  # octets of the chunk that has been announced

    @classmethod
    def of(cls, profile: str, forbidden: Sequence[str], domains: Sequence[str]) -> Guard:
        """The guard for some words of a profile."""
        verbs = {verb for each in forbidden for verb in KIN.get(each.upper(), (each.upper(),))}
        allowed = frozenset(map(_plain, domains)) if FOREIGN in forbidden else None
        words = frozenset(verbs - {FOREIGN.upper(), RAW.upper()})
        return cls(profile, words, allowed, RAW in forbidden)

    def check(self, batch: Sequence[Send]) -> None:
        """ConsoleError if one of these must not be said."""
        for send in batch:
            if send.verb == CONTENT:
                self._check_content(send.data)
            elif send.verb != GREETING:
                self._left = None
                self._check_verb(send.verb)
                self._check_lines(send)

    def _check_lines(self, send: Send) -> None:
        if not send.verb and self.is_raw_forbidden:
            raise self._refusal("it forbids raw octets")
        octets = self._rest + send.data
        for line in _LINES.split(octets):
            self._check_line(line)
        # After a complete line nothing is left; else it may be said in two parts.
        self._rest = b"" if octets.endswith((b"\r", b"\n")) else _LINES.split(octets)[-1][-4096:]

    def _check_line(self, line: bytes) -> None:
        found = _VERB.match(line)
        if found is None:
            return
        self._check_verb(found[1])
        if found[1].upper() == b"RCPT":
            self.check_recipient(line)
        elif chunk := _BDAT.match(line):
            self._left = int(chunk[1]) or None

    def _check_verb(self, verb: bytes) -> None:
        name = verb.upper().decode("ascii", "replace")
        if name in self.verbs:
            raise self._refusal(f"it forbids {name}")

    def check_recipient(self, line: bytes) -> None:
        """ConsoleError unless the recipient of a RCPT line is allowed."""
        if self.domains is None:
            return
        found = _RCPT.match(line)
        path = _PATH.match(found[1].strip()) if found is not None else None
        if path is None:
            shown = found[1] if found is not None else line
            told = shown.split(b" ")[0].decode("utf-8", "replace")
            raise self._refusal(f"whose recipient {told} is cannot be told", *self._allowed)
        domain = path["domain"]
        if domain is not None and _plain(domain.decode("utf-8", "replace")) not in self.domains:
            address = path[0].decode("utf-8", "replace")
            raise self._refusal(f"it forbids foreign recipients, as {address} is", *self._allowed)

    def _check_content(self, data: bytes) -> None:
        if self._left is not None:  # dots mean nothing in a chunk, but what is beyond it does
            if len(data) > self._left:
                raise self._refusal("what is longer than its chunk would end in a command")
            self._left = self._left - len(data) or None
            return
        for found in _LONE_DOT.finditer(data):
            if found[1] != b"\r\n" or found[2] != b"\r\n":
                raise self._refusal(
                    "the message holds a lone dot between line ends that are none, which some"
                    " servers take for the message's end"
                )

    @property
    def _allowed(self) -> tuple[str, ...]:
        return (f"allowed are {', '.join(sorted(self.domains or ()))}",)

    def _refusal(self, why: str, *hints: str) -> ConsoleError:
        return ConsoleError(
            f"the profile {self.profile} does not allow this, and nothing was sent: {why}",
            *hints,
            "what a profile forbids stands in its file",
            next=(f"/profile show {self.profile}",),
        )


def _plain(domain: str) -> str:
    """A domain as it is compared."""
    return domain.strip().strip("@").rstrip(".").lower()
