"""What is copied goes to the terminal, by OSC 52, and to the clipboard of the machine; and it is
said where it went."""

from __future__ import annotations

from typing import Any

from textual.app import App

from smtpconsole.console import clipboard


def copy(app: App[Any], text: str) -> str:
    """Copy a text, and say where it went."""
    app.copy_to_clipboard(text)
    told = "sent to the terminal's clipboard"
    by = clipboard.put(text)
    return f"{by}, and {told}" if by else told


def copied(app: App[Any], text: str, told: str = "") -> None:
    """Copy a text, and show what of it went where."""
    where = copy(app, text)
    lines = text.count("\n") + 1
    told = told or (text if lines == 1 else f"{lines} lines")
    app.notify(told, title=where, markup=False)
