"""/rehearse"""

from __future__ import annotations

from smtpconsole.composer.errors import DraftError
from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.console.drafting import measured, octets
from smtpconsole.console.held import rehearsed
from smtpconsole.smtp import exchanges
from smtpconsole.smtp.envelope import envelope


@command
async def rehearse(console: Console, *, chunking: bool = False, one_by_one: bool = False) -> None:
    """Show exactly what sending the message would say, and in how many round trips.

    Nothing is sent.  --chunking rehearses BDAT (RFC 3030) instead of DATA; --one-by-one does
    without pipelining.
    """
    known = console.known
    draft = console.draft
    content = octets(console)
    try:
        mail, rcpts = envelope(
            known,
            draft.sender,
            draft.recipients,
            content,
            mail_options=draft.mail_parameters,
            rcpt_options=draft.rcpt_parameters,
        )
    except (ValueError, DraftError) as error:
        raise ConsoleError(f"it cannot be said: {error}") from error
    batches = exchanges.rehearse(
        exchanges.deliver(
            mail,
            rcpts,
            content,
            pipelining="PIPELINING" in known and not one_by_one,
            chunking=chunking,
        )
    )
    session = console.connection.session if console.connection is not None else None
    rows = rehearsed(batches, is_secure=session is not None and session.is_secure)
    trips = "1 round trip" if len(batches) == 1 else f"{len(batches)} round trips"
    offer = "" if known.keywords else "; the server was not asked yet what it offers"
    lines = (*rows, str(measured(console)))
    console.front.show(Answer(f"{trips}, nothing was sent{offer}", lines, ("/send",)))
