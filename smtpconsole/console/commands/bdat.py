"""/bdat"""

from __future__ import annotations

from typing import Annotated

from smtpconsole.console.arguments import PATH, SIZE
from smtpconsole.console.commands import command
from smtpconsole.console.composing.contents import content_of, sent
from smtpconsole.console.composing.uploading import carry
from smtpconsole.console.console import Console
from smtpconsole.smtp.replies import Reply
from smtpconsole.smtp.session import Exchange
from smtpconsole.smtp.streams import Content, chunked


@command
async def bdat(
    console: Console,
    *,
    file: Annotated[str, PATH] = "",
    chunk: Annotated[int, SIZE] = 0,
    binary: bool = False,
) -> None:
    """Say the message in the composer, or a file from disk, in BDAT commands (RFC 3030).

    --chunk is the most octets in one of them.  Chunks are pipelined where the server offers that.
    --binary sends a file octet for octet, which the server must be told by BODY=BINARYMIME.
    A chunk can be typed, too: BDAT 5, and then its five octets.
    """
    session = console.connected().session
    one_by_one = "PIPELINING" not in session.capabilities
    with content_of(console, file, binary=binary) as load:
        replies = await carry(console, _say(load.content, chunk or None, one_by_one), load)
    sent(console, next((each for each in replies if each.is_negative), replies[-1]))


def _say(content: Content, size: int | None, one_by_one: bool) -> Exchange[list[Reply]]:
    return (yield chunked(content, size=size, one_by_one=one_by_one))
