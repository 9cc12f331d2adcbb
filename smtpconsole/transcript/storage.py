"""The journal on disk: a line of JSON for each event, written as it happens.

Format 1.  The first line is `{"smtpconsole journal": 1, "began": <ISO 8601, UTC>}`.  Each other
line is an object with `at` (seconds since then), `event` (the name of a class in `smtp.events`)
and that event's own fields.  Octets are strings of the characters U+0000 to U+00FF, escaped as
JSON does it, so a journal is plain ASCII and harmless to look at.

Secrets are taken out before a line is written: the file can be lost, copied or attached.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from smtpconsole.smtp.events import Answered, Event, Received, Sent
from smtpconsole.smtp.facts import CertificateFacts, TlsFacts
from smtpconsole.transcript.redaction import Redactor, Sweep, masked

FORMAT = 1


class JournalFile:
    """A journal's file; one write a line, so a killed process loses nothing."""

    def __init__(self, path: Path, began: datetime, redactor: Redactor) -> None:
        self.path = path
        self._redactor = redactor
        self._received = Sweep(redactor)
        self._at = 0.0
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND
        self._descriptor = os.open(path, flags, 0o600)
        self._line({"smtpconsole journal": FORMAT, "began": began.isoformat()})

    def write(self, at: float, event: Event) -> None:
        """Append one event."""
        self._at = at
        match event:
            case Received(data):
                self._write_received(self._received.feed(data))
                return
            case Sent(send):
                data = self._redactor.sweep(masked(send)) if send.verb == b"AUTH" else masked(send)
                fields: dict[str, Any] = {"data": data, "verb": send.verb, "replies": send.replies}
            case Answered(reply, answered):
                lines = [self._redactor.sweep(line) for line in reply.lines]
                fields = {
                    "code": reply.code,
                    "lines": lines,
                    "flaws": reply.flaws,
                    "answers": answered.verb if answered is not None else None,
                }
            case _:
                fields = {name: getattr(event, name) for name in event.__dataclass_fields__}
        self._line({"at": round(at, 6), "event": type(event).__name__, **fields})

    def _write_received(self, data: bytes) -> None:
        if data:
            self._line({"at": round(self._at, 6), "event": "Received", "data": data})

    def _line(self, fields: dict[str, Any]) -> None:
        text = json.dumps(_plain(fields, self._redactor))
        os.write(self._descriptor, text.encode("ascii") + b"\n")

    def close(self) -> None:
        """Write what was held back, and let go of the file."""
        if self._descriptor >= 0:
            self._write_received(self._received.flush())
            os.close(self._descriptor)
            self._descriptor = -1


def _plain(value: Any, redactor: Redactor) -> Any:
    """A value as JSON can hold it."""
    match value:
        case bytes():
            return value.decode("latin-1")
        case str():
            return redactor.sweep_text(value)
        case None | bool() | int() | float():
            return value
        case datetime():
            return value.isoformat()
        case dict():
            return {name: _plain(each, redactor) for name, each in value.items()}
        case list() | tuple():
            return [_plain(each, redactor) for each in value]
        case TlsFacts() | CertificateFacts():
            return _plain({name: getattr(value, name) for name in value.__slots__}, redactor)
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value), redactor)
    return redactor.sweep_text(str(value))
