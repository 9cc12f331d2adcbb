"""Colours, or none where the terminal or the person wants none."""

from __future__ import annotations

import gc
import os
from typing import Any

from textual.app import App
from textual.theme import Theme

_THEME = Theme(
    name="smtpconsole",
    primary="#5fafd7",
    secondary="#87afaf",
    accent="#5fafd7",
    warning="#d7af5f",
    error="#ff6f6f",
    success="#87af5f",
    foreground="#d0d0d0",
    background="#16181c",
    surface="#16181c",
    panel="#24272d",
    dark=True,
)


def ansi_color() -> bool | None:
    """What Textual's constructor wants to be told: with NO_COLOR nothing but the terminal's own."""
    return True if os.environ.get("NO_COLOR") else None


def dress(app: App[Any]) -> None:
    """Give an application its theme."""
    app.register_theme(_THEME)
    has_true_color = os.environ.get("COLORTERM", "") in ("truecolor", "24bit")
    is_plain = bool(os.environ.get("NO_COLOR"))
    app.theme = "smtpconsole" if has_true_color and not is_plain else "ansi-dark"


def settle(app: App[Any]) -> None:
    """What is there at the beginning stays: let the garbage collector not walk through it for
    ever, which would be seen as a stutter of 30 ms.  Tests make many applications, one after
    the other."""
    if not app.is_headless:
        gc.freeze()
