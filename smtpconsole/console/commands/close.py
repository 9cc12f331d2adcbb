"""/close"""

from __future__ import annotations

from smtpconsole.console.commands import command
from smtpconsole.console.console import Console


@command
async def close(console: Console) -> None:
    """Close the connection without a QUIT; the transcript stays."""
    console.connected()
    await console.disconnect()
