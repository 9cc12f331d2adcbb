"""Keys as people write them in the settings, what they clash with, and which terminals swallow.

1. `F2`, `^N`, `Ctrl+N`, `alt+left`, `y` and `/` are keys; commas stand between several.
2. What cannot be had is told with a remedy, and the default holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from smtpconsole.console.actions import ACTIONS, AREAS, Action
from smtpconsole.console.answers import ConsoleError, nearest

_NAMED = {
    "up": "Up", "down": "Down", "left": "Left", "right": "Right", "home": "Home", "end": "End",
    "pageup": "PgUp", "pagedown": "PgDn", "insert": "Ins", "delete": "Del", "enter": "Enter",
    "escape": "Esc", "tab": "Tab", "space": "Space", "backspace": "Backspace",
    **{f"f{number}": f"F{number}" for number in range(1, 25)},
}  # fmt: skip
_ALIASES = {"esc": "escape", "return": "enter", "pgup": "pageup", "pgdn": "pagedown"}
_ALIASES |= {"del": "delete", "ins": "insert"}
_MODIFIERS = ("ctrl", "alt", "shift")

SWALLOWED = {
    "ctrl+h": "terminals send it for Backspace",
    "ctrl+i": "terminals send it for Tab",
    "ctrl+m": "terminals send it for Enter",
    "ctrl+j": "terminals send it for Enter",
    "ctrl+[": "terminals send it for Escape",
    "ctrl+c": "it interrupts and copies",
    "ctrl+z": "it suspends programs",
    "ctrl+@": "terminals send nothing for it",
    "ctrl+tab": "terminals change their tabs by it",
    "shift+f10": "terminals open their menu by it",
    "f11": "terminals fill the screen by it",
    "alt+f4": "desktops close the window by it",
    "alt+tab": "desktops change windows by it",
}

_IN_TEXT = re.compile(r"\{key ([a-z.-]+)\}")


def read(text: str) -> str:
    """Keys as the table has them; ConsoleError if one is no key, or cannot be had."""
    parts = [","] if text.strip() == "," else text.split(",")
    return ",".join(_read(part.strip()) for part in parts)


def _read(text: str) -> str:
    if len(text) == 1 and text.isprintable():
        return text
    *modifiers, base = re.sub(r"^\^(?=.$)", "ctrl+", text).replace("-", "+").split("+")
    found = sorted((each.lower() for each in modifiers), key=_order)
    base = base if len(base) == 1 and not modifiers else base.lower()
    base = _ALIASES.get(base, base)
    is_base = base in _NAMED or (len(base) == 1 and base.isprintable())
    if not is_base or any(each not in _MODIFIERS for each in found):
        raise ConsoleError(f"{text!r} is no key", "write F2, ^N, Ctrl+N, Alt+Left or y")
    key = "+".join([*found, base])
    if key in SWALLOWED:
        raise ConsoleError(f"{shown(key)} never gets here: {SWALLOWED[key]}", "choose another")
    if "ctrl" in found and (not re.fullmatch(r"[a-z]|up|down|left|right|home|end|page\w+", base)):
        raise ConsoleError(
            f"many terminals do not tell {shown(key)} from {shown(base)}",
            "with Ctrl a letter or an arrow is safe",
        )
    if "shift" in found and len(base) == 1:
        raise ConsoleError(f"{text!r} is a character", f"write {base.upper()}")
    return key


def _order(modifier: str) -> int:
    return _MODIFIERS.index(modifier) if modifier in _MODIFIERS else -1


def shown(key: str) -> str:
    """A key as people read it."""
    *modifiers, base = key.split("+") if len(key) > 1 else [key]
    if modifiers == ["ctrl"]:
        return f"^{base.upper()}" if len(base) == 1 else f"^{_NAMED.get(base, base)}"
    head = "".join(f"{each.title()}+" for each in modifiers)
    return head + _NAMED.get(base, base)


def told(text: str, own: Mapping[str, str]) -> str:
    """A text with the first key of an action in place of each {key ACTION}, as a person has it who
    has bound these keys."""
    return _IN_TEXT.sub(
        lambda found: shown(split(own.get(found[1], ACTIONS[found[1]].keys))[0]), text
    )


def all_shown(keys: str) -> str:
    """Several keys as people read them."""
    return " ".join(shown(key) for key in split(keys))


def split(keys: str) -> list[str]:
    """Several keys, one by one."""
    return [","] if keys == "," else keys.split(",")


def bound(wanted: Mapping[str, object]) -> tuple[dict[str, str], list[tuple[str, str, str]]]:
    """The keys that a person wants, by action, as far as they can be had; and of each of the
    others its name, what is wrong, and what to do."""
    keys: dict[str, str] = {}
    wrong = []
    for name, value in _flat(wanted):
        try:
            keys[name] = _of(name, value)
        except ConsoleError as error:
            wrong.append((name, error.text, "; ".join(error.hints)))
    while clash := next(_clashes(keys), None):
        name, key, other = clash
        del keys[name]
        wrong.append((name, f"{shown(key)} is the key of {other}", f"bind {other} elsewhere, too"))
    return keys, wrong


def _flat(table: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Names with a dot, which TOML takes for tables unless they are quoted."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _of(name: str, value: object) -> str:
    action = ACTIONS.get(name)
    if action is None:
        near = nearest(name, ACTIONS)
        hint = f"nearest is {near}" if near else "docs/keys.md and F1 name them"
        raise ConsoleError(f"there is no action {name}", hint)
    if not isinstance(value, str) or not value.strip():
        raise ConsoleError(f"{name} wants a key between quotes", f'write {name} = "F2"')
    keys = read(value)
    if _takes_text(action) and any(len(key) == 1 or key == "space" for key in split(keys)):
        raise ConsoleError(
            f"{name}: a character is typed where this works", "take an F-key or one with Ctrl"
        )
    return keys


def _takes_text(action: Action) -> bool:
    return action.area == "everywhere" or AREAS[action.area].takes_text


def _clashes(keys: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Of each key that is wanted and another action has: who wants it, the key, who has it."""
    for name in reversed(list(keys)):
        for other in ACTIONS.values():
            if other.name == name or not _meet(ACTIONS[name], other):
                continue
            theirs = split(keys.get(other.name, other.keys))
            for key in split(keys[name]):
                if key in theirs and not _is_by_design(name, other.name, key):
                    yield name, key, other.name


def _meet(one: Action, other: Action) -> bool:
    """They may be meant by the same key."""
    if "everywhere" in (one.area, other.area):
        return True
    return f"{one.area}.".startswith(f"{other.area}.") or f"{other.area}.".startswith(
        f"{one.area}."
    )


def _is_by_design(one: str, other: str, key: str) -> bool:
    """The table has them so: within a pane Escape closes first what is open there."""
    return all(key in split(ACTIONS[name].keys) for name in (one, other))
