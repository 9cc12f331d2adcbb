"""/noop"""

from __future__ import annotations

from typing import Annotated

from smtpconsole.console.arguments import WORDS
from smtpconsole.console.commanding import say
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console


@command
async def noop(console: Console, text: Annotated[str, WORDS] = "") -> None:
    """Say NOOP: the server answers, and that is all (RFC 5321, 4.1.1.9)."""
    await say(console, "NOOP", text)
