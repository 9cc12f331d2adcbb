"""/starttls"""

from __future__ import annotations

from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.smtp import exchanges
from smtpconsole.smtp.events import Dialling, Learned


@command
async def starttls(console: Console, *, force: bool = False) -> None:
    """Turn TLS on: EHLO where it is missing, STARTTLS, the handshake, EHLO again.

    With --force also where the server does not offer it.  RFC 3207.
    """
    connection = await console.introduced()
    session = connection.session
    if session.is_secure:
        raise ConsoleError("TLS is on already; nothing was sent")
    if "STARTTLS" not in session.capabilities and not force:
        raise ConsoleError(
            "the server does not offer STARTTLS; nothing was sent",
            *(_VANISHED if _was_offered(console) else ()),
            "a firewall may have removed it from the EHLO reply: compare from another network",
            next=("/starttls --force",),
        )
    reply = await console.run(exchanges.start_tls())
    if reply.code != 220:
        raise ConsoleError(
            f"the server refuses STARTTLS: {reply}",
            "the session stays in the clear, and whoever is on the path reads it",
            "somebody on the path can say this, too: a careful sender does not go on",
            next=(f"?STARTTLS {reply.code}",),
        )
    await console.introduced()


def _was_offered(console: Console) -> bool:
    """An earlier EHLO of this connection was told of STARTTLS."""
    journal = console.journal
    dials = journal.since(0, Dialling).numbers
    told = (entry.event for entry in journal.since(dials[-1] if dials else 0, Learned))
    return any(isinstance(each, Learned) and "STARTTLS" in each.capabilities for each in told)


_VANISHED = (
    "it has offered STARTTLS before, in this connection: somebody on the path may strip it",
)
