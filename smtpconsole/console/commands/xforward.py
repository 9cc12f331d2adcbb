"""/xforward"""

from __future__ import annotations

from typing import Annotated

from smtpconsole.console.arguments import LIST
from smtpconsole.console.commanding import attributes
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.smtp import exchanges
from smtpconsole.smtp.commands import xforward as xforward_line


@command
async def xforward(console: Console, origin: Annotated[tuple[str, ...], LIST]) -> None:
    """Say XFORWARD: tell for the server's log where the next message came from.

    NAME, ADDR, PORT, PROTO, HELO, IDENT, SOURCE (LOCAL or REMOTE), as in /xforward addr=192.0.2.1
    source=REMOTE; a value left empty is [UNAVAILABLE].
    """
    await console.run(exchanges.ask(xforward_line(**attributes(origin))))
