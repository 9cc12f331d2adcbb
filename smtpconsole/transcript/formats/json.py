"""JSON: everything, for programs.  `transcript.schema.json`, in this folder, describes it.

`json` is one document; `jsonl` has a line for the session and one for each turn, for tools that
read lines.  Octets that are no text are in `octets`, in base64; where it is missing, they are the
lines in UTF-8, each with CRLF.
"""

from __future__ import annotations

import base64
import json as encoding
from collections.abc import Sequence
from typing import Any

from smtpconsole.transcript.formats import About, export_format
from smtpconsole.transcript.turns import Side, Turn
from smtpconsole.transcript.values import plain
from smtpconsole.visible import visible

VERSION = 1
KEY = "smtpconsole transcript"
SIDES = {Side.CLIENT: "client", Side.SERVER: "server", Side.CONSOLE: "console"}


@export_format("json", "json", last_line='"sha256": "%s"}')
def json(turns: Sequence[Turn], about: About) -> str:
    """One JSON document with everything; its schema comes with smtpconsole."""
    fields = _session(about)
    head = ",\n".join(f"{_dumped(name)}: {_dumped(value)}" for name, value in fields.items())
    rows = ",\n".join(_dumped(_turn(turn)) for turn in turns)
    return f'{{{head},\n"turns": [\n{rows}\n],\n'


@export_format("jsonl", "jsonl", last_line='{"sha256": "%s"}')
def jsonl(turns: Sequence[Turn], about: About) -> str:
    """JSON by lines: the session, then each turn."""
    rows = [_session(about), *map(_turn, turns)]
    return "".join(f"{_dumped(row)}\n" for row in rows)


def _dumped(value: Any) -> str:
    return encoding.dumps(value)  # ASCII: whatever was said is an escape


def _session(about: About) -> dict[str, Any]:
    show = about.show
    return {
        KEY: VERSION,
        "program": about.program,
        "python": about.python,
        "began": about.began.isoformat(),
        "shown": {
            "credentials": show.credentials,
            "content": show.content,
            "addresses": show.addresses,
        },
        "target": plain(about.target),
        "peer": about.peer,
        "tls": plain(about.tls),
        "capabilities": _capabilities(about),
    }


def _capabilities(about: About) -> Any:
    known = about.capabilities
    if known is None:
        return None
    words = [{"name": each.name, "parameters": each.parameters} for each in known]
    return {"greeting": known.greeting, "keywords": words}


def _turn(turn: Turn) -> dict[str, Any]:
    row: dict[str, Any] = {
        "number": turn.number,
        "at": round(turn.at, 6),
        "by": SIDES[turn.side],
        "secure": turn.is_secure,
        "trouble": turn.is_trouble,
        "lines": [_text(line) for line in turn.lines],
    }
    whole = "".join(f"{line}\r\n" for line in turn.lines).encode("utf-8", "surrogateescape")
    if turn.side is not Side.CONSOLE and (turn.data != whole or not _is_utf8(turn.data)):
        row["octets"] = base64.b64encode(turn.data).decode("ascii")
    if turn.send is not None:
        row["verb"] = turn.verb.decode("latin-1")
    if turn.side is Side.CLIENT and turn.send is not None:
        row["replies"] = turn.send.replies
        if isinstance(turn.send.about, str):
            row["about"] = _text(turn.send.about)
    if turn.code is not None:
        row["code"] = turn.code
    if turn.answers is not None:
        row["answers"] = turn.answers
    if turn.event is not None:
        fields = {name: _told(value) for name, value in plain(turn.event).items()}
        row["event"] = {"name": type(turn.event).__name__, **fields}
    return row


def _told(value: Any) -> Any:
    """A value without lone surrogates, which JSON may hold but no text."""
    match value:
        case str():
            return _text(value)
        case list():
            return [_told(each) for each in value]
        case dict():
            return {name: _told(each) for name, each in value.items()}
    return value


def _text(text: str) -> str:
    """Text as it is, where it is text; else each such octet as `\\xNN`."""
    return text if _is_text(text) else "".join(_char(char) for char in text)


def _is_text(text: str) -> bool:
    return not any(0xD800 <= ord(char) <= 0xDFFF for char in text) if not text.isascii() else True


def _char(char: str) -> str:
    return visible(char) if 0xD800 <= ord(char) <= 0xDFFF else char


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
