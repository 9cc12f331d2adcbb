"""/connect"""

from __future__ import annotations

from typing import Annotated

from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.arguments import TARGET
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.smtp.events import Target


@command
async def connect(console: Console, target: Annotated[Target | None, TARGET] = None) -> None:
    """Connect to a server, or to the last one again.

    HOST, HOST:PORT, [ADDRESS]:PORT, smtp://HOST, smtps://HOST (TLS from the first octet),
    submission://HOST.  Without a port it is 25; port 465 means TLS from the first octet.
    Nothing is said before you say it.
    """
    target = target or console.target
    if target is None:
        raise ConsoleError("connect to which server?", "/connect mail.example.com:587")
    await console.connect(target)
