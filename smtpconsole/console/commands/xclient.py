"""/xclient"""

from __future__ import annotations

from typing import Annotated

from smtpconsole.console.arguments import LIST
from smtpconsole.console.commanding import attributes
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.smtp import exchanges
from smtpconsole.smtp.commands import xclient as xclient_line


@command
async def xclient(console: Console, who: Annotated[tuple[str, ...], LIST]) -> None:
    """Say XCLIENT: be taken for another client, /xclient name=mx.example.com addr=192.0.2.1.

    NAME, ADDR, PORT, PROTO (SMTP or ESMTP), HELO, LOGIN, DESTADDR, DESTPORT; a value left empty is
    [UNAVAILABLE].  Postfix, Dovecot and others allow it to hosts they trust.  After the 220 the
    session begins anew: say EHLO.
    """
    await console.run(exchanges.ask(xclient_line(**attributes(who))))
