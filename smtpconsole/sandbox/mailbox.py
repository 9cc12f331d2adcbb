"""What arrived, and with which envelope: letters, kept in memory within bounds.

The sandbox's thread keeps letters, any other thread reads them or waits for them.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from threading import Condition
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from email.message import EmailMessage

MAX_LETTERS = 1_000
MAX_OCTETS = 64 * 2**20


# No slots: the two cached properties live in the instance's dictionary.
@dataclass(frozen=True)
class Letter:
    """One message with its envelope, and how it came."""

    received: datetime
    peer: str
    helo: str
    tls: bool
    user: str | None
    sender: str  # "" for the null sender, <>
    recipients: tuple[str, ...]
    content: bytes
    mail_options: tuple[str, ...] = ()
    rcpt_options: tuple[tuple[str, ...], ...] = ()  # of each recipient
    mailboxes: tuple[str, ...] = ()  # that it was put into
    relayed: bool = False
    number: int = 0  # given by the mailbox, from 1

    @cached_property
    def subject(self) -> str:
        """The subject as people read it, "" if there is none."""
        import email.parser
        import email.policy  # which is slow to load

        parser = email.parser.BytesHeaderParser(policy=email.policy.default)
        try:
            return str(parser.parsebytes(self.content).get("Subject", ""))
        except (LookupError, AttributeError, RecursionError, TypeError, ValueError):
            # CPython's header parser trips over some hostile encoded words: as it came, then.
            raw = email.parser.BytesHeaderParser(policy=email.policy.compat32)
            return str(raw.parsebytes(self.content).get("Subject", ""))

    @cached_property
    def message(self) -> EmailMessage:
        """The content, parsed; one object a letter, so look, do not change it."""
        import email
        import email.policy

        return email.message_from_bytes(self.content, policy=email.policy.default)


class Mailbox:
    """The letters that arrived, oldest first; beyond its bounds the oldest make room."""

    def __init__(self, *, max_letters: int = MAX_LETTERS, max_octets: int = MAX_OCTETS) -> None:
        self._max_letters = max_letters
        self._max_octets = max_octets
        self._letters: deque[Letter] = deque()
        self._octets = 0
        self._arrived = 0
        self._changed = Condition()

    def keep(self, letter: Letter) -> Letter:
        """Keep a letter; gives it back with its number."""
        with self._changed:
            self._arrived += 1
            letter = replace(letter, number=self._arrived)
            self._letters.append(letter)
            self._octets += len(letter.content)
            # The newest stays, whatever its size: its sender was told that it is kept.
            while len(self._letters) > 1 and self._is_too_full():
                self._octets -= len(self._letters.popleft().content)
            self._changed.notify_all()
        return letter

    def _is_too_full(self) -> bool:
        return len(self._letters) > self._max_letters or self._octets > self._max_octets

    def letters(self) -> tuple[Letter, ...]:
        """The letters kept, oldest first."""
        with self._changed:
            return tuple(self._letters)

    def letter(self, number: int) -> Letter | None:
        """The letter of a number, if it is still kept."""
        return next((each for each in self.letters() if each.number == number), None)

    def delete(self, number: int) -> bool:
        """Throw a letter away; whether there was one."""
        with self._changed:
            kept = [each for each in self._letters if each.number != number]
            is_gone = len(kept) < len(self._letters)
            self._letters = deque(kept)
            self._octets = sum(len(each.content) for each in kept)
        return is_gone

    def used(self, name: str) -> int:
        """The octets of the letters in the mailbox of a name."""
        with self._changed:
            return sum(len(each.content) for each in self._letters if name in each.mailboxes)

    def wait(self, count: int = 1, timeout: float = 5) -> tuple[Letter, ...]:
        """The letters kept once `count` have arrived since the start; TimeoutError if they do not.

        Letters dropped for want of room count as arrived.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._arrived >= count, timeout):
                raise TimeoutError(
                    f"Only {self._arrived} of {count} letters arrived in {timeout} s"
                )
            return tuple(self._letters)

    def __len__(self) -> int:
        with self._changed:
            return len(self._letters)
