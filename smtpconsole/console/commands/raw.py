"""/raw"""

from __future__ import annotations

from typing import Annotated

from smtpconsole.console.arguments import NUMBER, TEXT
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.console.language import unescaped
from smtpconsole.smtp.commands import raw as raw_octets
from smtpconsole.smtp.replies import Reply
from smtpconsole.smtp.session import Exchange


@command
async def raw(
    console: Console,
    octets: Annotated[str, TEXT],
    *,
    replies: Annotated[int, NUMBER] = 1,
) -> None:
    r"""Send octets as they are, with no line end added and no meaning read into them.

    Escapes: \r \n \t \0 \xNN \\.  With --replies NUMBER as many replies are waited for; with 0
    none.  The session does not follow what they do: after a raw STARTTLS there is no TLS.
    """
    await console.run(_say(unescaped(octets), replies))


def _say(data: bytes, replies: int) -> Exchange[list[Reply]]:
    return (yield (raw_octets(data, replies=replies),))
