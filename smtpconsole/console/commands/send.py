"""/send"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from smtpconsole.console.arguments import ADDRESS, PATH, SIZE, TEXT
from smtpconsole.console.commands import command
from smtpconsole.console.composing.sending import How, send_draft
from smtpconsole.console.composing.wishes import FREE, WISHES
from smtpconsole.console.console import Console


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
        draft = replace(draft.with_recipients(to), unsaid=())
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
