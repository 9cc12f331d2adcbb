"""All there is to know of one entry of a journal: what it means, when it was, what it was."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import fields

from smtpconsole import knowledge
from smtpconsole.console import explaining
from smtpconsole.console.answers import Answer
from smtpconsole.smtp.commands import CONTENT
from smtpconsole.smtp.events import (
    Alerted,
    Anomaly,
    Answered,
    Event,
    NotSecured,
    Secured,
    Sent,
)
from smtpconsole.transcript.journal import Entry, Journal
from smtpconsole.transcript.turns import Teller, Turn
from smtpconsole.transcript.waterfall import LIMITS
from smtpconsole.visible import octets, visible

_BASE64 = re.compile(
    rb"(?<![\w+/=])(?:[A-Za-z0-9+/]{4}){2,}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?(?![\w+/=])"
)
_MOST = 128  # octets that are shown
_WIDTH = 16


def details(journal: Journal, number: int, line: int = 0) -> Answer | None:
    """An answer about an entry, and one of its lines; None if it shows nothing."""
    entry = journal.entry(number)
    turn = next(Teller(journal).tell([entry]), None)
    if turn is None:
        return None
    line = max(0, min(line, len(turn.lines) - 1))
    found = _explained(turn, entry.event, line)
    title = found.title if found is not None else turn.lines[line] or "an empty line"
    rows = [found.text] if found is not None else []
    rows += _timing(journal, entry)
    if number in journal.marks:
        rows.append(f"marked: {journal.marks[number]}" if journal.marks[number] else "marked")
    if turn.data:
        rows += _octets(turn, line)
    elif fields(entry.event):
        rows += _facts(entry)
    if found is not None:  # what stands first has been told
        rows += [*explaining.lines(found)][1:]
    return Answer(title, tuple(rows), found.next if found is not None else ())


def _explained(turn: Turn, event: Event, line: int) -> knowledge.Explanation | None:
    if turn.is_content:
        return None
    match event:
        case Anomaly(kind):
            return knowledge.anomaly(kind)
        case Alerted(alert):
            return knowledge.alert(alert.code)
        case Secured(facts) if facts.errors:
            return knowledge.remark(facts.errors[max(0, line - 1)].code, "certificate")
        case NotSecured(facts) if line == 0:
            return knowledge.remark(facts.failure, "handshake")
        case NotSecured(facts):
            return knowledge.remark(facts.errors[line - 1].code, "certificate")
    whole = turn.code is not None and turn.code != 250
    asked = knowledge.questions("\n".join(turn.lines)) if whole else ()
    words = asked[0] if asked else turn.lines[line]  # there is nothing to ask of an empty line
    after = turn.verb.decode("ascii", "replace") if turn.code is not None and turn.verb else None
    return knowledge.explain(visible(words), after=after)


def _timing(journal: Journal, entry: Entry) -> Iterator[str]:
    when = journal.began.timestamp() + entry.at
    how = "inside of TLS" if entry.is_secure else "in the clear"
    yield f"entry {entry.number}, {entry.at:.6f} s after the beginning ({_clock(when)}), {how}"
    if entry.asked is not None:
        asked = journal.entry(entry.asked)
        took = entry.at - asked.at
        limit = ""
        if isinstance(asked.event, Sent):
            seconds = LIMITS.get(asked.event.send.verb)
            limit = f"; RFC 5321 4.5.3.2 lets a client wait {seconds:.0f} s" if seconds else ""
        yield f"answers entry {entry.asked} after {_span(took)}{limit}"
    if isinstance(entry.event, Sent):
        yield from _answers(journal, entry)


def _answers(journal: Journal, entry: Entry) -> Iterator[str]:
    assert isinstance(entry.event, Sent)
    if not entry.event.send.replies:
        yield "a part of a message: it asks for no reply of its own"
        return
    asked, times = journal.columns.asked, journal.columns.times
    try:
        number = asked.index(entry.number, entry.number)
    except ValueError:
        yield "not answered"
        return
    event = journal.event(number)
    code = event.reply.code if isinstance(event, Answered) else ""
    yield f"answered {code} after {_span(times[number] - entry.at)} (entry {number})"


def _octets(turn: Turn, line: int) -> Iterator[str]:
    parts = turn.data.split(b"\r\n")
    data = parts[line] + (b"\r\n" if line < len(parts) - 1 else b"") if line < len(parts) else b""
    count = len(turn.data)
    whole = f", {count:,} with the rest of it" if count != len(data) else ""
    yield f"{len(data):,} octets{whole}"
    if turn.verb != CONTENT:
        yield from _decoded(data)
    for at in range(0, min(len(data), _MOST), _WIDTH):
        part = data[at : at + _WIDTH]
        yield f"{at:04x}  {part.hex(' '):{_WIDTH * 3 - 1}}  {octets(part)}"
    if len(data) > _MOST:
        yield f"… {len(data) - _MOST:,} more"


def _decoded(data: bytes) -> Iterator[str]:
    """What is in base64 in a line, if it is likely to be that."""
    for found in _BASE64.findall(data):
        try:
            plain = base64.b64decode(found, validate=True)
        except (ValueError, binascii.Error):
            continue
        text = plain.decode("utf-8", "replace")
        if sum(char.isprintable() or char == "\0" for char in text) >= len(text) - 1:
            yield f"base64 of {visible(plain)}"


def _facts(entry: Entry) -> Iterator[str]:
    for each in fields(entry.event):
        value = getattr(entry.event, each.name)
        if isinstance(value, str | int | float) and value not in ("", None):
            yield f"{each.name.replace('_', ' ')}: {value}"


def _span(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.3f} s"


def _clock(timestamp: float) -> str:
    from datetime import UTC, datetime

    return f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d %H:%M:%S.%f} UTC"
