"""What became of a message."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

from smtpconsole.smtp.replies import Reply

NO_REPLY = Reply(-1, [b"no reply came"])


@dataclass(slots=True)
class Delivery:
    """The replies a mail transaction got, kind by kind."""

    mail: Reply = field(default_factory=lambda: NO_REPLY)
    recipients: list[tuple[Any, Reply]] = field(default_factory=list)
    data: Reply | None = None
    content: Sequence[Reply] = ()  # one, or in LMTP and PRDR one for each accepted recipient
    whole: Reply | None = None  # PRDR: on the message, after those on the recipients
    is_each: bool = False  # every accepted recipient has a word of its own in `content`
    is_unanswered: bool = False  # said to its end when the connection ended

    @property
    def accepted(self) -> list[Any]:
        """The recipients the server took, as the caller knows them."""
        return [who for who, reply in self.recipients if reply.code // 100 == 2]

    @property
    def refused(self) -> list[tuple[Any, Reply]]:
        """The others, each with its reply."""
        return [(who, reply) for who, reply in self.recipients if not reply.is_positive]

    @property
    def replies(self) -> list[Reply]:
        """All of them, in the order they came."""
        last = (*self.content, self.whole)
        found = (self.mail, *(reply for _, reply in self.recipients), self.data, *last)
        return [reply for reply in found if reply is not None and reply is not NO_REPLY]

    @property
    def has_envelope(self) -> bool:
        """The server holds a sender and a recipient: there is something to send content for."""
        if self.mail.code // 100 != 2:
            return False
        return any(reply.code // 100 == 2 for _, reply in self.recipients)

    @property
    def is_delivered(self) -> bool:
        """The server has taken responsibility for the message (RFC 5321, 4.2.5)."""
        if self.whole is not None and not self.whole.is_positive:
            return False
        return self.has_envelope and any(reply.is_positive for reply in self.content)

    @property
    def is_in_doubt(self) -> bool:
        """The server may have taken the message, and has not said so, or not clearly."""
        words = (reply for reply in (*self.content, self.whole) if reply is not None)
        return self.is_unanswered or not all(reply.is_clear for reply in words)

    @property
    def leaves_open(self) -> bool:
        """The server still holds the envelope: it has to be told RSET before the next MAIL."""
        if not self.mail.is_positive or self.is_farewell:
            return False
        if self.data is not None:
            return self.data.is_negative
        # RFC 3030, 2: a chunk that is refused calls for RSET.
        return not any(reply.is_positive for reply in self.content)

    @property
    def is_farewell(self) -> bool:
        """The last the server said was that it leaves (RFC 5321, 3.8)."""
        return self._last.code == 421

    @property
    def _last(self) -> Reply:
        if self.whole is not None:
            return self.whole
        if self.content:
            return self.content[-1]
        if self.data is not None:
            return self.data
        return self.recipients[-1][1] if self.recipients else self.mail

    @property
    def refusal(self) -> Reply | None:
        """The reply that decided against the message as a whole; None if none has."""
        if self.is_delivered:
            return None
        if self.is_farewell:
            return self._last
        if not self.mail.is_positive:  # what was pipelined behind it only follows from it
            return self.mail
        if self.recipients and not self.accepted:
            return self.recipients[-1][1]
        if self.data is not None and self.data.is_negative:
            return self.data
        return next((each for each in (self.whole, *self.content) if each is not None), None)

    @property
    def outcomes(self) -> list[tuple[Any, Reply | None]]:
        """The last word on each recipient; None where the connection ended before it came."""
        rest = self._last if self.is_farewell else None
        words: Iterator[Reply | None] = iter(self.content)
        is_for_all = len(self.content) < (1 if self.is_each else 2)
        if self.whole is None and is_for_all:
            words = repeat(self.content[0] if self.is_delivered else self.refusal)
        found: list[tuple[Any, Reply | None]] = []
        for who, reply in self.recipients:
            word = next(words, rest) if reply.is_positive else reply
            if self.whole is not None and not self.whole.is_positive and reply.is_positive:
                word = self.whole  # what was said on each before it is void
            found.append((who, word))
        return found
