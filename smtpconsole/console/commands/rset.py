"""/rset"""

from __future__ import annotations

from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.smtp import exchanges


@command
async def rset(console: Console) -> None:
    """Say RSET: the server forgets sender and recipients (RFC 5321, 4.1.1.5)."""
    await console.run(exchanges.reset())
