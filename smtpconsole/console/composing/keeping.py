"""The message in the composer, kept on disk while it is written: a crash takes a second of it.

1. A session has files of its own, its owner's alone, and a lock that ends with the process: what
   is there without one is left over, and offered.
2. What is attached is written when it changes, not with every letter that is typed.
3. A message that was sent, or that nobody has touched, is not kept beyond the session.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from smtpconsole.composer.draft import Draft
from smtpconsole.composer.drafts import load_draft, save_draft
from smtpconsole.composer.errors import DraftError
from smtpconsole.transcript.storage import lock

PAUSE = 0.5  # seconds after a change until it is written
_REST = 10  # times as long as writing took it is then let be
_MOST = 20  # messages that are left over and offered
_FILES = ".files"  # before the suffix: what is attached


class Keeper:
    """Holds the draft, and writes it once it is told where."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self._clean = draft  # nothing of it would be lost
        self._path: Path | None = None
        self._written: Draft | None = None
        self._pause = PAUSE
        self._timer: asyncio.TimerHandle | None = None
        self._writing = threading.Lock()
        self._lock = -1
        self._complain: Callable[[str], None] = lambda reason: None

    def begin(self, folder: Path, complain: Callable[[str], None]) -> None:
        """Keep the draft in this folder from now on; `complain` is told if that fails."""
        self._complain = complain
        self._clean = self.draft
        name = f"{datetime.now():%Y-%m-%dT%H-%M-%S}-{os.getpid()}"
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
            self._lock = os.open(folder / f"{name}.lock", flags, 0o600)
        except OSError as error:
            complain(f"{folder} cannot be written: {(error.strerror or str(error)).lower()}")
            return
        lock(self._lock)
        self._path = folder / f"{name}.json"

    @property
    def is_keeping(self) -> bool:
        """What is written now is on disk."""
        return self._path is not None and self._written is self.draft

    def set(self, draft: Draft) -> None:
        """The draft is another now."""
        self.draft = draft
        if self._path is None or self._timer is not None or draft is self._written:
            return
        with suppress(RuntimeError):  # without a loop it is written at the end
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._pause, self._begin_writing, loop)

    def sent(self, draft: Draft) -> None:
        """The draft was taken by a server."""
        self._clean = draft

    def _begin_writing(self, loop: asyncio.AbstractEventLoop) -> None:
        def done(_: object) -> None:
            self._timer = None
            if self._path is not None and self.draft is not self._written:
                self.set(self.draft)

        loop.run_in_executor(None, self.write).add_done_callback(done)

    def write(self) -> None:
        """Write what there is, now."""
        with self._writing:
            draft, path, began = self.draft, self._path, time.monotonic()
            if path is None or draft is self._written:
                return
            try:
                if self._written is None or draft.attachments is not self._written.attachments:
                    save_draft(Draft(attachments=draft.attachments), _beside(path, _FILES))
                save_draft(replace(draft, attachments=()), path)
            except DraftError as error:
                self._path = None  # it is told once
                self._complain(str(error))
            self._written = draft
            self._pause = max(PAUSE, _REST * (time.monotonic() - began))

    def close(self) -> None:
        """The session ends: keep what would be lost, and nothing else."""
        if self._path is not None and _text_of(self.draft) == _text_of(self._clean):
            remove(self._path)
        else:
            self.write()
        self._path = None
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def _text_of(draft: Draft) -> Draft:
    """Without the envelope: to whom a message goes is said anew each time."""
    return replace(draft, sender="", recipients=(), mail_parameters=(), rcpt_parameters=())


def _beside(path: Path, what: str) -> Path:
    return path.with_name(f"{path.stem}{what}{path.suffix}")


def remove(path: Path) -> None:
    """Take a kept message away."""
    for each in (path, _beside(path, _FILES), path.with_suffix(".lock")):
        each.unlink(missing_ok=True)


# --- what is left over ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LeftOver:
    """A message of a session that ended without sending it."""

    path: Path
    draft: Draft
    when: datetime

    def __str__(self) -> str:
        people = ", ".join(self.draft.recipients) or "nobody yet"
        subject = self.draft.subject or "without subject"
        return f"{self.when:%Y-%m-%d %H:%M}  to {people}: {subject}"


def left_over(folder: Path) -> list[LeftOver]:
    """The messages of sessions that are over, the newest first; what cannot be read is not one."""
    found = []
    paths = sorted(folder.glob("*.json"), key=lambda each: each.name, reverse=True)
    for path in paths:
        if path.stem.endswith(_FILES) or _is_held(path.with_suffix(".lock")):
            continue
        with suppress(OSError, DraftError):
            when = datetime.fromtimestamp(path.stat().st_mtime)
            found.append(LeftOver(path, _read(path), when))
        if len(found) == _MOST:
            break
    return found


def _read(path: Path) -> Draft:
    draft, files = load_draft(path), _beside(path, _FILES)
    return replace(draft, attachments=load_draft(files).attachments) if files.exists() else draft


def _is_held(path: Path) -> bool:
    """A process that lives is writing the message."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        return not lock(descriptor)
    finally:
        os.close(descriptor)
