"""Several lines pasted at once: a transcript to be looked at, or lines to be entered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smtpconsole.console import pasting
from smtpconsole.console.agreeing import agrees
from smtpconsole.console.answers import ConsoleError
from smtpconsole.tui.answerbox import AnswerBox

if TYPE_CHECKING:
    from smtpconsole.console.sessions.recordings import Recorded
    from smtpconsole.tui.app import ConsoleApp


async def enter(app: ConsoleApp, lines: list[str]) -> None:
    """Do what the person wants with them."""
    if await _opened(app, lines):
        return
    app.show(pasting.staged(app.smtp_console, lines))
    is_meant = await agrees(app, pasting.QUESTION)
    app.query_one(AnswerBox).close()
    if is_meant:
        await pasting.enter(app.smtp_console, lines)


async def _opened(app: ConsoleApp, lines: list[str]) -> bool:
    """A transcript that was pasted is read rather than said, if the person wants that."""
    from smtpconsole.console.sessions.recordings import understood

    try:
        recorded = understood("\n".join(lines), "what was pasted")
    except ConsoleError:
        return False
    what = f"These {len(lines)} lines are a transcript ({recorded.format})"
    is_wanted = await agrees(app, f"{what}. Look at it instead of saying it?")
    if is_wanted:
        await app.smtp_console.perform(_import(app, recorded))
    return is_wanted


async def _import(app: ConsoleApp, recorded: Recorded) -> None:
    from smtpconsole.console.commands.import_ import kept

    app.show(kept(app.smtp_console, recorded))
    app.view(recorded.journal)
