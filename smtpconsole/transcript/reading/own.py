"""Our own JSON, as one document or by lines."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from smtpconsole.smtp.commands import Send
from smtpconsole.smtp.events import Event, Noted
from smtpconsole.transcript import rows
from smtpconsole.transcript.formats.json import KEY, SIDES
from smtpconsole.transcript.reading import Problems, reader
from smtpconsole.transcript.reading.retelling import Heard
from smtpconsole.transcript.turns import Side

_SIDES = {name: side for side, name in SIDES.items()}
_BEGAN = re.compile(r'"began": "([^"]{1,40})"')
_BROKEN = (ValueError, TypeError, KeyError, AttributeError, RecursionError)


def _weigh(lines: Sequence[str]) -> float:
    head = lines[0].lstrip("{ \t")
    return 2.0 if head.startswith(f'"{KEY}"') and not _is_by_line(lines) else 0.0


def _weigh_lines(lines: Sequence[str]) -> float:
    head = lines[0].lstrip("{ \t")
    return 2.0 if head.startswith(f'"{KEY}"') and _is_by_line(lines) else 0.0


def _is_by_line(lines: Sequence[str]) -> bool:
    return lines[0].rstrip().endswith("}") and len(lines) > 1


def _began(lines: Sequence[str]) -> datetime | None:
    found = _BEGAN.search("\n".join(lines[:20])[:4096])
    try:
        began = datetime.fromisoformat(found[1]) if found is not None else None
    except ValueError:
        return None
    return began if began is None or began.tzinfo is not None else began.replace(tzinfo=UTC)


@reader("json", _weigh, is_own=True, began=_began)
def document(lines: Sequence[str], problems: Problems) -> Iterable[Heard]:
    """One document."""
    try:
        turns = json.loads("\n".join(lines))["turns"]
        numbered = [(0, turn) for turn in turns]
    except _BROKEN as error:
        problems.add(getattr(error, "lineno", 1), "ends the JSON: it is damaged")
        return ()
    return _heard(numbered, problems)


@reader("jsonl", _weigh_lines, is_own=True, began=_began)
def by_line(lines: Sequence[str], problems: Problems) -> Iterable[Heard]:
    """A line for each turn."""
    return _heard(_rows(lines, problems), problems)


def _rows(lines: Sequence[str], problems: Problems) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            problems.add(number, "is no JSON")
            continue
        if not isinstance(row, dict) or not ({KEY, "sha256"} & row.keys()):
            yield number, row


def _heard(turns: Iterable[tuple[int, Any]], problems: Problems) -> Iterator[Heard]:
    for number, row in turns:
        try:
            heard = _turn(row)
        except _BROKEN:
            problems.add(number, "is no turn of a transcript")
        else:
            yield heard


def _turn(row: Any) -> Heard:
    side = _SIDES[row["by"]]
    at = float(row["at"])
    if side is Side.CONSOLE:
        return Heard(side, at=at, event=_event(row))
    data = _octets(row)
    if side is Side.SERVER:
        is_unasked = "verb" not in row
        return Heard(side, data, bool(row["secure"]), is_unasked, at)
    verb = str(row.get("verb", "")).encode("latin-1")
    about = row.get("about")
    send = Send(data, verb, int(row.get("replies", 1)), about=None if about is None else str(about))
    return Heard(side, data, bool(row["secure"]), at=at, whole=send)


def _octets(row: Any) -> bytes:
    if "octets" in row:
        return base64.b64decode(row["octets"], validate=True)
    return "".join(f"{line}\r\n" for line in row["lines"]).encode("utf-8", "surrogateescape")


def _event(row: Any) -> Event:
    fields = dict(row.get("event") or {})
    if not fields:
        return Noted("\n".join(map(str, row["lines"])))
    for certificate in (fields.get("facts") or {}).get("chain", ()):
        certificate["der"] = base64.b64decode(certificate["der"]).decode("latin-1")
    return rows.event({**fields, "event": fields["name"]}, lambda _: None)
