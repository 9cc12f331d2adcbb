"""The sandbox of a session: its beginning and end, what it suggests, how it is connected to."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.targets import written
from smtpconsole.smtp.events import Target

if TYPE_CHECKING:
    from smtpconsole.console.console import Console, Suggestions
    from smtpconsole.sandbox import Sandbox
    from smtpconsole.sandbox.faults import Fault
    from smtpconsole.sandbox.house import House

_HOSTS = ("localhost", "127.0.0.1")


def none() -> ConsoleError:
    """There is no sandbox, and one is needed."""
    return ConsoleError("there is no sandbox", "/sandbox starts one", next=("/sandbox",))


def cannot_listen(error: OSError) -> ConsoleError:
    """A port cannot be had."""
    reason = (error.strerror or str(error)).lower()
    return ConsoleError(
        f"the sandbox cannot listen there: {reason}",
        "choose another port; without --port it takes a free one",
        next=("/sandbox",),
    )


def rules(file: Path) -> House:
    """The house rules in a file, on top of the ready ones; ConsoleError says what is wrong."""
    from smtpconsole.sandbox.house import HouseError, load

    try:
        return load(file)
    except HouseError as error:
        raise ConsoleError(str(error), "docs/sandbox.md has what can stand there") from error


def fresh(
    *,
    port: int = 0,
    rules: House | None = None,
    faults: Sequence[Fault] = (),
    seed: int = 0,
) -> Sandbox:
    """A sandbox that listens on all kinds of ports once it is started."""
    from smtpconsole.sandbox import Sandbox

    return Sandbox(port=port, lmtp_port=0, proxy_port=0, rules=rules, faults=faults, seed=seed)


def suggestions(sandbox: Sandbox) -> Suggestions:
    """What to try on a sandbox that runs."""
    from smtpconsole.console.console import Suggestions

    return Suggestions(
        sandbox=sandbox,
        target=written(target(sandbox)),
        user=sandbox.user,
        password=sandbox.password,
        sender=sandbox.user,
        recipient=f"bob@{sandbox.rules.domain}",
    )


def target(sandbox: Sandbox, kind: str = "smtp") -> Target:
    """Where a sandbox listens: smtp, tls or lmtp."""
    port = sandbox.ports[kind]
    return Target("localhost", port, implicit_tls=kind == "tls", lmtp=kind == "lmtp")


def ways(sandbox: Sandbox | None, server: Target) -> dict[str, Any]:
    """The settings for a server if it is the sandbox, whose certificates are believed."""
    if sandbox is None or server.host not in _HOSTS or server.port not in sandbox.ports.values():
        return {}
    return {"ca": str(sandbox.ca_file)}


async def begin(
    console: Console, sandbox: Sandbox, *, kind: str = "smtp", connects: bool = True
) -> None:
    """Start a sandbox for this session and connect to it; the one before it ends."""
    await end(console)
    try:
        await asyncio.to_thread(sandbox.start)
    except OSError as error:
        raise cannot_listen(error) from error
    _suggest(console, sandbox, suggestions(sandbox))
    console.at_end.callback(_stop, console)
    if connects:
        await console.connect(target(sandbox, kind))


async def end(console: Console) -> None:
    """Stop the sandbox there is, if there is one, and let go of what it has kept."""
    from smtpconsole.console.console import Suggestions

    sandbox = console.sandbox
    if sandbox is None:
        return
    if console.target is not None and ways(sandbox, console.target):
        await console.disconnect()
        console.target = None
    _suggest(console, None, Suggestions())
    await asyncio.to_thread(sandbox.stop)


def _suggest(console: Console, sandbox: Sandbox | None, new: Suggestions) -> None:
    if console.draft.sender == console.suggestions.sender:  # nobody has chosen another
        console.draft = replace(console.draft, sender=new.sender)
    console.sandbox, console.suggestions = sandbox, new


def _stop(console: Console) -> None:
    if console.sandbox is not None:
        console.sandbox.stop()


def told(sandbox: Sandbox) -> Answer:
    """All about a sandbox that runs: where it listens, who can log in, what it does wrong."""
    rows = [
        ("in the clear", f"localhost:{sandbox.port}, with STARTTLS"),
        ("under TLS", written(target(sandbox, "tls"))),
    ]
    if sandbox.lmtp_port is not None:
        rows.append(("LMTP", written(target(sandbox, "lmtp"))))
    if sandbox.proxy_port is not None:
        rows.append(("PROXY", f"localhost:{sandbox.proxy_port}, where a PROXY header comes first"))
    rows += [("user", f"{user} with {word}") for user, word in sandbox.rules.users.items()]
    rows += [
        ("token", f"{sandbox.token} for XOAUTH2"),
        ("certificates", f"believed here; for other clients they are by {sandbox.ca_file}"),
        ("mail", f"for every name @{sandbox.rules.domain}; nothing is ever sent on"),
    ]
    on = ", ".join(fault.name for fault in sandbox.faults.on)
    rows.append(("faults", on or "none is on; /fault lists them"))
    lines = tuple(f"{name:13} {text}" for name, text in rows)
    return Answer("the sandbox is yours", lines, ("/fault", "/sandbox stop"))
