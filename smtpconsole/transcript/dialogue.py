"""Turns become questions and answers: what was said in one go, and what each of it was answered.

1. A message is one question, in however many pieces it was said.
2. The greeting answers a question that is not said.
3. What the server says unasked stands in a question of its own, without words.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from smtpconsole.smtp import content as octets
from smtpconsole.smtp import events
from smtpconsole.smtp.commands import CONTENT, GREETING
from smtpconsole.transcript.turns import Side, Turn

UNASKED = b"(unasked)"


@dataclass(slots=True)
class Question:
    """Something the client said, and its answers."""

    verb: bytes
    data: bytes = b""  # as it was said, secrets taken out
    at: float = 0.0  # seconds
    group: int = 0  # those said in one go have the same
    number: int = 0  # of the turn
    is_secure: bool = False
    has_secret: bool = False  # of which `data` holds no more than the place
    about: str | None = None
    answers: list[Turn] = field(default_factory=list)
    ended: float = 0.0  # seconds; when the last of it was said

    @property
    def line(self) -> str:
        """The first line that was said, as text."""
        return self.data.split(b"\r\n", 1)[0].decode("utf-8", "surrogateescape")

    @property
    def codes(self) -> list[int]:
        """The reply codes it got."""
        return [turn.code for turn in self.answers if turn.code is not None]

    @property
    def code(self) -> int | None:
        """The last of them."""
        codes = self.codes
        return codes[-1] if codes else None

    @property
    def seconds(self) -> float | None:
        """How long the last answer took."""
        return self.answers[-1].at - self.ended if self.answers else None

    @property
    def is_unfinished(self) -> bool:
        """More of the message is to come, though a server may have refused it already."""
        return not self.answers or not self.data.endswith(octets.END)

    @property
    def message(self) -> bytes:
        """The message that was said: without doubled dots and without its end."""
        return unstuffed(self.data)


@dataclass(slots=True)
class Talk:
    """One connection: the facts of its beginning and end, and what was said."""

    dialling: events.Dialling | None = None
    connected: events.Connected | None = None
    resolved: events.Resolved | None = None
    tls: events.Secured | events.NotSecured | None = None
    questions: list[Question] = field(default_factory=list)
    remarks: list[Turn] = field(default_factory=list)
    closed: events.Closed | None = None
    began: float = 0.0
    connected_at: float | None = None
    tls_at: float | None = None

    @property
    def target(self) -> events.Target | None:
        """The server that was called."""
        return self.dialling.target if self.dialling is not None else None


def talks(turns: Iterable[Turn]) -> list[Talk]:
    """The connections that the turns tell of; there is one at least."""
    told = [_Listener()]
    for turn in turns:
        if turn.is_dialling and told[-1].has_begun:
            told.append(_Listener())
        told[-1].hear(turn)
    return [each.talk for each in told]


class _Listener:
    """Follows one connection."""

    def __init__(self) -> None:
        self.talk = Talk()
        self._by_number: dict[int, Question] = {}
        self._group = 0
        self._is_answered = False  # since something was said last

    @property
    def has_begun(self) -> bool:
        """A server was called, or something was said."""
        return self.talk.dialling is not None or bool(self.talk.questions)

    def hear(self, turn: Turn) -> None:
        """The next turn."""
        match turn.side:
            case Side.CLIENT:
                self._said(turn)
            case Side.SERVER:
                self._answered(turn)
            case Side.CONSOLE:
                self._told(turn)

    def _said(self, turn: Turn) -> None:
        questions = self.talk.questions
        last = questions[-1] if questions else None
        if last is not None and turn.is_content and last.verb == CONTENT and last.is_unfinished:
            last.data += turn.data
            last.ended = turn.at
            self._by_number[turn.number] = last
            return
        if self._is_answered:
            self._group += 1
            self._is_answered = False
        send = turn.send
        question = Question(
            turn.verb,
            turn.data,
            turn.at,
            self._group,
            turn.number,
            turn.is_secure,
            _has_secret(turn),
            send.about if send is not None and isinstance(send.about, str) else None,
            ended=turn.at,
        )
        questions.append(question)
        self._by_number[turn.number] = question

    def _answered(self, turn: Turn) -> None:
        question = self._by_number.get(turn.answers) if turn.answers is not None else None
        if question is None:
            question = self._unsaid(turn)
            self.talk.questions.append(question)
        question.answers.append(turn)
        self._is_answered = True

    def _unsaid(self, turn: Turn) -> Question:
        """The question that a greeting, or what nobody asked for, answers."""
        is_greeting = turn.verb == GREETING
        begun = self.talk.tls_at or self.talk.connected_at if is_greeting else None
        at = turn.at if begun is None else begun
        return Question(
            GREETING if is_greeting else UNASKED,
            at=at,
            ended=at,
            group=-1,
            number=turn.number,
            is_secure=turn.is_secure,
        )

    def _told(self, turn: Turn) -> None:
        talk = self.talk
        match turn.event:
            case events.Dialling() as dialling:
                talk.dialling, talk.began = dialling, turn.at
                talk.closed = None  # what ended before was another connection
            case events.Resolved() as resolved:
                talk.resolved = resolved
            case events.Connected() as connected:
                talk.connected, talk.connected_at = connected, turn.at
            case events.Secured() | events.NotSecured() as secured:
                talk.tls, talk.tls_at = secured, turn.at
            case events.Closed() as closed:
                talk.closed = closed
        talk.remarks.append(turn)


def _has_secret(turn: Turn) -> bool:
    """The words were masked, or would have to be: all of AUTH but its mechanism."""
    if turn.verb != b"AUTH":
        return False
    words = turn.data.strip().split(None, 2)
    return len(words) > 2 if words[:1] and words[0].upper() == b"AUTH" else words != [b"*"]


def unstuffed(data: bytes) -> bytes:
    """What DATA said, as it was before: single dots, and no end (RFC 5321, 4.5.2)."""
    if data == octets.END:
        return b""
    text = data.removesuffix(b"\r\n" + octets.END)
    if text != data:
        text += b"\r\n"
    return (b"\r\n" + text).replace(b"\r\n.", b"\r\n")[2:]
