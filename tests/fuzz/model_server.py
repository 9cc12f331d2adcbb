"""A server that is only a model: it reads what a client says by itself, and knows what is due.

It knows nothing of the client's engine, and shares no code with it.  Each reply has a number in
its text, so that whoever pairs it can be asked what it was an answer to.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

CONTENT = b"(content)"
GREETING = b"(greeting)"


@dataclass
class ModelServer:
    """What has been received and not been answered."""

    lmtp: bool = False
    mode: str = "greeting"  # command, content, auth, tls, gone
    received: bytes = b""
    accepted: int = 0  # recipients
    prdr: bool = False
    due: deque[bytes] = field(default_factory=deque)  # what is asked, once for each reply
    labels: list[bytes | None] = field(default_factory=list)  # by the number of the reply

    def hear(self, octets: bytes) -> None:
        """The client says something; under way to TLS it must not."""
        assert self.mode != "tls" or not octets, f"{octets!r} was said before the handshake"
        if self.mode != "gone":
            self.received += octets

    # --- what is asked ------------------------------------------------------------------------

    def oldest(self) -> bytes | None:
        """What is to be answered next; None if nothing is."""
        if self.mode == "gone":
            return None
        if self.mode == "greeting":
            return GREETING
        if not self.due and (unit := self._unit(self.received)) is not None:
            asked, size = unit
            self.received = self.received[size:]
            times = 1
            if self.lmtp and (asked == CONTENT or asked.endswith(b" LAST")):
                times = max(1, self.accepted)
            self.due.extend([asked] * times)
        return self.due[0] if self.due else None

    def waiting(self) -> int:
        """How many questions have no answer, or not all of them."""
        count, left = int(bool(self.due) or self.mode == "greeting"), self.received
        while (unit := self._unit(left)) is not None:
            count += 1
            left = left[unit[1] :]
        return count

    def _unit(self, octets: bytes) -> tuple[bytes, int] | None:
        """The first whole question, and its length."""
        if self.mode == "content":
            if octets.startswith(b".\r\n"):
                return CONTENT, 3
            end = octets.find(b"\r\n.\r\n")
            return (CONTENT, end + 5) if end >= 0 else None
        line, end, rest = octets.partition(b"\r\n")
        if not end:
            return None
        words = line.upper().split()
        if self.mode == "command" and words[:1] == [b"BDAT"] and len(words) > 1:
            size = int(words[1])
            return (line.upper(), len(line) + 2 + size) if len(rest) >= size else None
        return line, len(line) + 2

    # --- what is answered ---------------------------------------------------------------------

    def answer(self, code: int) -> bytes:
        """The reply to the oldest question."""
        asked = self.oldest()
        assert asked is not None
        if self.mode == "greeting":
            self.mode = "command"
            return self.say(code, asked)
        self.due.popleft()
        is_message = asked == CONTENT or asked.endswith(b" LAST")
        if self.prdr and is_message and code == 353 and not self.due:
            self.prdr = False  # for this message; the rest is due now
            self.due.extend([asked] * (self.accepted + 1))
            return self.say(code, asked)
        if not self.due:
            self._follow(asked, code)
        return self.say(code, asked)

    def say(self, code: int, asked: bytes | None) -> bytes:
        """A reply of that code, with its number."""
        number = len(self.labels)
        self.labels.append(asked)
        if code == 421:
            self.mode, self.due = "gone", deque()
        if code == 250 and asked is not None and asked[:4].upper() in (b"EHLO", b"LHLO"):
            return b"250-r%d mx\r\n250-PIPELINING\r\n250 STARTTLS\r\n" % number
        return b"%d r%d\r\n" % (code, number)

    def _follow(self, asked: bytes, code: int) -> None:
        is_positive = code // 100 == 2
        verb = (asked.split() or [b""])[0].upper()
        if self.mode == "auth":
            self.mode = "auth" if code // 100 == 3 else "command"
        elif asked == CONTENT:
            self.mode, self.accepted, self.prdr = "command", 0, False
        elif verb in (b"DATA", b"AUTH") and code // 100 == 3:
            assert not self.received, f"{self.received!r} was said behind {verb.decode()}"
            self.mode = "content" if verb == b"DATA" else "auth"
        elif verb == b"STARTTLS" and code == 220:
            assert not self.received, f"{self.received!r} was said behind STARTTLS"
            self.mode = "tls"
        elif verb == b"QUIT" and is_positive:
            self.mode = "gone"
        else:
            self._count(verb, asked, is_positive)

    def _count(self, verb: bytes, asked: bytes, is_positive: bool) -> None:
        is_last = verb == b"BDAT" and asked.endswith(b" LAST")
        if is_last and (self.lmtp or is_positive):
            self.accepted, self.prdr = 0, False
        elif verb == b"RCPT" and is_positive:
            self.accepted += 1
        elif verb == b"MAIL" and is_positive:
            self.accepted, self.prdr = 0, b"PRDR" in asked.split()
        elif verb in (b"EHLO", b"LHLO", b"HELO", b"RSET") and is_positive:
            self.accepted, self.prdr = 0, False

    def secured(self) -> None:
        """The handshake is over: what was known is void."""
        self.mode, self.accepted, self.prdr = "command", 0, False
