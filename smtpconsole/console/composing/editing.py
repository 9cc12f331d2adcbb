"""Text in the editor of a person's choice, and back.

1. The terminal is the editor's while it runs; whoever draws on it makes room first.
2. What was written is never lost: where the editor fails, its file stays, and is named.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

from smtpconsole.console.answers import ConsoleError

_USUAL = ("sensible-editor", "editor", "nano", "vi", "notepad")


def editor() -> list[str]:
    """The command of $VISUAL, of $EDITOR, or of what is usual; ConsoleError if there is none."""
    for variable in ("VISUAL", "EDITOR"):
        written = os.environ.get(variable, "").strip()
        if not written:
            continue
        try:
            words = shlex.split(written)
        except ValueError as error:
            raise ConsoleError(
                f"{variable} is not a command: {error}", f"it is {written}"
            ) from error
        if shutil.which(words[0]) is None:
            hint = f"{variable} says {written}; set it to an editor that is installed"
            raise ConsoleError(f"there is no editor {words[0]}", hint)
        return words
    for name in _USUAL:
        if found := shutil.which(name):
            return [found]
    raise ConsoleError("no editor was found", "set VISUAL or EDITOR, as in EDITOR=nano")


async def edited(text: str, *, suffix: str) -> str | None:
    """The text as a person leaves it; None if it is as it was.

    ConsoleError if there is no editor, or it fails.
    """
    command = editor()
    descriptor, name = tempfile.mkstemp(suffix, "smtpconsole-")  # 0600, its owner's alone
    path = Path(name)
    with open(descriptor, "wb") as file:
        file.write(_octets(text))
    status = await _run(*command, name)
    try:
        after = path.read_bytes()
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise ConsoleError(
            f"what was edited cannot be read: {why}", "nothing has changed"
        ) from error
    is_changed = after not in (_octets(text), _octets(f"{text}\n"))
    if status and is_changed:
        raise ConsoleError(
            f"the editor ended with status {status}; the message is as it was",
            f"what was written is in {name}",
        )
    path.unlink(missing_ok=True)
    if status:
        raise ConsoleError(f"the editor ended with status {status}", "the message is as it was")
    return after.decode("utf-8", "surrogateescape") if is_changed else None


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


async def _run(*command: str) -> int:
    try:
        process = await asyncio.create_subprocess_exec(*command)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise ConsoleError(f"{command[0]} cannot be run: {why}") from error
    with _undisturbed():
        return await process.wait()


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Ctrl+C is the editor's; ours is set aside only now, as a child inherits what is ignored."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
