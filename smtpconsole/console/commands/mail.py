"""/mail"""

from __future__ import annotations

from typing import Annotated, Any

from smtpconsole.console.arguments import ADDRESS
from smtpconsole.console.commands import command
from smtpconsole.console.composing.wishes import FREE, MAIL_WISHES, objecting
from smtpconsole.console.console import Console
from smtpconsole.smtp import exchanges, parameters
from smtpconsole.smtp.addresses import needs_utf8
from smtpconsole.smtp.commands import mail as mail_line


@command
async def mail(
    console: Console,
    sender: Annotated[str, ADDRESS] = "",
    *,
    insist: bool = False,
    param: Annotated[list[str] | None, FREE] = None,
    **wishes: Annotated[Any, MAIL_WISHES],
) -> None:
    """Say MAIL FROM, with parameters by name; without an address it is the null sender.

    A parameter that cannot be right, or that the server has not offered, is not said: --insist
    says what was not offered, and a MAIL line typed by hand says anything.  A domain of other
    letters goes in its ASCII form unless --smtputf8.
    """
    connection = console.connected()
    session = connection.session
    with objecting():
        if needs_utf8(sender):
            wishes["smtputf8"] = True
        if not insist:
            against = parameters.objections(
                session.capabilities, wishes, is_secure=session.is_secure
            )
            if against:
                raise parameters.Unfit(against)
        options = parameters.spelled(parameters.MAIL, {**wishes, "others": param or ()})
        send = mail_line(
            sender, options=options, encoding="utf-8" if wishes.get("smtputf8") else "ascii"
        )
    await console.run(exchanges.ask(send))
