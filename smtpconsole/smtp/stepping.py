"""Step mode: a batch is proposed, and said, changed, cut in two or dropped at a person's word.

1. A Reply in the place of a Send stands for the answer to what is not said, so that an exchange
   has as many answers as it asked for.
2. What is kept for later (`rest`) is proposed again when the part before it is answered, whether
   or not anybody holds batches then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smtpconsole.smtp.commands import Send
from smtpconsole.smtp.events import Proposed
from smtpconsole.smtp.replies import Reply

if TYPE_CHECKING:
    from smtpconsole.smtp.running import Batch, Running
    from smtpconsole.smtp.session import Session

Said = Sequence[Send | Reply]


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done when what was released is answered."""

    stand_ins: Sequence[tuple[int, Reply]]  # each with its place among the replies
    rest: Batch


def propose(session: Session, running: Running, batch: Batch) -> None:
    """Hold a batch back, and tell that it is."""
    session.held = running, batch
    if session.observe is not None:
        session.observe(Proposed(batch))


def begin(running: Running, batch: Said, rest: Batch) -> Batch:
    """What of a released batch is really said."""
    said: list[Send] = []
    stand_ins: list[tuple[int, Reply]] = []
    place = len(running.replies)
    for each in batch:
        if isinstance(each, Reply):
            stand_ins.append((place, each))
            place += 1
        else:
            said.append(each)
            place += max(0, each.replies)  # whose number is not known is the last
    running.step = Step(stand_ins, rest)
    return said


def is_over(session: Session, running: Running, step: Step) -> bool:
    """What was released is answered; false if there is a rest, which is proposed now."""
    running.step = None
    for place, reply in step.stand_ins:
        running.replies.insert(place, reply)
    if step.rest:
        propose(session, running, step.rest)
    return not step.rest
