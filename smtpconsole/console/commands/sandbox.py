"""/sandbox"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.arguments import NUMBER, PATH, choice
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.console.filenames import path_of
from smtpconsole.console.sandboxing import sandboxes, serverside
from smtpconsole.console.sandboxing.faulting import FAULTS
from smtpconsole.console.sessions.recordings import SESSION, session, spoken
from smtpconsole.smtp.events import Noted

if TYPE_CHECKING:
    from smtpconsole.sandbox import Sandbox

WHAT = choice("show", "diary", "stop")


@command
async def sandbox(
    console: Console,
    what: Annotated[str, WHAT] = "",
    *,
    tls: bool = False,
    lmtp: bool = False,
    house: Annotated[str, PATH] = "",
    fault: Annotated[tuple[Any, ...], FAULTS] = (),
    seed: Annotated[int, NUMBER] = 0,
    port: Annotated[int, NUMBER] = 0,
    replay: Annotated[str, SESSION] = "",
    times: bool = False,
) -> None:
    """Start a mail server of your own on this machine, and connect to it.

    It keeps what it is sent and never sends anything on; F7 shows its side.  /sandbox show tells
    where it listens and who can log in, /sandbox diary what it did and why, /mailbox what has
    arrived.  /sandbox stop ends it, a second /sandbox starts a new one in its place; it ends with
    the console, too.

    --tls and --lmtp connect to those ports of it; --house FILE gives it rules of your own (see
    docs/sandbox.md); --fault FAULT lets it fail from the start, several with commas between
    (/fault lists them, and --seed NUMBER is for those by chance); --port NUMBER chooses the port.

    --replay JOURNAL starts one that plays the server's side of that session: a client that says
    the same gets the same replies, with --times as slowly as they came; anything else gets a 503,
    and is told here.
    """
    if port > 65535:
        raise ConsoleError(f"{port} is not a port", "ports go from 1 to 65535")
    if what == "stop":
        await _stop(console)
    elif what:
        if console.sandbox is None:
            raise sandboxes.none()
        show = sandboxes.told if what == "show" else _diary
        console.front.show(show(console.sandbox))
    elif replay:
        _replay(console, replay, port=port, keeps_time=times)
    else:
        rules = sandboxes.rules(path_of(house)) if house else None
        started = sandboxes.fresh(port=port, rules=rules, faults=fault, seed=seed)
        await sandboxes.begin(console, started, kind="tls" if tls else "lmtp" if lmtp else "smtp")
        console.front.show(sandboxes.told(started))


async def _stop(console: Console) -> None:
    if console.sandbox is None:
        raise sandboxes.none()
    count = len(console.sandbox.mailbox)
    await sandboxes.end(console)
    kept = "1 message" if count == 1 else f"{count} messages"
    console.front.show(Answer("the sandbox has ended", (f"with it {kept} in its mailbox",)))


def _diary(running: Sandbox) -> Answer:
    notes = running.diary.since(0)[-serverside.NOTES :]
    rows = tuple(row.text for row in serverside.talk(notes))
    return Answer("what the sandbox did, and why", rows or ("nothing yet",))


def _replay(console: Console, name: str, *, port: int, keeps_time: bool) -> None:
    """A server that says what another one said."""
    from smtpconsole.sandbox.replay import Replay

    loop, journal = asyncio.get_running_loop(), console.journal

    def tell(line: str) -> None:
        loop.call_soon_threadsafe(journal, Noted(f"replay: {line}"))

    said = spoken(session(console, name))
    server = Replay(said, port=port, keeps_time=keeps_time, tell=tell)
    try:
        console.at_end.enter_context(server)
    except OSError as error:
        raise sandboxes.cannot_listen(error) from error
    console.front.show(
        Answer(
            f"the server on localhost:{server.port} plays {name}",
            (f"its certificate is believed with /set ca {server.ca_file}",),
            (f"/connect localhost:{server.port}",),
        )
    )
