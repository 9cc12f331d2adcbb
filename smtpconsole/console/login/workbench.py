"""What was said in AUTH, decoded: each challenge beside its response, field by field.

Read from the journal, so that it is right whoever spoke, and masked where it is read.
"""

from __future__ import annotations

import base64
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest

from smtpconsole.smtp.events import Answered, Sent
from smtpconsole.smtp.replies import Reply
from smtpconsole.smtp.sasl.decoding import Field, decode_challenge, decode_response
from smtpconsole.transcript.journal import Journal
from smtpconsole.transcript.redaction import masked

_COLUMN = 36  # of two, in a terminal of 80


@dataclass(slots=True)
class Step:
    """One response or challenge."""

    is_ours: bool
    line: str  # as the wire shows it
    fields: tuple[Field, ...]


@dataclass(slots=True)
class Dialogue:
    """One AUTH, from the command to the reply that ended it."""

    mechanism: str
    steps: list[Step] = field(default_factory=list)
    reply: Reply | None = None
    responses: int = 0

    @property
    def lines(self) -> tuple[str, ...]:
        """The dialogue for a person; the marks are those of the wire."""
        return tuple(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"{'<- the server':{_COLUMN}}  -> the client"
        for asked, answered in self._exchanges():
            for left, right in zip_longest(_cell(asked), _cell(answered), fillvalue=""):
                yield f"{left:{_COLUMN}}  {right}".rstrip()
        if self.reply is not None:
            yield f"<- {self.reply}"

    def _exchanges(self) -> Iterator[tuple[Step | None, Step | None]]:
        """Each challenge with the response to it; what comes first has none."""
        asked: Step | None = None
        for step in self.steps:
            if step.is_ours:
                yield asked, step
                asked = None
            elif asked is not None:
                yield asked, None
                asked = step
            else:
                asked = step
        if asked is not None:
            yield asked, None


def _cell(step: Step | None) -> list[str]:
    """The fields of a step, a column wide; what is longer goes on below, indented."""
    fields = step.fields if step is not None else ()
    width = max((len(each.name) for each in fields if each.value), default=0)
    lines: list[str] = []
    for each in fields:
        told = f"{each.name:{width}}  {each.value}" + (f"   {each.note}" if each.note else "")
        lines += textwrap.wrap(told.rstrip(), _COLUMN, subsequent_indent=" " * (width + 2)) or [""]
    return lines


def dialogues(journal: Journal) -> list[Dialogue]:
    """Every AUTH in a journal, the oldest first."""
    found: list[Dialogue] = []
    for entry in journal.entries:
        match entry.event:
            case Sent(send) if send.verb == b"AUTH":
                _add_response(found, send.line, masked(send))
            case Answered(reply, send) if send is not None and send.verb == b"AUTH" and found:
                _add_reply(found[-1], reply)
    return found


def _add_response(found: list[Dialogue], line: bytes, shown: bytes) -> None:
    words = line.split(None, 2)
    if len(words) > 1 and words[0].upper() == b"AUTH":
        found.append(Dialogue(words[1].upper().decode("ascii", "replace")))
        if len(words) < 3:
            return
        line = b"" if words[2] == b"=" else words[2]
    if not found:
        return
    dialogue = found[-1]
    if line == b"*":
        fields: tuple[Field, ...] = (Field("(cancelled)", ""),)
    else:
        octets = _decoded(line)
        fields = decode_response(dialogue.mechanism, octets, number=dialogue.responses)
        dialogue.responses += 1
    told = shown.removesuffix(b"\r\n").decode("utf-8", "surrogateescape")
    dialogue.steps.append(Step(True, told, fields))


def _add_reply(dialogue: Dialogue, reply: Reply) -> None:
    if reply.code != 334:
        dialogue.reply = reply
        return
    fields = decode_challenge(dialogue.mechanism, _decoded(reply.lines[0]))
    dialogue.steps.append(Step(False, str(reply), fields))


def _decoded(line: bytes) -> bytes:
    try:
        return base64.b64decode(line.strip(), validate=True)
    except ValueError:
        return line


def about(journal: Journal, line: str) -> Dialogue | None:
    """The dialogue that a line of the wire belongs to, the last if there are several."""
    line = line.strip()
    for dialogue in reversed(dialogues(journal)):
        ends = [str(dialogue.reply)] if dialogue.reply is not None else []
        if line in (f"AUTH {dialogue.mechanism}", *ends):
            return dialogue
        if any(step.line.strip() == line for step in dialogue.steps):
            return dialogue
    return None
