"""/rehearse"""

from __future__ import annotations

from smtpconsole.composer.errors import DraftError
from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.console.drafting import measured, octets
from smtpconsole.smtp import exchanges
from smtpconsole.smtp.commands import CONTENT, Send
from smtpconsole.smtp.envelope import envelope
from smtpconsole.smtp.session import Batch
from smtpconsole.transcript.redaction import masked

_FEW = 12  # lines of one batch that are shown


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
    rows = [row for number, batch in enumerate(batches, 1) for row in _told(number, batch)]
    trips = "1 round trip" if len(batches) == 1 else f"{len(batches)} round trips"
    offer = "" if known.keywords else "; the server was not asked yet what it offers"
    lines = (*rows, str(measured(console)))
    console.front.show(Answer(f"{trips}, nothing was sent{offer}", lines, ("/send",)))


def _told(number: int, batch: Batch) -> list[str]:
    lines = [_line(send) for send in batch]
    if len(lines) > _FEW:
        lines[_FEW - 3 : -2] = [f"... {len(lines) - _FEW + 1} more like these"]
    return [f"{number if not place else '':>3} -> {line}" for place, line in enumerate(lines)]


def _line(send: Send) -> str:
    if send.framing is not None:
        size, is_chunked = f"{send.framing.stream.size or 0:,}", send.verb != CONTENT
        return f"BDAT, {size} octets in chunks" if is_chunked else f"{size} octets, and a lone dot"
    if send.verb != CONTENT:
        return masked(send).split(b"\r\n", 1)[0].decode("utf-8", "surrogateescape")
    told = f"{len(send.data):,} octets"
    return f"{told}, ended by a dot of their own" if send.replies else told
