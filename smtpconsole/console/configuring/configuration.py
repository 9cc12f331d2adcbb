"""The file of settings and profiles: read, judged, with the line and the remedy for each mistake.

1. A mistake never prevents the start: it is told, and the default holds.
2. A profile with a mistake is not used at all: what it forbids may be what was misspelt.
3. A flag comes before the environment, that before the file, and that before the default.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from smtpconsole.console import paths
from smtpconsole.console.answers import ConsoleError, nearest
from smtpconsole.console.settings import SETTINGS, Entry, Settings
from smtpconsole.console.targets import password_of

TABLES = {
    "settings": "what /set shows, for every server",
    "profile": "a server by name, with settings of its own and what is forbidden there",
    "keys": "keys of the screen, by action",
}
_HEADER = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(?:#.*)?$")
_KEY = re.compile(r"\s*([\w.\"'-]+)\s*=")
_PLACE = re.compile(r"\(at line (\d+), column \d+\)|\(at end of document\)")
_WANTS = {
    "text": "text between quotes",
    "number": "a number, such as 30",
    "yes or no": "true or false",
}

_NUMERIC = ("family", "tls-min", "tls-max")  # texts that look like numbers


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake in the file or the environment, and what to do about it."""

    where: str
    text: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text}; {self.remedy}"


@dataclass(slots=True)
class Document:
    """The file as it was read."""

    path: Path
    text: str = ""
    tables: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    is_broken: bool = False  # not TOML: nothing of it holds
    _lines: dict[tuple[str, ...], int] | None = None

    def complain(self, key: tuple[str, ...], text: str, remedy: str) -> None:
        """Note a mistake at a key."""
        self.problems.append(Problem(self.where(key), text, remedy))

    def where(self, key: tuple[str, ...]) -> str:
        """File and line of a key, or of the table that it is in."""
        if self._lines is None:
            self._lines = {}
            for place, number in _places(self.text):
                for depth in range(1, len(place) + 1):
                    self._lines.setdefault(place[:depth], number)
        while key and key not in self._lines:
            key = key[:-1]
        line = self._lines.get(key)
        return f"{self.path.name}, line {line}" if line is not None else self.path.name

    def table(self, name: str) -> Mapping[str, Any]:
        """A table of the top; empty where there is none, or something else."""
        found = self.tables.get(name, {})
        if isinstance(found, dict):
            return found
        self.complain((name,), f"{name} must be a table", f"write [{name}] on a line of its own")
        return {}


def _places(text: str) -> Iterator[tuple[tuple[str, ...], int]]:
    """The line of each key, which the reader of the standard library does not tell."""
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if found := _HEADER.match(line):
            table = _words(found[1])
            yield table, number
        elif found := _KEY.match(line):
            yield (*table, *_words(found[1])), number


def _words(dotted: str) -> tuple[str, ...]:
    return tuple(each.strip().strip("\"'") for each in dotted.split("."))


def read(path: Path | None = None) -> Document:
    """The file, with what is wrong with its form; empty where there is none."""
    document = Document(path if path is not None else paths.config_file())
    try:
        document.text = document.path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return document
    except (OSError, ValueError) as error:  # ValueError: not UTF-8
        reason = (getattr(error, "strerror", None) or "").lower() or "it is not UTF-8"
        document.is_broken = True
        remedy = "until it can, the defaults hold"
        document.complain((), f"the file cannot be read: {reason}", remedy)
        return document
    import tomllib

    try:
        document.tables = tomllib.loads(document.text)
    except ValueError as error:  # of TOML, or of a number beyond all measure
        document.is_broken = True
        document.problems.append(_malformed(document, error))
    except RecursionError:
        document.is_broken = True
        document.complain((), "the file is nested too deep", "until it is mended defaults hold")
    for name in document.tables:
        if name not in TABLES:
            document.complain((name,), f"{name} is not known here", _top(name))
    return document


