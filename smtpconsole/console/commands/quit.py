"""/quit"""

from __future__ import annotations

from smtpconsole.console.commands import command
from smtpconsole.console.console import Console


@command
async def quit(console: Console) -> None:
    """Leave the console; the server is closed upon without a QUIT."""
    console.front.leave()
