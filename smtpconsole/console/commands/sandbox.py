"""/sandbox"""

from __future__ import annotations

from typing import Annotated

from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.arguments import NUMBER
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.console.recordings import SESSION, session, spoken
from smtpconsole.smtp.events import Noted


@command
async def sandbox(
    console: Console,
    *,
    replay: Annotated[str, SESSION] = "",
    port: Annotated[int, NUMBER] = 0,
    times: bool = False,
) -> None:
    """Start a mail server on this machine; with --replay one that says what another one said.

    Of the JOURNAL that is replayed it plays the server's side: a client that says the same gets
    the same replies, with --times as slowly as they came; anything else gets a 503, and is told
    here.  --port NUMBER chooses the port.  It ends with the console.
    """
    import asyncio

    from smtpconsole.sandbox import Sandbox
    from smtpconsole.sandbox.replay import Replay

    if port > 65535:
        raise ConsoleError(f"{port} is not a port", "ports go from 1 to 65535")
    loop, journal = asyncio.get_running_loop(), console.journal

    def tell(line: str) -> None:
        loop.call_soon_threadsafe(journal, Noted(f"replay: {line}"))

    server = (
        Replay(spoken(session(console, replay)), port=port, keeps_time=times, tell=tell)
        if replay
        else Sandbox(port=port)
    )
    try:
        console.at_end.enter_context(server)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConsoleError(f"port {port} cannot be used: {reason}", "choose another") from error
    what = f"plays {replay}" if replay else "is yours"
    ca = str(server.ca_file)
    lines = (f"its certificate is believed with /set ca {ca}",)
    console.front.show(
        Answer(
            f"the server on localhost:{server.port} {what}",
            lines,
            (f"/connect localhost:{server.port}",),
        )
    )
