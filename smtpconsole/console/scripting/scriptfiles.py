"""Scripts on disk."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.filenames import path_of
from smtpconsole.console.scripting.playing import Script, read

if TYPE_CHECKING:
    from smtpconsole.console.console import Console

MOST = 4 * 1024 * 1024  # octets


def load(name: str, console: Console, *, stdin: bool = False) -> Script:
    """The script of a file, or of standard input as `-`; ConsoleError if it cannot be played."""
    if name == "-" and stdin:
        text = sys.stdin.read(MOST + 1)
        return read(text, "standard input", has=console.variables.has)
    path = path_of(name)
    try:
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            text = file.read(MOST + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConsoleError(f"{path} cannot be read: {reason.lower()}") from error
    if len(text) > MOST:
        raise ConsoleError(f"{path} is too long for a script", "/send --file sends large messages")
    return read(text, path.name, has=console.variables.has)
