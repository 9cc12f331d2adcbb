"""Values written back into the file of settings, so that what a person wrote there stays.

The file is replaced in one go, for its owner alone; a link to it stays one.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smtpconsole.console import paths
from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.configuring import configuration
from smtpconsole.console.settings import Settings, entry_of
from smtpconsole.console.targets import password_of

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

_OPENING = "# Settings and profiles of smtpconsole: docs/settings.md says what there is.\n"


def save_setting(settings: Settings, name: str) -> Path:
    """Keep the value that a setting has."""
    entry = entry_of(name)
    value = getattr(settings, entry.field)
    if isinstance(value, str) and password_of(value):
        raise ConsoleError(
            f"{name} holds a password, and secrets are not kept in the file",
            f"export {entry.variable} instead",
        )
    return _changed(("settings",), {entry.name: value})


def forget_setting(name: str) -> Path:
    """Take a setting out of the file: its default holds again."""
    return _changed(("settings",), {entry_of(name).name: None})


def save_profile(name: str, table: Mapping[str, Any]) -> Path:
    """Keep a profile; keys that are not given stay as they are."""
    return _changed(("profile", name), table)


def _changed(at: tuple[str, ...], values: Mapping[str, Any]) -> Path:
    path = paths.config_file()
    document = configuration.read(path)
    if document.is_broken:
        raise ConsoleError("nothing was saved: the file has a mistake", str(document.problems[0]))
    written = _with(document.text, at, values)
    try:
        _replace(path, written)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConsoleError(
            f"nothing was saved, {path} cannot be written: {reason}",
            "SMTPCONSOLE_CONFIG names another folder",
        ) from error
    return path


def _with(text: str, at: tuple[str, ...], values: Mapping[str, Any]) -> str:
    import tomlkit

    document: TOMLDocument = tomlkit.parse(text or _OPENING)
    table: Any = document
    for depth, name in enumerate(at):
        if name not in table:
            table[name] = tomlkit.table(is_super_table=depth + 1 < len(at))
        table = table[name]
        if not hasattr(table, "items"):
            raise ConsoleError(f"nothing was saved: {name} is not a table in the file")
    for name, value in values.items():
        known = next((each for each in table if each.replace("_", "-") == name), name)
        if value is None:
            table.pop(known, None)
        else:
            table[known] = int(value) if isinstance(value, float) and value % 1 == 0 else value
    return tomlkit.dumps(document)


def _replace(path: Path, text: str) -> None:
    path = path.resolve()  # of a link: the file stays where its owner keeps it
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".config-")
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text)
        if path.exists():
            os.chmod(name, path.stat().st_mode & 0o777)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
