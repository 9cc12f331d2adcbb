"""What can go wrong below the facade.  A server's reply is never among it: replies are values.

ConnectionError
 ├ Unreachable         attempts: each address with its error
 ├ Disconnected        replies: what had been answered; waiting_for: the first that had not;
 │                     left: octets that make no reply; is_cut_short: not all of ours was sent
 └ HandshakeFailed     facts: what TLS told before it failed
    └ NoName           also a ValueError: whoever asked gave no name
TimeoutError
 └ Silence             replies: what had been answered; waiting_for: the command that was not;
                       timer: which time was up; unsent: octets of ours that never left;
                       is_cut_short: some had not

All but the first have `is_in_doubt`: a message was said to its end, and nobody knows whether the
server has taken it (RFC 1047).  Where it is false, the server has not taken what was under way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smtpconsole.smtp.events import Tried
from smtpconsole.smtp.facts import TlsFacts

if TYPE_CHECKING:
    from smtpconsole.smtp.commands import Send
    from smtpconsole.smtp.replies import Reply


class Unreachable(ConnectionError):
    """No address of the host could be connected to, or it has none."""

    def __init__(self, message: str, attempts: list[Tried] | None = None) -> None:
        super().__init__(message)
        self.attempts = attempts or []


class Disconnected(ConnectionError):
    """The connection ended with replies still owed; `replies` are those that came in time."""

    def __init__(self, message: str, replies: list[Reply] | None = None) -> None:
        super().__init__(message)
        self.replies = replies or []
        self.waiting_for: Send | None = None
        self.left = b""
        self.is_cut_short = self.is_in_doubt = False


class HandshakeFailed(ConnectionError):
    """TLS did not come about, and the connection is of no further use."""

    def __init__(self, message: str, facts: TlsFacts | None = None) -> None:
        super().__init__(message)
        self.facts = facts if facts is not None else TlsFacts()
        self.is_cut_short = self.is_in_doubt = False


class NoName(HandshakeFailed, ValueError):
    """A certificate is to be verified, and there is no name to check it against."""


class Silence(TimeoutError):
    """The server did not answer in time; the connection is closed, for a late answer would
    be taken for that to another question."""

    def __init__(
        self, message: str, waiting_for: Send | None = None, *, timer: str = "other"
    ) -> None:
        super().__init__(message)
        self.replies: list[Reply] = []
        self.waiting_for = waiting_for
        self.timer = timer  # a field of net.timeouts.Timeouts, e.g. "greeting", "end", "total"
        self.unsent = 0
        self.taken: int | None = None  # octets of the message, where whoever sent it has counted
        self.is_cut_short = self.is_in_doubt = False
