"""/rcpt"""

from __future__ import annotations

from typing import Annotated, Any

from smtpconsole.console.arguments import ADDRESS
from smtpconsole.console.commands import command
from smtpconsole.console.composing.wishes import FREE, RCPT_WISHES, objecting
from smtpconsole.console.console import Console
from smtpconsole.smtp import exchanges, parameters
from smtpconsole.smtp.addresses import needs_utf8
from smtpconsole.smtp.commands import rcpt as rcpt_line


@command
async def rcpt(
    console: Console,
    recipient: Annotated[str, ADDRESS],
    *,
    insist: bool = False,
    param: Annotated[list[str] | None, FREE] = None,
    **wishes: Annotated[Any, RCPT_WISHES],
) -> None:
    """Say RCPT TO, with parameters by name.

    As for /mail: what the server has not offered is said with --insist only.
    """
    session = console.connected().session
    with objecting():
        against = parameters.objections(session.capabilities, wishes, is_secure=session.is_secure)
        if against and not insist:
            raise parameters.Unfit(against)
        options = parameters.spelled(parameters.RCPT, {**wishes, "others": param or ()})
        encoding = "utf-8" if needs_utf8(recipient) else "ascii"
        send = rcpt_line(recipient, options=options, encoding=encoding)
    await console.run(exchanges.ask(send))
