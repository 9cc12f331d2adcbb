"""/vrfy"""

from __future__ import annotations

from typing import Annotated

from smtpconsole.console.arguments import ADDRESS
from smtpconsole.console.commanding import say
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console


@command
async def vrfy(console: Console, who: Annotated[str, ADDRESS], *, smtputf8: bool = False) -> None:
    """Ask with VRFY whether the server knows a mailbox (RFC 5321, 4.1.1.6).

    252 is the polite refusal: the server would take a message and find out then.  --smtputf8 lets
    the answer be in UTF-8 (RFC 6531, 3.7.4.2).
    """
    await say(console, "VRFY", who, *(["SMTPUTF8"] if smtputf8 else []))
