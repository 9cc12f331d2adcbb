"""/expn"""

from __future__ import annotations

from typing import Annotated

from smtpconsole.console.arguments import TEXT
from smtpconsole.console.commanding import say
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console


@command
async def expn(
    console: Console, mailing_list: Annotated[str, TEXT], *, smtputf8: bool = False
) -> None:
    """Ask with EXPN who is on a list (RFC 5321, 4.1.1.7).

    Most servers refuse.  --smtputf8 lets the answer be in UTF-8 (RFC 6531, 3.7.4.2).
    """
    await say(console, "EXPN", mailing_list, *(["SMTPUTF8"] if smtputf8 else []))
