"""/send"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Annotated

from smtpconsole.composer.draft import Draft
from smtpconsole.composer.errors import DraftError
from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.arguments import ADDRESS, TEXT
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.smtp import exchanges
from smtpconsole.smtp.capabilities import Capabilities
from smtpconsole.smtp.commands import command as command_line
from smtpconsole.smtp.envelope import envelope
from smtpconsole.smtp.exchanges import Delivery

_QUEUE_ID = re.compile(r"(?:queued as|id=) ?<?([0-9A-Za-z][\w.-]{4,})")


@command
async def send(
    console: Console,
    to: Annotated[str, ADDRESS] = "",
    *,
    from_: Annotated[str | None, ADDRESS] = None,
    subject: Annotated[str | None, TEXT] = None,
    body: Annotated[str | None, TEXT] = None,
    one_by_one: bool = False,
) -> None:
    """Send the message in the composer, or a changed one.

    The envelope is what From and To say here; pipelining is used where it is offered, unless
    --one-by-one.  What each recipient was answered is told.
    """
    draft = console.draft
    draft = replace(
        draft,
        sender=draft.sender if from_ is None else from_,
        subject=draft.subject if subject is None else subject,
        body=draft.body if body is None else body,
    )
    if to:
        draft = draft.with_recipients(to)
    await send_draft(console, draft, pipelining=not one_by_one)


async def send_draft(console: Console, draft: Draft, *, pipelining: bool = True) -> None:
    """Send a draft, and tell what became of it."""
    try:
        content = draft.to_bytes(now=console.now())
    except DraftError as error:
        raise ConsoleError(f"nothing was sent: {error}") from error
    connection = await console.introduced()
    await console.may_trust()
    known = connection.session.capabilities
    try:
        mail, rcpts = envelope(
            known, draft.sender, draft.recipients, content, mail_options=_options(draft, known)
        )
    except ValueError as error:
        raise ConsoleError(f"nothing was sent: {error}") from error
    await _reset(console)
    delivery = await console.run(
        exchanges.deliver(mail, rcpts, content, pipelining=pipelining and "PIPELINING" in known)
    )
    if delivery.is_delivered:
        console.delivered()
    else:
        await _reset(console)
    console.front.show(outcome(delivery))


async def _reset(console: Console) -> None:
    """Leave no transaction open that another message would run into."""
    connection = console.connection
    if connection is not None and connection.is_open and connection.session.transaction:
        await console.run(exchanges.ask(command_line(b"RSET")))


def _options(draft: Draft, known: Capabilities) -> list[str]:
    if not draft.needs_utf8:
        return []
    if "SMTPUTF8" not in known:
        raise ConsoleError(
            "nothing was sent: an address is not ASCII, and the server has no SMTPUTF8",
            "write the domain in its ASCII form (xn--...), or use another server",
        )
    return ["SMTPUTF8", "BODY=8BITMIME"]


def outcome(delivery: Delivery) -> Answer:
    """What became of a message, recipient by recipient."""
    lines = [f"{who}  {reply}" for who, reply in delivery.recipients]
    codes = " ".join(
        f"{reply.code} {reply.enhanced or ''}".strip()
        for reply in (delivery.mail, delivery.data, *delivery.content)
        if reply is not None and reply.is_negative
    )
    if not delivery.is_delivered:
        last = _decisive(delivery)
        return Answer(
            f"the server has not taken the message: {last}",
            tuple(lines),
            (f"?{last}".splitlines()[0],) if codes or delivery.refused else (),
            is_trouble=True,
        )
    final = delivery.content[0]
    found = _QUEUE_ID.search(final.text)
    count = len(delivery.accepted)
    people = "1 recipient" if count == 1 else f"{count} recipients"
    title = f"the server has taken the message for {people}: {final.text}"
    if found is not None:
        lines.append(f"in the server's log: grep {found[1]}")
    return Answer(title, tuple(lines), is_trouble=bool(delivery.refused))


def _decisive(delivery: Delivery) -> str:
    """The reply that decided against the message."""
    if not delivery.mail.is_positive:
        return str(delivery.mail)
    if not delivery.accepted and delivery.refused:
        return str(delivery.refused[-1][1])
    for reply in (*delivery.content, delivery.data):
        if reply is not None and reply.is_negative:
            return str(reply)
    return "it did not say why"
