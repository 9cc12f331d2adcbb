"""/etrn"""

from __future__ import annotations

from typing import Annotated

from smtpconsole.console.arguments import TEXT
from smtpconsole.console.commanding import say
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console


@command
async def etrn(console: Console, node: Annotated[str, TEXT]) -> None:
    """Say ETRN: send what is queued for a host, @DOMAIN with all below it, or #QUEUE (RFC 1985)."""
    await say(console, "ETRN", node)
