"""What the file of settings may hold: as JSON Schema, and as tables for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from smtpconsole.console.actions import ACTIONS
from smtpconsole.console.configuring.profiles import KEYS, SOURCES
from smtpconsole.console.settings import SETTINGS, Entry

_JSON: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "number": {"type": ["number", "string"]},
    "yes or no": {"type": ["boolean", "string"]},
    "list": {"type": "array", "items": {"type": "string"}},
}
_LISTS = ("alpn", "dns", "pin")
_NUMBERS = ("family", "tls-min", "tls-max")


def schema() -> dict[str, Any]:
    """A JSON Schema of the file; editors with a TOML server take it."""
    settings = _object({name: _of_setting(entry) for name, entry in SETTINGS.items()})
    keys = {
        name: {**_JSON[kind], "description": told}
        for name, (kind, told) in KEYS.items()
        if kind != "table"
    }
    keys["password"]["enum"] = list(SOURCES)
    profile = _object({**keys, "settings": settings})
    profile["required"] = ["target"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Settings and profiles of smtpconsole",
        **_object(
            {
                "settings": settings,
                "profile": {"type": "object", "additionalProperties": profile},
                "keys": _object(
                    {
                        name: {"type": "string", "description": each.sentence}
                        for name, each in ACTIONS.items()
                    }
                ),
            }
        ),
    }


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _of_setting(entry: Entry) -> dict[str, Any]:
    kind = dict(_JSON[entry.type])
    if entry.name in _LISTS:
        kind = {"anyOf": [kind, _JSON["list"]]}
    elif entry.name in _NUMBERS:
        kind["type"] = ["string", "number"]
    unit = f", in {entry.unit}" if entry.unit else ""
    return {**kind, "description": f"{entry.sentence}{unit}"}


# --- tables for docs/settings.md ------------------------------------------------------------


def tables() -> dict[str, str]:
    """What there is, as tables for people."""
    return {"settings": "\n".join(_settings()), "profile": "\n".join(_profile())}


def _settings() -> Iterator[str]:
    yield "| setting | takes | default | what for |"
    yield "|---|---|---|---|"
    for entry in SETTINGS.values():
        unit = f" ({entry.unit})" if entry.unit else ""
        takes = entry.kind.name.replace("|", r"\|")
        default = entry.default or "-"
        yield f"| `{entry.name}` | {takes}{unit} | {default} | {_cell(entry.sentence)} |"


def _profile() -> Iterator[str]:
    yield "| key | type | what for |"
    yield "|---|---|---|"
    for name, (kind, sentence) in KEYS.items():
        yield f"| `{name}` | {kind} | {_cell(sentence)} |"


def _cell(text: str) -> str:
    return text.replace("|", r"\|")
