"""Events as rows of a journal's file, and back: `docs/journal.md` describes them.

What is frequent (`Sent`, `Received`, `Answered`) is written by hand, at a third of the cost of
`json.dumps`; all else follows from the fields of its class, so that a new event needs nothing here.
"""

from __future__ import annotations

import json
import types
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from json.encoder import encode_basestring_ascii as quoted
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from smtpconsole.smtp import capabilities, commands, events, facts, replies
from smtpconsole.smtp.commands import Send
from smtpconsole.smtp.events import (
    Answered,
    Closed,
    Dialling,
    Event,
    Noted,
    Received,
    Secured,
    Sent,
)
from smtpconsole.smtp.replies import Reply
from smtpconsole.transcript.columns import KINDS, NOBODY
from smtpconsole.transcript.redaction import Redactor, Sweep, masked_send

_BY_NAME = {cls.__name__: cls for cls in KINDS}
_PRINTABLE = bytes([*b"\t\n\r", *range(0x20, 0x7F)])
_ENDS = (Dialling, Secured, Closed)  # of a stream of octets

Fields = dict[str, Any]
Pieces = Sequence[tuple[int, bytes]]  # octets, and the entry they belong to


class Writer:
    """Makes rows, and keeps the secrets out of them."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._said, self._heard = Sweep(redactor), Sweep(redactor)
        self._clean = b""  # octets that were looked at last, and hold no secret

    def row(
        self, number: int, at: float, event: Event, asked: int, *, is_secure: bool
    ) -> tuple[bytes, Pieces]:
        """The row of an event, and what it completes of earlier ones."""
        tls = '"tls":true,' if is_secure else ""
        head = f'{{"at":{at:.6f},"event":"{type(event).__name__}",'
        if type(event) is Sent:
            send = masked_send(event.send)
            octets, back = self._octets(self._said, number, send.data)
            return f"{head}{tls}{self._send(send)}{octets}}}\n".encode("ascii"), back
        if type(event) is Received:
            octets, back = self._octets(self._heard, number, event.data)
            return f"{head}{tls}{octets}}}\n".encode("ascii"), back
        if type(event) is Answered:
            told = self._answered(event, asked)
            return f"{head}{tls}{told}}}\n".encode("ascii"), []
        self._clean = b""
        back = self.settled() if isinstance(event, _ENDS) else []
        told = json.dumps(self._fields(event), separators=(",", ":"))[1:]
        return (head + told if len(told) > 1 else head[:-1] + "}").encode("ascii") + b"\n", back

    def settled(self) -> Pieces:
        """What was held back of a stream that goes no further."""
        return [*self._said.settle(), *self._heard.settle()]

    def _octets(self, sweep: Sweep, number: int, data: bytes) -> tuple[str, Pieces]:
        swept, held, back = sweep.segment(number, data)
        self._clean = data if swept is data else b""
        told = f'"held":{held},' if held else ""
        return told + _written(swept), back

    def _send(self, send: Send) -> str:
        told = f'"verb":{quoted(self._redactor.sweep_word(send.verb).decode("latin-1"))},'
        if send.replies != 1:
            told += f'"replies":{send.replies},'
        about = send.about
        if isinstance(about, str):
            is_clean = about.isascii() and about.encode("ascii") in self._clean
            told += f'"about":{quoted(about if is_clean else self._redactor.sweep_text(about))},'
        if send.secret is not None:
            told += f'"secret":[{send.secret.start},{send.secret.stop}],'
        return told

    def _answered(self, event: Answered, asked: int) -> str:
        reply, send = event.reply, event.send
        told = f'"code":{reply.code},'
        if send is not None:
            told += f'"verb":{quoted(self._redactor.sweep_word(send.verb).decode("latin-1"))},'
            if asked != NOBODY:
                told += f'"answers":{asked},'
        octets = reply.octets
        swept = octets if octets in self._clean else self._redactor.sweep(octets)
        if reply.raw is not None or reply.flaws or swept is not octets:
            lines = [self._redactor.sweep(line) for line in reply.lines]
            told += f'"flaws":{json.dumps(reply.flaws)},"lines":{json.dumps(_texts(lines))},'
        return told + _written(swept)

    def _fields(self, value: Any) -> Fields:
        return {
            each.name: self._plain(getattr(value, each.name)) for each in fields(value) if each.init
        }

    def _plain(self, value: Any) -> Any:
        """A value as JSON can hold it."""
        match value:
            case None | bool() | int() | float():
                return value
            case str():
                return self._redactor.sweep_text(value)
            case bytes():
                return self._redactor.sweep(value).decode("latin-1")
            case datetime():
                return value.isoformat()
            case Enum():
                return self._plain(value.value)
            case dict():
                return {str(name): self._plain(each) for name, each in value.items()}
            case list() | tuple() | set() | frozenset():
                return [self._plain(each) for each in value]
            case Send():
                send = masked_send(value)
                data = self._redactor.sweep(send.data)
                return json.loads(f"{{{self._send(send)}{_written(data)}}}")
        if is_dataclass(value):
            return self._fields(value)
        return self._redactor.sweep_text(str(value))


def _written(data: bytes) -> str:
    """Octets as a JSON field: as characters, or in base64 where these are mostly escapes."""
    if len(data) > 64 and len(data.translate(None, _PRINTABLE)) * 16 > len(data):
        return f'"base64":"{b64encode(data).decode("ascii")}"'
    return f'"data":{quoted(data.decode("latin-1"))}'


def completing(pieces: Pieces) -> bytes:
    """Rows that complete earlier ones."""
    return b"".join(
        [f'{{"of":{number},{_written(data)}}}\n'.encode("ascii") for number, data in pieces]
    )


def _texts(lines: Sequence[bytes]) -> list[str]:
    return [line.decode("latin-1") for line in lines]


# --- back -------------------------------------------------------------------------------------


def loaded(line: bytes) -> Fields | None:
    """The fields of a row; None if it is no JSON object."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def octets(row: Fields) -> bytes:
    """The octets of a row; ValueError, TypeError or KeyError if it holds none."""
    if row.get("base64") is not None:
        return b64decode(row["base64"], validate=True)
    data: bytes = row["data"].encode("latin-1")
    return data


