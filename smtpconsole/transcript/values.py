"""Nested values with each of their strings changed, as JSON, and back."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any, TypeVar

T = TypeVar("T")


def changed(value: T, change: Callable[[str], str]) -> T:
    """The same value, every string in it changed; octets stay as they are."""
    new: Any = value
    if isinstance(value, str):
        new = change(value)
    elif isinstance(value, tuple | list):
        new = type(value)(changed(each, change) for each in value)
    elif isinstance(value, dict):
        new = {name: changed(each, change) for name, each in value.items()}
    elif is_dataclass(value) and not isinstance(value, type | Enum):
        names = [each.name for each in fields(value) if each.init]
        new = replace(value, **{name: changed(getattr(value, name), change) for name in names})
    return new  # type: ignore[no-any-return]  # of the same type, by construction


def plain(value: Any) -> Any:
    """A value as JSON has it: octets in base64, times in ISO 8601, what is not given left out."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case bytes():
            return base64.b64encode(value).decode("ascii")
        case datetime():
            return value.isoformat()
        case Enum():
            return value.value
        case dict():
            return {str(name): plain(each) for name, each in value.items()}
        case tuple() | list() | frozenset() | set():
            return [plain(each) for each in value]
    if is_dataclass(value) and not isinstance(value, type):
        pairs = ((each.name, getattr(value, each.name)) for each in fields(value) if each.init)
        return {name: plain(each) for name, each in pairs if each is not None}
    return str(value)
