"""The file for a session's secrets, with which Wireshark can read what was recorded.

OpenSSL would make it readable for everybody, so it is made here first; one that is there
already must be ours, and only ours.
"""

from __future__ import annotations

import os
import stat

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def prepare(path: str) -> None:
    """Make the file, mode 0600; ValueError if it is there and somebody else could read it."""
    flags = os.O_WRONLY | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        os.close(os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600))
        return
    except FileExistsError:
        pass
    if os.path.islink(path):
        raise ValueError(f"the key log {path} is a link; name the file itself")
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    try:
        status = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"the key log {path} is no plain file")
    if hasattr(os, "getuid") and status.st_uid != os.getuid():
        raise ValueError(f"the key log {path} belongs to somebody else")
    if os.name == "posix" and status.st_mode & _OTHERS:
        mode = stat.S_IMODE(status.st_mode)
        raise ValueError(f"the key log {path} is open to others ({mode:o}); chmod 600 it first")
