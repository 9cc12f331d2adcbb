"""/smuggling"""

from __future__ import annotations

from typing import Annotated

from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.arguments import ADDRESS
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.console.tls import tlsprobing


@command
async def smuggling(
    console: Console, recipient: Annotated[str, ADDRESS], *, i_own_this: bool = False
) -> None:
    """Try what a server takes for the end of a message: eleven messages to an address of yours.

    Each has another sequence in the place of CR LF . CR LF, and nothing behind it; a server that
    answers at once has taken it for the end.  Such a server can be made to take one message for
    two (SMTP smuggling, CVE-2023-51764).  Only for servers of your own: beyond this machine say
    --i-own-this.  /tls stop stops it.
    """
    if console.target is None:
        raise ConsoleError("which server?", "connect first", next=(console.connect_line,))
    try:
        recipient.encode("ascii")
    except UnicodeEncodeError:
        raise ConsoleError(f"{recipient!r} is not in ASCII", "take a plain address") from None
    probe = tlsprobing.endings(console, console.target, recipient, is_owned=i_own_this)
    await tlsprobing.run(console, probe)
