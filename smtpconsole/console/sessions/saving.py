"""Files that a person takes home: made anew, for their owner alone, and never over another."""

from __future__ import annotations

import os
from pathlib import Path

from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.console import Console


def save(path: Path, text: str) -> Path:
    """Write a new file; its whole path.  ConsoleError if it is there or cannot be made."""
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0)
    try:
        descriptor = os.open(path, flags, 0o600)
        with open(descriptor, "w", encoding="utf-8", newline="\n") as out:
            out.write(text)
    except FileExistsError:
        raise ConsoleError(
            f"{path} is there already, and was left as it is", "give another name"
        ) from None
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise ConsoleError(f"{path} cannot be written: {reason}", "give another name") from error
    return path.resolve()


def suggested(console: Console, suffix: str, *, names_host: bool = True) -> Path:
    """A name for a file of this session, which may tell the server."""
    host = console.target.host if console.target is not None and names_host else ""
    safe = "".join(char if char.isalnum() or char in ".-" else "-" for char in host)
    return Path(f"smtpconsole-{safe or 'session'}-{console.now():%Y%m%d-%H%M%S}.{suffix}")