def _malformed(document: Document, error: Exception) -> Problem:
    told = str(error)
    found = _PLACE.search(told)
    line = found[1] if found and found[1] else str(len(document.text.splitlines()))
    what = _PLACE.sub("", told).strip().lower()
    remedy = 'a line is NAME = "text", NAME = 30 or NAME = true; until it is mended defaults hold'
    return Problem(f"{document.path.name}, line {line}", what, remedy)


def _top(name: str) -> str:
    if name.replace("_", "-") in SETTINGS:
        return f"settings stand below [settings]: put {name} there"
    near = nearest(name, TABLES)
    known = "there are [settings], [keys] and [profile.NAME]"
    return f"nearest is [{near}]" if near and near != "profile" else known


# --- settings ---------------------------------------------------------------------------------


def configured(
    flags: Mapping[str, str | bool | None], document: Document | None = None
) -> tuple[Settings, list[Problem]]:
    """Settings by flag, environment, file and default; ConsoleError where a flag is wrong."""
    document = document if document is not None else read()
    settings = Settings()
    apply(document, document.table("settings"), ("settings",), settings)
    if "keys" in document.tables:
        from smtpconsole.console.configuring import keynames  # which few files need

        settings.keys, wrong = keynames.bound(document.table("keys"))
        for name, text, remedy in wrong:
            document.complain(("keys", *name.split(".")), text, remedy)
    if "profile" in document.tables:
        from smtpconsole.console.configuring import profiles  # which reads documents

        profiles.check(document)
    problems = [*document.problems, *_from_environment(settings)]
    for name, value in flags.items():
        if value:
            name = name.replace("_", "-")
            settings.set(name, "yes" if value is True else str(value), f"--{name}")
    return settings, problems


def apply(
    document: Document, table: Mapping[str, Any], at: tuple[str, ...], settings: Settings
) -> None:
    """Give settings the values of a table; what it cannot give is a problem of the document."""
    for name, value in table.items():
        key = (*at, name)
        entry = SETTINGS.get(name.replace("_", "-"))
        if entry is None:
            near = nearest(name, SETTINGS)
            remedy = f"nearest is {near}" if near else "/set lists the settings"
            document.complain(key, f"there is no setting {name}", remedy)
            continue
        text = as_typed(entry, value)
        if text is None:
            unit = f", in {entry.unit}" if entry.unit else ""
            document.complain(key, f"{name} wants {_WANTS[entry.type]}{unit}", _example(entry))
        elif entry.kind.hides is not None and entry.kind.hides(text):
            remedy = f"secrets are not kept in a file: export {entry.variable} instead"
            document.complain(key, f"{name} holds a password", remedy)
        else:
            try:
                settings.set(entry.name, text, document.where(key))
            except ConsoleError as error:
                remedy = "; ".join(error.hints) or entry.sentence
                document.complain(key, f"{name}: {error.text}", remedy)


def as_typed(entry: Entry, value: Any) -> str | None:
    """A value of the file as it would be typed after /set; None if it is of the wrong type."""
    if isinstance(value, bool):
        return ("yes" if value else "no") if entry.type == "yes or no" else None
    if isinstance(value, str):
        return value
    if entry.type == "yes or no":
        return None
    if isinstance(value, int | float):
        is_number = entry.type == "number" or entry.name in _NUMERIC
        is_number = is_number and abs(value) < 1e300  # more an int can be, and no float
        return f"{value:.10g}" if is_number else None
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ",".join(value) if entry.type == "text" else None
    return None


def _example(entry: Entry) -> str:
    example = {"text": '"..."', "number": entry.default or "30", "yes or no": "true"}
    return f"write {entry.name} = {example[entry.type]}"


def _from_environment(settings: Settings) -> Iterator[Problem]:
    for entry in SETTINGS.values():
        text = os.environ.get(entry.variable)
        if text is None:
            continue
        try:
            settings.set(entry.name, text, f"${entry.variable}")
        except ConsoleError as error:
            secret = password_of(text)
            told = error.text.replace(secret, "[not shown]") if secret else error.text
            remedy = "; ".join(error.hints) or "unset it"
            yield Problem(f"${entry.variable}", told, remedy)
