"""A folder for whatever is shown, where nothing is known of this machine and its user."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def place() -> Iterator[Path]:
    """Go there for a while."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        with contextlib.chdir(folder), _environment(folder):
            yield folder


@contextlib.contextmanager
def _environment(folder: Path) -> Iterator[None]:
    before = dict(os.environ)
    for name in (*before,):
        if name.startswith(("SMTP", "SSH_", "NO_COLOR", "DISPLAY", "WAYLAND")):
            del os.environ[name]
    os.environ.update(
        SMTPCONSOLE_STATE=str(folder / "state"),
        SMTPCONSOLE_CONFIG=str(folder),
        SMTPCONSOLE_NAME="laptop.example",
        SMTPCONSOLE_FAMILY="4",  # some machines have two addresses for localhost, some have one
        SMTP_PASSWORD="wonderland",
        HOME=str(folder),
        LOGNAME="alice",
        USER="alice",
        COLUMNS="92",
        COLORTERM="truecolor",
        TERM="xterm-256color",
        TZ="UTC",
    )
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
