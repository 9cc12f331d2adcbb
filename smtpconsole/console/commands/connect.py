"""/connect"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.arguments import TARGET
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.console.targets import parse_target
from smtpconsole.console.ways import NO_NAME, WAYS
from smtpconsole.smtp.events import Target


@command
async def connect(
    console: Console,
    target: Annotated[Target | None, TARGET] = None,
    *,
    lmtp: bool = False,
    no_sni: bool = False,
    **how: Annotated[Any, WAYS],
) -> None:
    """Connect to a server, or to the last one again.

    HOST, HOST:PORT, [ADDRESS]:PORT, USER@HOST, smtp:// (port 25), submission:// (587), smtps://
    and submissions:// (465, TLS from the first octet), lmtp:// (24), lmtp+unix:///PATH, /PATH,
    "exec:COMMAND", mx:DOMAIN (the server that takes its mail).  Without a scheme the port is 25;
    port 465 means TLS from the first octet.
    Nothing is said before you say it.

    Options hold for this server until they are given anew; /set keeps them for all servers, and
    says what each is for.
    """
    target = target or console.target
    if target is None and console.suggestions.target:
        target = parse_target(console.suggestions.target)
    if target is None:
        raise ConsoleError("connect to which server?", "/connect mail.example.com:587")
    if no_sni:
        how["sni"] = NO_NAME
    await console.connect(replace(target, lmtp=True) if lmtp else target, how)
