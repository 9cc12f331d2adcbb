"""/data"""

from __future__ import annotations

from typing import Annotated

from smtpconsole.console.arguments import PATH
from smtpconsole.console.commands import command
from smtpconsole.console.composing.contents import content_of, sent
from smtpconsole.console.composing.uploading import carry
from smtpconsole.console.console import Console
from smtpconsole.smtp import exchanges


@command
async def data(console: Console, *, file: Annotated[str, PATH] = "") -> None:
    """Say DATA, and the message in the composer, or a file from disk, as its content.

    A file is read while it is sent, whatever its size; its line ends become CRLF and its dots are
    doubled.  To type the content by hand, say DATA without the slash.
    """
    console.connected()
    with content_of(console, file) as load:
        opening, ending = await carry(console, exchanges.data(load.content), load)
    sent(console, ending or opening)
