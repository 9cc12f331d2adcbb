"""An editor in the application's terminal."""

from __future__ import annotations

from contextlib import nullcontext

from textual.app import App, SuspendNotSupported

from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.composing import editing


async def edited(app: App[None], text: str, suffix: str) -> str | None:
    """The text as a person leaves it; the application is away meanwhile, and goes on working."""
    away = nullcontext() if app.is_headless else app.suspend()
    try:
        with app.batch_update(), away:  # a batch draws nothing before it ends
            return await editing.edited(text, suffix=suffix)
    except SuspendNotSupported as error:
        raise ConsoleError("an editor needs the terminal, and cannot have this one") from error
