"""The client's side of a session, as something that can be done again.

1. What was said in one go is said in one go; before the next, all answers are waited for.
2. A message is sent only where the server asks for one.  Where it asks for one that the transcript
   has not, the connection must be closed: nothing else can be said there.
3. What cannot be said again, since a secret or a challenge was in it, is performed anew by the
   caller: log-ins and TLS.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from smtpconsole.smtp import content as octets
from smtpconsole.smtp.commands import CONTENT, PER_RECIPIENT, Send
from smtpconsole.smtp.replies import Reply
from smtpconsole.smtp.session import Exchange
from smtpconsole.transcript.dialogue import Talk
from smtpconsole.transcript.letters import visit
from smtpconsole.transcript.steps import Message, Say, Step, steps

_MASK = re.compile(rb"\[(?:\d+ octets )?not shown\]|\[content not shown: ")
_PATH = re.compile(rb"<([^>]*)>")


class NotReplayable(ValueError):
    """Something in the transcript cannot be said again; says what and why."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What was said in one go."""

    steps: tuple[Say | Message, ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """What a replay will do to others."""

    messages: int
    recipients: tuple[str, ...]


def plan(talk: Talk) -> list[Step | Batch]:
    """The steps of a connection, those that were said in one go together.

    Raises NotReplayable if something was masked that would have to be said.
    """
    told: list[Step | Batch] = []
    for key, group in groupby(steps(talk), key=_key):
        members = list(group)
        said = tuple(each for each in members if isinstance(each, Say | Message))
        if key is None or len(said) != len(members):
            told += members
            continue
        for step in said:
            _check(step)
        told.append(Batch(said))
    return told


def _key(step: Step) -> int | None:
    return step.group if isinstance(step, Say | Message) else None


def _check(step: Say | Message) -> None:
    data = step.said if isinstance(step, Message) else step.data
    if (found := _MASK.search(data)) is not None:
        what = "a message" if isinstance(step, Message) else step.line
        raise NotReplayable(f"{what} was masked where it says {found[0].decode('ascii')}")


def outline(talk: Talk) -> Outline:
    """How many messages go to whom."""
    letters = [letter for letter in visit(talk).letters if letter.content is not None]
    recipients = dict.fromkeys(each for letter in letters for each in letter.recipients)
    return Outline(len(letters), tuple(recipients))


def said_again(batch: Batch, *, lmtp: bool = False) -> Exchange[list[Reply]]:
    """Say a batch, and its message if the server asks for it; all replies.

    Raises NotReplayable where the server asks for a message that there is not: the connection
    must be closed then.
    """
    sends = [_send(step, lmtp=lmtp) for step in batch.steps]
    replies = yield sends
    if any(send.replies == PER_RECIPIENT for send in sends):
        return replies
    found = list(replies)
    for step, reply in zip(_by_reply(batch), replies, strict=False):
        if not isinstance(step, Message) or reply.code // 100 != 3:
            continue
        if not step.said and not _nobody_takes_it(batch, replies):
            raise NotReplayable("the server asks for a message, and the transcript has none")
        ending = Send(step.said or octets.END, CONTENT, PER_RECIPIENT if lmtp else 1)
        found += yield (ending,)
    return found


def _by_reply(batch: Batch) -> Iterator[Say | Message]:
    """The steps, each as often as it gets replies."""
    for step in batch.steps:
        count = 1 if isinstance(step, Message) else _replies(step)
        yield from [step] * count


def _replies(step: Say) -> int:
    # A command that got no reply, for the connection was lost, would get one now.
    return len(step.codes) or 1


def _nobody_takes_it(batch: Batch, replies: Sequence[Reply]) -> bool:
    """RFC 2920, 3.1: a server may ask for the message when no recipient was accepted; a dot alone
    answers that."""
    pairs = list(zip(_by_reply(batch), replies, strict=False))
    rcpts = [reply for step, reply in pairs if isinstance(step, Say) and step.verb == b"RCPT"]
    return bool(rcpts) and not any(reply.is_positive for reply in rcpts)


def _send(step: Say | Message, *, lmtp: bool) -> Send:
    if isinstance(step, Message):
        return Send(b"DATA\r\n", b"DATA")
    replies = _replies(step)
    if lmtp and step.verb == b"BDAT" and step.line.split("\r\n")[0].upper().endswith(" LAST"):
        replies = PER_RECIPIENT
    about = None
    if step.verb in (b"MAIL", b"RCPT") and (path := _PATH.search(step.data)) is not None:
        about = path[1].decode("utf-8", "surrogateescape")
    return Send(step.data, step.verb, replies, about=about)
