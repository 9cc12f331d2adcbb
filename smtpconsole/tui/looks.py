"""Colours, or none where the terminal or the person wants none."""

from __future__ import annotations

import gc
import os
from typing import Any

import textual
from rich.segment import Segments
from textual.app import App
from textual.theme import Theme

from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.configuring import writing
from smtpconsole.console.settings import Settings

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
_LIGHT = Theme(
    name="smtpconsole-light",
    primary="#005f87",
    secondary="#3a6a6a",
    accent="#005f87",
    warning="#875f00",
    error="#b00020",
    success="#3f6f00",
    foreground="#202428",
    background="#fafaf8",
    surface="#fafaf8",
    panel="#e6e8ea",
    dark=False,
)


def ansi_color() -> bool | None:
    """What Textual's constructor wants to be told: with NO_COLOR nothing but the terminal's own."""
    return True if os.environ.get("NO_COLOR") else None


def dress(app: App[Any], wanted: str = "") -> None:
    """Give an application its theme: the wanted one, else that of TEXTUAL_THEME, else what fits
    the terminal.

    Where true colour is not announced, the colours are the sixteen of the terminal's own palette.
    """
    app.register_theme(_THEME)
    app.register_theme(_LIGHT)
    app.theme = _fitting(app, wanted)


def _fitting(app: App[Any], wanted: str) -> str:
    has_true_color = os.environ.get("COLORTERM", "") in ("truecolor", "24bit")
    is_plain = bool(os.environ.get("NO_COLOR"))
    for each in (wanted, os.environ.get("TEXTUAL_THEME", "")):
        if each in app.available_themes and not is_plain:
            return each
    if has_true_color and not is_plain:
        return "smtpconsole-light" if _is_light() else "smtpconsole"
    return "ansi-light" if _is_light() else "ansi-dark"


class Wardrobe:
    """The theme of an application: that of the settings, and kept there when another is chosen."""

    def __init__(self, app: App[Any], settings: Settings) -> None:
        self._app, self._settings = app, settings
        self._worn = settings.theme
        dress(app, self._worn)

    def look(self) -> None:
        """Something may have been set."""
        if self._settings.theme != self._worn:
            self._worn = self._settings.theme
            if self._worn and self._worn not in self._app.available_themes:
                known = ", ".join(sorted(self._app.available_themes))
                self._app.notify(f"there is {known}", title="no such theme", markup=False)
            dress(self._app, self._worn)

    def chosen(self, theme: Theme) -> None:
        """A person may have chosen another one."""
        if theme.name == _fitting(self._app, self._worn):
            return
        self._worn = theme.name
        self._settings.set("theme", theme.name)
        try:
            told = f"kept in {writing.save_setting(self._settings, 'theme')}"
        except ConsoleError as error:
            told = f"not kept: {error.text}"
        self._app.notify(told, title=f"theme {theme.name}", markup=False)


def _is_light() -> bool:
    """The terminal says that its background is light, by the number of a colour."""
    return os.environ.get("COLORFGBG", "").rpartition(";")[2] in ("7", "15")


def settle(app: App[Any]) -> None:
    """What is there at the beginning stays: let the garbage collector not walk through it for
    ever, which would be seen as a stutter of 30 ms.  Tests make many applications, one after
    the other."""
    if not app.is_headless:
        gc.freeze()


def traceback(app: App[Any]) -> Segments:
    """Where the application broke, of the exception at hand.  Textual (8.2) would print the local
    variables too, and a password may be among them."""
    from rich.traceback import Traceback  # which loads pygments

    shown = Traceback(show_locals=False, suppress=[textual])
    return Segments(app.console.render(shown, app.console.options))