def completed(row: Fields, more: bytes) -> Fields:
    """The row with the octets that were held back when it was written."""
    try:
        return {**row, "data": (octets(row) + more).decode("latin-1"), "base64": None}
    except (ValueError, TypeError, KeyError, AttributeError):
        return row


def event(row: Fields, said: Callable[[int], Send | None]) -> Event:
    """The event of a row, whatever it holds; `said` gives what an earlier entry sent."""
    name = str(row.get("event"))
    cls = _BY_NAME.get(name)
    if cls is None:
        return Noted(f"{name[:40]}: an event of another version, which this one does not know")
    try:
        if cls is Sent:
            return Sent(_send(row))
        if cls is Received:
            return Received(octets(row))
        if cls is Answered:
            return Answered(_reply(row), _asked(row, said))
        found: Event = _revived(cls, row)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError):
        return Noted(f"{name}: an event that cannot be read")
    return found


def _send(row: Fields) -> Send:
    secret = row.get("secret")
    return Send(
        octets(row),
        str(row.get("verb", "")).encode("latin-1"),
        int(row.get("replies", 1)),
        None if secret is None else slice(int(secret[0]), int(secret[1])),
        row.get("about"),
    )


def _reply(row: Fields) -> Reply:
    code = int(row["code"])
    if "data" not in row and "base64" not in row:  # format 1
        lines = [str(line).encode("latin-1") for line in row["lines"]]
        return Reply(code, lines or [b""], tuple(map(str, row.get("flaws", ()))))
    data = octets(row)
    if "lines" not in row:
        return Reply(code, [line[4:] for line in data.removesuffix(b"\r\n").split(b"\r\n")])
    lines = [str(line).encode("latin-1") for line in row["lines"]] or [b""]
    reply = Reply(code, lines, tuple(map(str, row.get("flaws", ()))))
    if code < 0 or reply.octets != data:
        reply.raw = data
    return reply


def _asked(row: Fields, said: Callable[[int], Send | None]) -> Send | None:
    asked = row.get("answers")
    if isinstance(asked, str):  # format 1
        return Send(b"", asked.encode("latin-1"))
    if "verb" not in row:
        return None
    send = said(asked) if isinstance(asked, int) else None
    return send if send is not None else Send(b"", str(row["verb"]).encode("latin-1"))


@cache
def _hints(cls: type) -> dict[str, Any]:
    known = {}
    for module in (
        commands,
        replies,
        capabilities,
        facts,
        events,
    ):  # some import them for typing only
        known.update(vars(module))
    return get_type_hints(cls, localns=known)


def _revived(hint: Any, value: Any) -> Any:
    """A value of that type from what JSON held; it raises what `event` catches."""
    origin, of = get_origin(hint), get_args(hint)
    if hint is Any:
        return value
    if origin in (Union, types.UnionType):
        if value is None and type(None) in of:
            return None
        return _revived(next(each for each in of if each is not type(None)), value)
    if origin is Literal:
        return of[of.index(value)]
    if origin is tuple and not (len(of) == 2 and of[1] is Ellipsis):
        return tuple(_revived(each, part) for each, part in zip(of, value, strict=True))
    if origin in (tuple, list, frozenset, set) or origin is Sequence:
        cls = tuple if origin is Sequence else origin
        return cls(_revived(of[0], each) for each in value)
    if origin is dict:
        return {name: _revived(of[1], each) for name, each in value.items()}
    return _made(hint, value)


def _made(cls: type, value: Any) -> Any:
    if cls is Send:
        return _send(value)
    if cls is bytes:
        return str(value).encode("latin-1")
    if cls is datetime:
        return datetime.fromisoformat(value)
    if is_dataclass(cls):
        hints = _hints(cls)
        names = [each.name for each in fields(cls) if each.init and each.name in value]
        return cls(**{name: _revived(hints[name], value[name]) for name in names})
    if isinstance(value, bool) is not (cls is bool) or (cls is str and not isinstance(value, str)):
        raise TypeError(f"{value!r} is no {cls.__name__}")
    return cls(value)
