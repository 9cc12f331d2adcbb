"""What was entered before, on disk: one JSON object a line, shared by all front ends.

Append-only, so two sessions can write at once; torn or foreign rows are skipped.  Only where it
has grown to twice what is used is it written anew.  Whoever adds a line has made sure that there is
no secret in it.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import time

LIMIT = 5000


class History:
    """Lines entered, the newest last."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lines: list[str] | None = None

    def add(self, line: str) -> None:
        """Keep a line, unless it repeats the last."""
        lines = self._loaded()
        if not line.strip() or (lines and lines[-1] == line):
            return
        lines.append(line)
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        with open(os.open(self._path, flags, 0o600), "a", encoding="utf-8") as file:
            with contextlib.suppress(AttributeError, OSError):  # Windows, or another's file
                os.fchmod(file.fileno(), 0o600)  # also where it was there before
            file.write(json.dumps({"at": round(time(), 3), "line": line}) + "\n")

    def newest_first(self, prefix: str = "") -> Iterator[str]:
        """Each different line that begins so, once."""
        seen: set[str] = set()
        for line in reversed(self._loaded()):
            if line.startswith(prefix) and line not in seen:
                seen.add(line)
                yield line

    def search(self, words: str) -> list[str]:
        """The lines that hold all of the words, the newest first."""
        parts = words.lower().split()
        return [line for line in self.newest_first() if all(part in line.lower() for part in parts)]

    def _loaded(self) -> list[str]:
        if self._lines is None:
            self._lines = list(self._read())[-LIMIT:]
        return self._lines

    def _read(self) -> Iterator[str]:
        if self._path is None:
            return
        try:
            rows = self._path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return
        if len(rows) > 2 * LIMIT:
            rows = rows[-LIMIT:]
            self._write(rows)
        for row in rows:
            try:
                yield str(json.loads(row)["line"])
            except (ValueError, KeyError, TypeError):
                continue

    def _write(self, rows: list[str]) -> None:
        """The file anew, in one go; where that cannot be it stays long."""
        assert self._path is not None
        with contextlib.suppress(OSError):
            handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=".history-")
            with open(handle, "w", encoding="utf-8") as file:  # mkstemp: for its owner alone
                file.write("".join(f"{row}\n" for row in rows))
            os.replace(name, self._path)
