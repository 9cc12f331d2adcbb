"""/tour"""

from __future__ import annotations

from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.console.teaching import lessons
from smtpconsole.console.teaching.standing import TOUR


@command
async def tour(console: Console) -> None:
    """Show what the console can do, in two minutes on a sandbox.

    Tab types what is next, Enter says it and goes on.  /learn leave ends it at any time; entered
    again it goes on where it was.
    """
    await lessons.begin(console, TOUR)
