"""/send"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

from smtpconsole.composer.draft import Draft
from smtpconsole.composer.errors import DraftError
from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.arguments import ADDRESS, PATH, SIZE, TEXT
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.console.contents import content_of
from smtpconsole.console.uploading import carry
from smtpconsole.console.wishes import FREE, WISHES, objecting, told
from smtpconsole.smtp import exchanges, parameters
from smtpconsole.smtp.addresses import needs_utf8
from smtpconsole.smtp.capabilities import Capabilities
from smtpconsole.smtp.envelope import groups, wished
from smtpconsole.smtp.exchanges import Delivery, Letter
from smtpconsole.smtp.session import Session
from smtpconsole.smtp.streams import Content

_QUEUE_ID = re.compile(r"(?:queued as|id=) ?<?([0-9A-Za-z][\w.-]{4,})")


@dataclass(frozen=True, slots=True)
class How:
    """How a message is to be sent."""

    file: str = ""  # whose octets are the message
    pipelining: bool = True
    chunking: bool = False
    chunk: int = 0
    insist: bool = False
    wishes: Mapping[str, Any] = field(default_factory=dict)
    mail_parameters: tuple[str, ...] = ()
    rcpt_parameters: tuple[str, ...] = ()


@command
async def send(
    console: Console,
    to: Annotated[str, ADDRESS] = "",
    *,
    from_: Annotated[str | None, ADDRESS] = None,
    subject: Annotated[str | None, TEXT] = None,
    text: Annotated[str | None, TEXT] = None,
    file: Annotated[str, PATH] = "",
    one_by_one: bool = False,
    no_pipelining: bool = False,
    chunking: bool = False,
    chunk: Annotated[int, SIZE] = 0,
    insist: bool = False,
    param: Annotated[list[str] | None, FREE] = None,
    rcpt_param: Annotated[list[str] | None, FREE] = None,
    **wishes: Annotated[Any, WISHES],
) -> None:
    """Send the message in the composer, a changed one, or a file.

    The envelope is what From and To say here.  --file sends a file as it is on disk, of any size.
    Pipelining is used where it is offered, unless --no-pipelining (or --one-by-one); --chunking
    sends in BDAT commands (RFC 3030), of --chunk octets at most.  What each recipient was answered
    is told.

    Parameters of MAIL and RCPT are said by name: --notify SUCCESS,FAILURE --ret HDRS --envid ID
    ask for reports (RFC 3461), --body BINARYMIME wants --chunking, --orcpt tells the recipient
    asked for in the first place; --param and --rcpt-param say any other.  What the server has not
    offered is not said, unless --insist.
    """
    draft = console.draft
    draft = replace(
        draft,
        sender=draft.sender if from_ is None else from_,
        subject=draft.subject if subject is None else subject,
        body=draft.body if text is None else text,
    )
    if to:
        draft = draft.with_recipients(to)
    how = How(
        file=file,
        pipelining=not (one_by_one or no_pipelining),
        chunking=chunking or bool(chunk) or wishes.get("body", "").upper() == "BINARYMIME",
        chunk=chunk,
        insist=insist,
        wishes=wishes,
        mail_parameters=(*draft.mail_parameters, *(param or ())),
        rcpt_parameters=(*draft.rcpt_parameters, *(rcpt_param or ())),
    )
    await send_draft(console, draft, how)


async def send_draft(console: Console, draft: Draft, how: How | None = None) -> None:
    """Send a draft, and tell what became of it."""
    how = how or How(mail_parameters=draft.mail_parameters, rcpt_parameters=draft.rcpt_parameters)
    try:
        draft.check()
        octets = b"" if how.file else draft.to_bytes(now=console.now())
    except DraftError as error:
        raise ConsoleError(f"nothing was sent: {error}") from error
    connection = await console.introduced()
    await console.may_trust()
    session = connection.session
    if how.chunking and "CHUNKING" not in session.capabilities and not how.insist:
        raise ConsoleError(
            "nothing was sent: the server does not offer CHUNKING, which BDAT needs",
            "with --insist it is said all the same",
        )
    await _reset(console)
    for people in groups(session.capabilities, draft.recipients):
        most = session.capabilities.limit("MAILMAX")
        if most is not None and session.mails >= most and not how.insist:
            raise ConsoleError(
                f"the server takes {most} messages in a session (MAILMAX); this one would be more",
                next=(console.connect_line,),
            )
        delivery = await _one(console, octets, replace(draft, recipients=tuple(people)), how)
        if delivery.is_delivered:
            console.delivered()
        elif not delivery.is_farewell:
            await _reset(console)
        console.front.show(outcome(delivery))
        if delivery.is_farewell:
            return


async def _one(console: Console, octets: bytes, draft: Draft, how: How) -> Delivery:
    session = console.connected().session
    is_binary = how.wishes.get("body", "").upper() == "BINARYMIME"
    with content_of(console, how.file, binary=is_binary, octets=octets) as load:
        with objecting():
            mail, rcpts, content = _letter(session, draft, load.content, how)
        return await carry(
            console,
            exchanges.deliver(
                mail,
                rcpts,
                content,
                pipelining=how.pipelining and "PIPELINING" in session.capabilities,
                chunking=how.chunking,
                chunk=how.chunk or None,
                lmtp=session.lmtp,
                prdr=bool(how.wishes.get("prdr")),
            ),
            load,
        )


def _letter(session: Session, draft: Draft, content: Content, how: How) -> Letter:
    wishes = dict(how.wishes)
    parameters_ = how.mail_parameters
    if _uses_utf8(draft, session.capabilities) and "SMTPUTF8" not in map(str.upper, parameters_):
        wishes["smtputf8"] = True
        if not wishes.get("body") and "8BITMIME" in session.capabilities:
            wishes["body"] = "8BITMIME"
    mail, rcpts = wished(
        session.capabilities,
        draft.sender,
        draft.recipients,
        content,
        mail_wishes=told(parameters.MAIL, wishes),
        rcpt_wishes=told(parameters.RCPT, wishes),
        mail_options=parameters_,
        rcpt_options=how.rcpt_parameters,
        is_secure=session.is_secure,
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


def outcome(delivery: Delivery) -> Answer:
    """What became of a message, recipient by recipient."""
    lines = [
        f"{who}  {reply or 'no word: the connection ended'}" for who, reply in delivery.outcomes
    ]
    refusal = delivery.refusal
    if not delivery.is_delivered:
        return Answer(
            f"the server has not taken the message: {refusal or 'it did not say why'}",
            tuple(lines),
            (f"?{refusal}".splitlines()[0],) if refusal is not None else (),
            is_trouble=True,
        )
    final = next(
        each
        for each in (delivery.whole, *delivery.content)
        if each is not None and each.is_positive
    )
    found = _QUEUE_ID.search(final.text)
    count = sum(1 for _, reply in delivery.outcomes if reply is not None and reply.is_positive)
    people = "1 recipient" if count == 1 else f"{count} recipients"
    title = f"the server has taken the message for {people}: {final.text}"
    if found is not None:
        lines.append(f"in the server's log: grep {found[1]}")
    return Answer(title, tuple(lines), is_trouble=count < len(delivery.recipients))
