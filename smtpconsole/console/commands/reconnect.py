"""/reconnect"""

from __future__ import annotations

from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console


@command
async def reconnect(console: Console) -> None:
    """Connect to the same server again, in the same way; what was said is not said again.

    Options of /connect hold on.  /replay says again what was said.
    """
    if console.target is None:
        raise ConsoleError("connect to which server?", "/connect mail.example.com:587")
    await console.connect(console.target)
