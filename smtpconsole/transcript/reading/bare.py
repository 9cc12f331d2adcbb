"""What is copied from a terminal with telnet, nc or `openssl s_client` in it: nothing says whose a
line is, but a reply begins with its code, and what follows a 354 is the message."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from smtpconsole.smtp.events import Dialling, Event, Noted, Secured, Target
from smtpconsole.smtp.facts import TlsFacts
from smtpconsole.transcript.reading import Problems, reader
from smtpconsole.transcript.reading.retelling import Heard
from smtpconsole.transcript.turns import Side

_REPLY = re.compile(r"[2-5]\d\d(?:[ -]|$)")
_VERB = re.compile(
    r"(?:EHLO|HELO|LHLO|MAIL|RCPT|DATA|RSET|NOOP|QUIT|VRFY|EXPN|HELP|AUTH|STARTTLS|BDAT|ETRN"
    r"|XCLIENT|XFORWARD|TURN|ATRN|BURL)(?:[ \t]|$)",
    re.IGNORECASE,
)
_PROMPT = re.compile(r"[$#%>] ?(?:telnet|nc|ncat|openssl)\b|telnet> ")
_TELNET = re.compile(
    r"Trying \S+\.\.\.$|Connected to (?P<host>\S+?)\.?$|Escape character is |"
    r"Connection closed by foreign host\.?$|Connection to \S+ \d+ port .* succeeded!$"
)
_CIPHER = re.compile(r"New, (?P<version>\S+), Cipher is (?P<cipher>\S+)$")
_OPENSSL_AT = re.compile(r"connect\w*:? ?to |Connecting to (?P<address>\S+)$")
_END_OF_NOISE = ("read R BLOCK", "    Extended master secret:")
_AFTER_CLOSE = re.compile(r"closed$|DONE$|read:errno=")


def _weigh(lines: Sequence[str]) -> float:
    replies = sum(1 for line in lines if _REPLY.match(line))
    verbs = sum(1 for line in lines if _VERB.match(line))
    begins = any(_TELNET.match(line) or line.startswith("CONNECTED(") for line in lines)
    if not replies or not (verbs or begins):
        return 0.0
    return 0.5 if begins else min(0.49, (replies + verbs) / len(lines))


@reader("terminal", _weigh)
def terminal(lines: Sequence[str], problems: Problems) -> Iterator[Heard]:
    """Lines from a terminal."""
    follower = _Follower(problems)
    for number, line in enumerate(lines, 1):
        yield from follower.follow(number, line)


class _Follower:
    """Knows what is due next."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._in_content = self._in_auth = self._in_noise = False
        self._shook_hands = False

    def follow(self, number: int, line: str) -> Iterator[Heard]:
        """What a line tells."""
        if self._in_content:
            self._in_content = line != "."
            yield _said(line)
        elif self._in_noise or line.startswith("CONNECTED("):
            yield from self._noise(line)
        elif _REPLY.match(line):
            self._in_content = line.startswith("354")
            self._in_auth = line.startswith("334")
            yield Heard(Side.SERVER, f"{line}\r\n".encode("utf-8", "surrogateescape"))
        elif self._in_auth or _VERB.match(line):
            self._in_auth = False
            yield _said(line)
        elif (event := _remark(line)) is not None:
            yield Heard(Side.CONSOLE, event=event)
        elif line.strip():
            self._problems.add(number, "is neither a reply nor a command")

    def _noise(self, line: str) -> Iterator[Heard]:
        """What openssl tells of the handshake; it said EHLO and STARTTLS before, unseen."""
        self._in_noise = True
        if (found := _CIPHER.match(line)) is not None and not self._shook_hands:
            self._shook_hands = True
            facts = TlsFacts(version=found["version"], cipher=found["cipher"])
            yield Heard(Side.CONSOLE, event=Secured(facts))
        elif _REPLY.match(line):
            self._in_noise = False
            yield from self.follow(0, line)
        elif _VERB.match(line) and self._shook_hands:
            self._in_noise = False
            yield _said(line)


def _said(line: str) -> Heard:
    return Heard(Side.CLIENT, f"{line}\r\n".encode("utf-8", "surrogateescape"))


def _remark(line: str) -> Event | None:
    if (found := _TELNET.match(line)) is not None:
        return Dialling(Target(found["host"], 25)) if found["host"] else Noted(line)
    if _PROMPT.match(line) or _AFTER_CLOSE.match(line):
        return Noted(line)
    return None
