"""Sending a message from wherever it is asked for: the pane, /send, and the shell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from smtpconsole.composer.draft import Draft
from smtpconsole.composer.errors import DraftError
from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.composing.contents import content_of
from smtpconsole.console.composing.results import Results
from smtpconsole.console.composing.uploading import carry
from smtpconsole.console.composing.wishes import objecting, told
from smtpconsole.smtp import exchanges, parameters
from smtpconsole.smtp.addresses import needs_utf8
from smtpconsole.smtp.capabilities import Capabilities
from smtpconsole.smtp.commands import command
from smtpconsole.smtp.envelope import groups, wished
from smtpconsole.smtp.exchanges import Delivery, Letter
from smtpconsole.smtp.session import Exchange, Session
from smtpconsole.smtp.streams import Content

if TYPE_CHECKING:
    from smtpconsole.console.console import Console


@dataclass(frozen=True, slots=True)
class How:
    """How a message is to be sent."""

    file: str = ""  # whose octets are the message
    pipelining: bool = True
    chunking: bool = False
    chunk: int = 0
    insist: bool = False
    until: str = ""  # MAIL, RCPT or DATA: say no more than that
    wishes: Mapping[str, Any] = field(default_factory=dict)
    mail_parameters: tuple[str, ...] = ()
    rcpt_parameters: tuple[str, ...] = ()


async def send_draft(
    console: Console,
    draft: Draft,
    how: How | None = None,
    *,
    deliveries: list[Delivery] | None = None,
) -> Results:
    """Send a draft, and tell what became of it.

    ConsoleError says why it was not begun, or not gone on with.  A list that is given as
    `deliveries` has what came about also where it ends with an error.
    """
    how = how or How(mail_parameters=draft.mail_parameters, rcpt_parameters=draft.rcpt_parameters)
    octets = composed(console, draft, how)
    connection = await console.introduced()
    await console.may_trust()
    await _may_reach(console, draft)
    await _may_end_falsely(console, draft)
    session = connection.session
    if how.chunking and "CHUNKING" not in session.capabilities and not how.insist:
        raise ConsoleError(
            "nothing was sent: the server does not offer CHUNKING, which BDAT needs",
            "with --insist it is said all the same",
        )
    await _reset(console)
    deliveries = [] if deliveries is None else deliveries
    try:
        for people in groups(session.capabilities, draft.recipients):
            _check_mailmax(console, session, how)
            part = replace(draft, recipients=tuple(people))
            delivery = await _one(console, octets, part, how)
            deliveries.append(delivery)
            if delivery.is_delivered:
                console.delivered()
                console.keeper.sent(draft)
            elif delivery.is_farewell:
                break
            elif not how.until:
                await _reset(console)
    finally:  # what was delivered is told also where the next could not be
        results = Results(tuple(deliveries))
        if deliveries and not how.until:
            console.front.show(results.answer())
    return results


async def _may_reach(console: Console, draft: Draft) -> None:
    """Whom only a file has named gets mail of a server elsewhere by a person's word."""
    people = [each for each in draft.recipients if each in draft.unsaid]
    if people and not console.is_loopback():
        more = f" and {len(people) - 3} more" if people[3:] else ""
        told = f"Only the file that was opened names {', '.join(people[:3])}{more} as recipient."
        await console.permitted(f"recipients {people}", told)


async def _may_end_falsely(console: Console, draft: Draft) -> None:
    """What tests for smuggling goes to a server of somebody else's only by a person's word."""
    if draft.bare_dots and not console.is_loopback():
        question = "A careless server ends this message early, and takes its rest for commands."
        await console.permitted("bare-dots", f"{question} Is the server yours to test?")


def composed(console: Console, draft: Draft, how: How) -> bytes:
    """The octets of a draft; none where a file is sent instead."""
    try:
        draft.check()
        return b"" if how.file else draft.to_bytes(now=console.now())
    except DraftError as error:
        raise ConsoleError(f"nothing was sent: {error}") from error


def _check_mailmax(console: Console, session: Session, how: How) -> None:
    most = session.capabilities.limit("MAILMAX")
    if most is not None and session.mails >= most and not how.insist:
        raise ConsoleError(
            f"the server takes {most} messages in a session (MAILMAX); this one would be more",
            next=(console.connect_line,),
        )


async def _one(console: Console, octets: bytes, draft: Draft, how: How) -> Delivery:
    session = console.connected().session
    is_binary = how.wishes.get("body", "").upper() == "BINARYMIME"
    with content_of(console, how.file, draft=draft, binary=is_binary, octets=octets) as load:
        with objecting():
            said = letter(
                session.capabilities, draft, load.content, how, is_secure=session.is_secure
            )
        if how.until:
            return await console.run(_so_far(said, how.until))
        exchange = exchanges.deliver(
            *said,
            pipelining=how.pipelining and "PIPELINING" in session.capabilities,
            chunking=how.chunking,
            chunk=how.chunk or None,
            lmtp=session.lmtp,
            prdr=bool(how.wishes.get("prdr")),
        )
        return await carry(console, exchange, load)


def _so_far(letter: Letter, until: str) -> Exchange[Delivery]:
    """A transaction to its MAIL, RCPT or DATA, and no further."""
    mail, rcpts, _ = letter
    outcome = Delivery(mail=(yield from exchanges.ask(mail)))
    if until == "MAIL" or not outcome.mail.is_positive:
        return outcome
    for rcpt in rcpts:
        outcome.recipients.append((rcpt.about, (yield from exchanges.ask(rcpt))))
    if until == "DATA" and outcome.accepted:
        outcome.data = yield from exchanges.ask(command(b"DATA"))
    return outcome


def letter(
    known: Capabilities, draft: Draft, content: Content, how: How, *, is_secure: bool
) -> Letter:
    """MAIL, each RCPT and the content, as a server that offers `known` is told them.

    Raises what `envelope.wished` raises.
    """
    wishes = dict(how.wishes)
    parameters_ = how.mail_parameters
    if _uses_utf8(draft, known) and "SMTPUTF8" not in map(str.upper, parameters_):
        wishes["smtputf8"] = True
        if not wishes.get("body") and "8BITMIME" in known:
            wishes["body"] = "8BITMIME"
    mail, rcpts = wished(
        known,
        draft.sender,
        draft.recipients,
        content,
        mail_wishes=told(parameters.MAIL, wishes),
        rcpt_wishes=told(parameters.RCPT, wishes),
        mail_options=parameters_,
        rcpt_options=how.rcpt_parameters,
        is_secure=is_secure,
        insist=how.insist,
    )
    return mail, rcpts, content


def _uses_utf8(draft: Draft, known: Capabilities) -> bool:
    """SMTPUTF8 is to be said; where only a domain needs it and it is not offered, A-labels do."""
    if not draft.needs_utf8:
        return False
    if "SMTPUTF8" in known:
        return True
    if any(needs_utf8(each) for each in (draft.sender, *draft.recipients)):
        raise ConsoleError(
            "nothing was sent: an address is not ASCII, and the server has no SMTPUTF8",
            "only a domain can be written in an ASCII form; use another address or server",
        )
    return False


async def _reset(console: Console) -> None:
    """Leave no transaction open that another message would run into."""
    connection = console.connection
    if connection is not None and connection.is_open and connection.session.transaction:
        await console.run(exchanges.reset())
