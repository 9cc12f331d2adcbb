"""/raw"""

from __future__ import annotations

from typing import Annotated

from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.arguments import NUMBER, TEXT
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
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
    await console.run(_say(_unescaped(octets), replies))


def _say(data: bytes, replies: int) -> Exchange[list[Reply]]:
    return (yield (raw_octets(data, replies=replies),))


def _unescaped(text: str) -> bytes:
    try:
        return text.encode("utf-8").decode("unicode_escape").encode("latin-1")
    except (UnicodeDecodeError, UnicodeEncodeError) as error:
        raise ConsoleError(
            "an escape cannot be read; nothing was sent", r"known are \r \n \t \0 \xNN \\"
        ) from error
