"""A batch that is held, or rehearsed, as a person sees it: lines, what each is, what may answer.

One view for the step mode of every face, and for rehearsals.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from smtpconsole import knowledge
from smtpconsole.console.answers import Answer
from smtpconsole.smtp.commands import CONTENT, PER_RECIPIENT, PRDR, Send
from smtpconsole.smtp.sasl.decoding import decode_response
from smtpconsole.transcript.redaction import masked

KEYS = "↑↓ line   Enter send   e edit   s skip   x do not send   1 one at a time"
_NEXT = ("/next", "/next 1", "/skip")
_FEW = 12  # rows of one batch that are told in full
_PREVIEW = 3  # lines of a message that are shown
_RAW = "Octets as they are, with no meaning read into them: what they do is not followed."
_RESPONSE = "The response to the server's challenge (334), in base64."
_MESSAGE = "The message: its lines as they go out, a leading dot doubled; a lone dot ends it."
_LINE = "A line of the message; nothing answers it until a lone dot ends the message."
_STREAM = "The message, pulled from its source while it is sent."
_UNKNOWN = "A command that is not known here; whatever it does, the reply tells."


@dataclass(frozen=True, slots=True)
class Row:
    """What is said as one thing, with one answer: a command, a message, a chunk with its line."""

    number: int
    text: str  # one line, secrets taken out
    meaning: tuple[str, ...]  # sentences, the first the shortest
    expects: str  # "250"; "nothing" where no reply is asked for
    refusals: str = ""
    is_skipped: bool = False
    is_edited: bool = False

    @property
    def state(self) -> str:
        """What a person has done with it."""
        return "skipped" if self.is_skipped else "edited" if self.is_edited else ""


@dataclass(frozen=True, slots=True)
class Held:
    """A batch, and why it is held."""

    rows: tuple[Row, ...]
    is_secure: bool = False
    why: str = ""

    @property
    def title(self) -> str:
        """How much is said in one go."""
        count = len(self.rows)
        lines = "one line" if count == 1 else f"{count} lines in one batch"
        because = f" ({self.why})" if self.why else ""
        return f"Held: {lines}, one round trip{because}"

    @property
    def mark(self) -> str:
        """As the wire will have it."""
        return "~>" if self.is_secure else "->"

    def lines(self, explained: set[str] | None = None) -> Iterator[str]:
        """The batch as text; what is among `explained` already is not told again."""
        explained = set() if explained is None else explained
        rows = list(self.rows)
        left_out = len(rows) - _FEW
        if left_out > 0:
            del rows[_FEW - 3 : -3]
        width = max((min(len(row.text), 60) for row in rows), default=0)
        for place, row in enumerate(rows):
            if left_out > 0 and place == _FEW - 3:
                yield f"    ... {left_out} more like these"
            state = f"   ({row.state})" if row.state else ""
            expects = f"expects {row.expects}"
            yield f"{row.number:>3} {self.mark} {row.text:<{width}}   {expects}{state}"
            if row.meaning and row.meaning[0] not in explained:
                explained.add(row.meaning[0])
                yield f"       {row.meaning[0]}"

    def answer(self) -> Answer:
        """The batch for a face that has no place of its own for it."""
        return Answer(self.title, tuple(self.lines()), _NEXT)


def units(batch: Sequence[Send]) -> list[list[Send]]:
    """The batch by what is answered together: a chunk belongs to its BDAT line."""
    found: list[list[Send]] = []
    for send in batch:
        if found and send.verb == CONTENT and not send.replies and found[-1][0].verb == b"BDAT":
            found[-1].append(send)
        else:
            found.append([send])
    return found


def rows(
    batch: Sequence[Send],
    *,
    mechanism: str = "",
    skipped: Iterable[int] = (),
    edited: Iterable[int] = (),
) -> tuple[Row, ...]:
    """A row for each thing that is said; `mechanism` is that of the AUTH under way."""
    skipped, edited = set(skipped), set(edited)
    return tuple(
        _row(number, unit, mechanism, number in skipped, number in edited)
        for number, unit in enumerate(units(batch), 1)
    )


def rehearsed(batches: Sequence[Sequence[Send]], *, is_secure: bool = False) -> Iterator[str]:
    """What several batches would say, a round trip each."""
    explained: set[str] = set()
    left_out = len(batches) - _FEW
    for number, batch in enumerate(batches, 1):
        if left_out > 0 and _FEW - 3 < number <= len(batches) - 3:
            if number == _FEW - 2:
                yield f"... {left_out} round trips more like these"
            continue
        told = Held(rows(batch), is_secure)
        count = len(told.rows)
        yield f"{number}. {'one line' if count == 1 else f'{count} lines in one go'}"
        yield from told.lines(explained)


def _row(number: int, unit: list[Send], mechanism: str, is_skipped: bool, is_edited: bool) -> Row:
    send = unit[0]
    verb = send.verb.decode("ascii", "replace")
    known = knowledge.verb(verb) if verb else None
    expects, refusals = "any", ""
    if not send.replies:
        expects = "nothing"
    elif known is not None:
        expects = " or ".join(map(str, known.expects))
        refusals = " ".join(map(str, known.refusals))
    elif send.verb == CONTENT:
        expects, refusals = "250", "451 452 550 552 554"
    if send.replies in (PER_RECIPIENT, PRDR):
        expects += " for each recipient"
    return Row(
        number,
        _text(unit),
        tuple(_meaning(send, verb, mechanism)),
        expects,
        refusals,
        is_skipped,
        is_edited,
    )


def _text(unit: list[Send]) -> str:
    send = unit[0]
    if send.framing is not None:
        size = f"{send.framing.stream.size:,} octets" if send.framing.stream.size else "a message"
        return f"BDAT, {size} in chunks" if send.verb != CONTENT else f"{size}, and a lone dot"
    if send.verb == CONTENT and send.replies and send.data != b".\r\n":
        return f"{len(send.data):,} octets of content, ended by a lone dot"
    if len(unit) > 1:
        return f"{_line(send)}  and its {sum(len(each.data) for each in unit[1:]):,} octets"
    return _line(send)


def _line(send: Send) -> str:
    data = masked(send).removesuffix(b"\r\n")
    return data.decode("utf-8", "surrogateescape").replace("\r\n", r"\r\n")


def _meaning(send: Send, verb: str, mechanism: str) -> Iterator[str]:
    if send.framing is not None:
        yield _STREAM
    elif send.verb == CONTENT:
        yield from _of_content(send)
    elif send.verb == b"AUTH" and not send.line.upper().startswith(b"AUTH "):
        yield _RESPONSE
        yield from _decoded(send.line, mechanism, number=int(send.secret is not None))
    elif not verb:
        yield _RAW
    else:
        yield from _of_verb(send, verb)


def _of_content(send: Send) -> Iterator[str]:
    if not send.replies:
        yield _LINE
        return
    yield _MESSAGE if send.data != b".\r\n" else "The lone dot that ends the message."
    lines = masked(send).split(b"\r\n")[:-2]
    for line in lines[:_PREVIEW]:
        yield f"| {line.decode('utf-8', 'surrogateescape')}"
    if len(lines) > _PREVIEW:
        yield f"| ... {len(lines) - _PREVIEW} lines more"


def _of_verb(send: Send, verb: str) -> Iterator[str]:
    known = knowledge.verb(verb)
    if known is None:
        yield _UNKNOWN
        return
    yield known.sentence
    found = knowledge.explain(verb)
    rest = found.text.removeprefix(known.sentence).strip() if found is not None else ""
    rest = rest.rpartition("Expects ")[0].strip() or rest
    if rest:
        yield rest
    words = send.line.split(None, 2)
    if send.verb == b"AUTH" and len(words) > 2:
        yield from _decoded(words[2], words[1].decode("ascii", "replace").upper(), number=0)
    if send.verb in (b"MAIL", b"RCPT"):
        yield from _of_parameters(send)
    if known.rfc:
        yield known.rfc


def _of_parameters(send: Send) -> Iterator[str]:
    path, _, parameters = send.line.decode("utf-8", "surrogateescape").partition("> ")
    for word in parameters.split() if path else ():
        name = word.partition("=")[0].upper()
        found = knowledge.explain(name)
        if found is not None:
            yield f"{name}: {found.text.partition('. ')[0].rstrip('.')}."


def _decoded(line: bytes, mechanism: str, *, number: int) -> Iterator[str]:
    """The fields of a response; what is secret in them is not shown."""
    try:
        octets = base64.b64decode(line, validate=True)
    except ValueError:
        return
    for each in decode_response(mechanism, octets, number=number):
        yield f"{each.name}: {each.value}   {each.note}".rstrip()
