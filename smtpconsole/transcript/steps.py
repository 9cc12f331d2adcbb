"""What the client did, as a person would tell it: the material of scripts, programs and replays.

A log-in is one step, whatever was said back and forth in it; a message is one with its DATA.
All else is said as it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from smtpconsole.smtp.commands import CONTENT, GREETING
from smtpconsole.smtp.events import Target
from smtpconsole.transcript.dialogue import UNASKED, Question, Talk


@dataclass(frozen=True, slots=True)
class Connect:
    """A connection was made; `code` is that of the greeting."""

    target: Target | None
    code: int | None = None
    header: bytes = b""  # of the PROXY protocol, said before the greeting


@dataclass(frozen=True, slots=True)
class StartTls:
    """STARTTLS was said; after a 220 came the handshake, and `is_secure` if it succeeded."""

    code: int | None
    is_secure: bool = False


@dataclass(frozen=True, slots=True)
class Login:
    """AUTH and all that belongs to it."""

    mechanism: str  # upper case; "" if it was not given
    user: str | None  # None: the transcript does not tell
    code: int | None
    is_cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """DATA, and the message if it was sent."""

    code: int | None  # of DATA
    content: bytes | None = None  # as it was before dots were doubled
    said: bytes = b""  # the same as it was on the wire
    codes: tuple[int, ...] = ()
    group: int = 0
    has_end: bool = True  # False: the connection was lost, or the lone dot was left out


@dataclass(frozen=True, slots=True)
class Say:
    """Anything else that was said."""

    data: bytes
    verb: bytes
    codes: tuple[int, ...] = ()
    group: int = 0

    @property
    def code(self) -> int | None:
        """The last reply code."""
        return self.codes[-1] if self.codes else None

    @property
    def line(self) -> str:
        """The words, without their line end."""
        return self.data.removesuffix(b"\r\n").decode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class Close:
    """The client closed the connection without more ado."""


Step = Connect | StartTls | Login | Message | Say | Close

_NOT_SAID = (GREETING, UNASKED, b"PROXY")
_AUTH = re.compile(r"\s*AUTH(?:\s+(\S+))?", re.IGNORECASE)


def steps(talk: Talk) -> list[Step]:
    """What the client did on one connection."""
    told = list(_steps(talk))
    closed = talk.closed
    if closed is not None and closed.by == "client" and not closed.was_announced:
        told.append(Close())
    return told


def _steps(talk: Talk) -> Iterator[Step]:
    greeting = next((each for each in talk.questions if each.verb == GREETING), None)
    header = b"".join(each.data for each in talk.questions if each.verb == b"PROXY")
    yield Connect(talk.target, greeting.code if greeting is not None else None, header)
    left = [each for each in talk.questions if each.verb not in _NOT_SAID]
    while left:
        question = left.pop(0)
        match question.verb:
            case b"STARTTLS" if question.line.strip().upper() == "STARTTLS":
                is_secure = question.code == 220 and (not left or left[0].is_secure)
                yield StartTls(question.code, is_secure)
            case b"AUTH":
                yield _login(question, left)
            case b"DATA":
                yield _message(question, left)
            case _:
                yield Say(question.data, question.verb, tuple(question.codes), question.group)


def _login(first: Question, left: list[Question]) -> Login:
    """An AUTH, with the answers to challenges that follow it."""
    found = _AUTH.match(first.line)
    mechanism = (found[1] or "").upper() if found is not None else ""
    user, last = first.about, first
    while last.code is not None and last.code // 100 == 3 and left and left[0].verb == b"AUTH":
        last = left.pop(0)
        user = user or last.about
    return Login(mechanism, user, last.code, is_cancelled=last.data == b"*\r\n")


def _message(data: Question, left: list[Question]) -> Message:
    following = next((at for at, each in enumerate(left) if each.verb == CONTENT), None)
    is_its_own = following == 0 or (
        following is not None and all(each.verb != b"DATA" for each in left[:following])
    )
    if data.code is None or data.code // 100 != 3 or not is_its_own or following is None:
        return Message(data.code, group=data.group)
    content = left.pop(following)
    return Message(
        data.code,
        content.message,
        content.data,
        tuple(content.codes),
        data.group,
        content.data == b".\r\n" or content.data.endswith(b"\r\n.\r\n"),
    )
