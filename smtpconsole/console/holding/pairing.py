"""Which reply answers which command: a batch drawn from the journal, both ends numbered.

Right while a batch is under way, and afterwards, whoever said it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from smtpconsole.console.answers import Answer
from smtpconsole.smtp.commands import CONTENT
from smtpconsole.smtp.events import Answered, Dialling, Received, Sent
from smtpconsole.transcript.turns import Side, Teller, Turn

if TYPE_CHECKING:
    from smtpconsole.transcript.journal import Journal

# RFC 2920, 3.1: these may only be the last of a group.
_LAST = (b"EHLO", b"DATA", b"VRFY", b"EXPN", b"TURN", b"QUIT", b"NOOP", b"STARTTLS", b"AUTH")
_WIDTH = 48


@dataclass(slots=True)
class Batch:
    """What was said in one go, and the replies that came before anything else was said."""

    said: list[Turn] = field(default_factory=list)
    replies: list[Turn] = field(default_factory=list)
    segments: int = 0  # in which the replies came

    @property
    def asking(self) -> list[Turn]:
        """What of it asks for a reply."""
        return [turn for turn in self.said if turn.send is not None and turn.send.replies]


def batches(journal: Journal) -> list[Batch]:
    """The batches of the connection told last."""
    dialled = journal.since(0, Dialling).numbers
    teller = Teller(journal)
    found = [Batch()]
    for entry in journal.since(dialled[-1] if len(dialled) else 0, Sent, Received, Answered):
        if isinstance(entry.event, Received):
            found[-1].segments += 1
            continue
        for turn in teller.tell([entry]):
            if turn.side is Side.CLIENT:
                if found[-1].replies or found[-1].segments:
                    found.append(Batch())
                found[-1].said.append(turn)
            else:
                found[-1].replies.append(turn)
    return [batch for batch in found if batch.said]


def last(journal: Journal) -> Batch | None:
    """The last batch of several commands, or the last of all; None if nothing was said."""
    found = batches(journal)
    several = (batch for batch in reversed(found) if len(batch.asking) > 1)
    return next(several, found[-1] if found else None)


def drawn(batch: Batch, *, is_pending: bool = False) -> Answer:
    """The batch as an answer."""
    count, heard = len(batch.asking), len(batch.replies)
    lines = "1 line" if count == 1 else f"{count} lines"
    replies = "1 reply" if heard == 1 else f"{heard} replies"
    segments = "" if heard < 2 else f" in {batch.segments} segment{'s' * (batch.segments != 1)}"
    is_trouble = not is_pending and heard < count
    is_trouble = is_trouble or any(turn.is_trouble for turn in batch.replies)
    title = f"{lines} in one go, {replies}{segments}"
    return Answer(title, tuple(_rows(batch, is_pending)), is_trouble=is_trouble)


def _rows(batch: Batch, is_pending: bool) -> Iterator[str]:
    told = list(_told(batch.said))
    width = min(_WIDTH, max(len(text) for _, text in told))
    number = 0
    for turn, text in told:
        mark = "~>" if turn.is_secure else "->"
        if turn.send is None or not turn.send.replies:
            yield f"    {mark} {text:<{width}}        (asks for no reply)"
            continue
        number += 1
        own = [each for each in batch.replies if each.answers == turn.number]
        if not own:
            missing = "no reply yet" if is_pending else "no reply"
            yield f"{number:>3} {mark} {text:<{width}} ---- {number} .. {missing}"
        for place, reply in enumerate(own):
            left = f"{number:>3} {mark} {text:<{width}} ----" if not place else " " * (width + 12)
            yield f"{left} {number} {_reply(reply, turn)}"
    for reply in batch.replies:
        if reply.answers is None:
            yield f"{' ' * (width + 12)} ? {_reply(reply, None)}   nobody asked"
    early = [each.verb.decode("ascii", "replace") for each, _ in told[:-1] if each.verb in _LAST]
    for verb in dict.fromkeys(early):
        yield f"{verb}: last in a group only (RFC 2920, 3.1)"


def _told(said: Sequence[Turn]) -> Iterator[tuple[Turn, str]]:
    """What was said, content that asks for nothing put together."""
    kept: list[Turn] = []
    for turn in said:
        is_part = turn.verb == CONTENT and turn.send is not None and not turn.send.replies
        if not is_part and kept:
            yield kept[0], _content(kept)
            kept = []
        if is_part:
            kept.append(turn)
        elif turn.verb == CONTENT and len(turn.lines) > 1:
            yield turn, _content([turn])
        else:
            yield turn, turn.lines[0] if turn.lines else ""
    if kept:
        yield kept[0], _content(kept)


def _content(turns: Sequence[Turn]) -> str:
    count = sum(len(turn.lines) for turn in turns)
    return f"({'1 line' if count == 1 else f'{count} lines'} of content)"


def _reply(reply: Turn, asked: Turn | None) -> str:
    text = " / ".join(reply.lines)
    took = f"   {(reply.at - asked.at) * 1000:.1f} ms" if asked is not None else ""
    return f"{'<~' if reply.is_secure else '<-'} {text}{took}"
