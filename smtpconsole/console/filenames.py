"""A file's name as a person writes it."""

from __future__ import annotations

import os
from pathlib import Path

from smtpconsole.console.answers import ConsoleError

_LONGEST_PART, _LONGEST = 255, 4095  # octets; what is longer no file system here has


def path_of(text: str) -> Path:
    """The path, with a ~ made the home that it stands for; ConsoleError if it can be none."""
    path = Path(os.path.expanduser(text))  # Path.expanduser raises where there is no home
    octets = os.fsencode(path)
    if b"\0" in octets or len(octets) > _LONGEST:
        raise ConsoleError(f"{text[:40]!r} is no name of a file", "check the path")
    if any(len(part) > _LONGEST_PART for part in octets.split(os.fsencode(os.sep))):
        raise ConsoleError(f"{text[:40]!r}… is too long for a name of a file", "check the path")
    return path
