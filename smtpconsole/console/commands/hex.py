"""/hex"""

from __future__ import annotations

from typing import Annotated

from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.arguments import LIST, NUMBER
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.smtp.commands import raw
from smtpconsole.smtp.replies import Reply
from smtpconsole.smtp.session import Exchange


@command
async def hex_(
    console: Console,
    octets: Annotated[tuple[str, ...], LIST],
    *,
    replies: Annotated[int, NUMBER] = 1,
) -> None:
    """Send octets that are written in hex, as they are: /hex 4e4f4f50 0d0a.

    Blanks and colons between them mean nothing.  With --replies NUMBER as many replies are waited
    for; with 0 none.  As with /raw, the session does not follow what they do.
    """
    digits = "".join(octets).replace(":", "")
    try:
        data = bytes.fromhex(digits)
    except ValueError as error:
        raise ConsoleError(
            "nothing was sent: this is not hex", "two digits an octet: /hex 4e 4f 4f 50 0d 0a"
        ) from error
    await console.run(_say(data, replies))


def _say(data: bytes, replies: int) -> Exchange[list[Reply]]:
    return (yield (raw(data, replies=replies),))
