"""/probe"""

from __future__ import annotations

from typing import Annotated

from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.arguments import NUMBER, TARGET
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.console.dns import mailroutes, resolving
from smtpconsole.console.probe import probing
from smtpconsole.console.probe.errands import errand_for
from smtpconsole.console.probe.text import lines
from smtpconsole.console.targets import written
from smtpconsole.smtp.events import Noted, Target
from smtpconsole.smtp.facts import Demands


@command
async def probe(
    console: Console,
    target: Annotated[Target | None, TARGET] = None,
    *,
    seconds: Annotated[int, NUMBER] = 60,
) -> None:
    """Report what a server says, offers and proves, and what is wrong with it.

    It is visited on a connection of its own: greeting, EHLO, STARTTLS, EHLO, HELP, NOOP, QUIT, and
    no mail.  Alone: the server at hand.
    """
    target = target or console.target
    if target is None:
        raise ConsoleError("probe which server?", "/probe mail.example.com:587")
    if not 0 < seconds <= 3600:
        raise ConsoleError(
            "the time for a probe goes from 1 to 3600 seconds", "/probe --seconds 60"
        )
    settings = console.how if target == console.target else console.settings
    resolver = resolving.of(console.settings, console.journal)
    domain = target.host if target.mx else ""
    target = await mailroutes.first(resolver, target)
    console.journal(Noted(f"probing {target}"))
    errand = errand_for(settings, target, seconds)
    found = await probing.probe(target, errand, probing.Inquiry(resolver, domain))
    host = target.host.lower()
    known = console.demands.get(host, Demands())
    policy = found.sts.policy if found.sts is not None else known.sts
    console.demands[host] = Demands(found.tlsa or known.tlsa, policy)
    console.journal(Noted(f"probed {target}: {found.outcome.name}, {found.outcome.sentence}"))
    title, *told = lines(found)
    next = (f"/connect {written(target)}",) if found.visit.failure is None else ()
    console.front.show(Answer(title, tuple(told), next))
