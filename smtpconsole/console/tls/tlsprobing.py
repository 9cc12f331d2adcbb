"""What `/tls` and `/smuggling` do with connections of their own.

The session at hand stays as it is.  What is found is told as it comes, as remarks in the
transcript; the answer comes at the end.  `/tls stop` ends a probe, and what was found by then
is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import replace
from typing import Any, TypeVar

from smtpconsole.console import ways
from smtpconsole.console.agreeing import agrees
from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.configuring import profiles
from smtpconsole.console.console import Console
from smtpconsole.console.sessions.inspection import Inspection
from smtpconsole.console.targets import parse_target, written
from smtpconsole.console.tls import tlsreport
from smtpconsole.net import injection as injecting
from smtpconsole.net import knocking, scan, smuggling
from smtpconsole.net.policy import TlsPolicy
from smtpconsole.smtp.events import Noted, Target
from smtpconsole.smtp.facts import TlsFacts
from smtpconsole.smtp.targets import IMPLICIT_TLS_PORT, port_of

T = TypeVar("T")

_running: dict[int, asyncio.Task[None]] = {}  # the probe of each console


# --- running and stopping ---------------------------------------------------------------------


async def run(console: Console, probe: Coroutine[Any, Any, None]) -> None:
    """Hold a probe to its end, or until somebody stops it."""
    if id(console) in _running:
        probe.close()
        raise ConsoleError("a probe is under way", next=("/tls stop",))
    task = asyncio.ensure_future(_wrapped(probe))
    _running[id(console)] = task
    try:
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()
    finally:
        del _running[id(console)]
        task.cancel()


async def _wrapped(probe: Coroutine[Any, Any, None]) -> None:
    try:
        await probe
    except knocking.Unwelcome as error:
        raise ConsoleError(str(error), "it was left in peace then") from error
    except scan.Unfit as error:
        raise ConsoleError(str(error)) from error


async def stop(console: Console) -> None:
    """Stop the probe that is under way."""
    task = _running.get(id(console))
    if task is None:
        raise ConsoleError("no probe is under way")
    task.cancel()


async def _told(
    console: Console,
    findings: AsyncIterator[T],
    shown: Callable[[T], str],
    answer: Callable[[list[T], str], Answer],
) -> None:
    """Tell each finding as it comes, and give the answer whatever ends it."""
    found: list[T] = []
    ended = "broken off"
    try:
        async for each in findings:
            found.append(each)
            console.journal(Noted(shown(each)))
        ended = ""
    except asyncio.CancelledError:
        ended = "stopped"
        raise
    except (knocking.Unwelcome, ConnectionError, TimeoutError) as error:
        ended = f"ended early: {error}"
        if not found:
            raise
    finally:
        if found or not ended:
            console.front.show(answer(found, ended))


def _target(seen: Inspection) -> Target:
    assert seen.target is not None
    return seen.target


def _policy(console: Console) -> TlsPolicy:
    """That of the settings, but a certificate ends nothing, and no session is resumed."""
    return replace(ways.policy(console.settings), strict=False, sessions=None)


def _name(console: Console) -> bytes:
    return console.settings.name.encode("ascii")


def _must_be_owned(target: Target, is_owned: bool, line: str) -> None:
    if not is_owned and not knocking.is_loopback(target.host):
        raise ConsoleError(
            f"this is for servers of your own, and {target.host} is not this machine",
            "if it is yours, say so",
            next=(f"{line} --i-own-this",),
        )


# --- scan -------------------------------------------------------------------------------------


async def scanned(console: Console, seen: Inspection) -> None:
    """Which versions, suites and groups the server takes."""
    target = _target(seen)
    work = scan.Scan(
        target,
        _name(console),
        console.settings.timeout,
        server_name=console.settings.servername or None,
        route=ways.route(console.settings, target),
        pause=0.0 if knocking.is_loopback(target.host) else scan.PAUSE,
    )
    console.journal(Noted(f"scanning the TLS of {target}; /tls stop stops it"))

    def answer(found: list[scan.Finding], ended: str) -> Answer:
        lines = list(_scan_lines(found))
        lines += ["", f"{work.connections} connections; not seen:"]
        lines += [f"  {each}" for each in scan.BLIND]
        title = f"TLS that {target} takes"
        return Answer(f"{title} ({ended})" if ended else title, tuple(lines))

    await _told(console, work.run(), _finding, answer)


def _finding(found: scan.Finding) -> str:
    name = tlsreport.shown_version(found.name) if found.kind == "version" else found.name
    told = "taken" if found.is_taken else "not taken"
    return f"{found.kind} {name}: {told}" + (f" ({found.text})" if found.text else "")


def _scan_lines(found: list[scan.Finding]) -> list[str]:
    lines: list[str] = []
    kinds = {"version": "versions", "suite": "suites, in its order", "group": "groups"}
    for kind, title in kinds.items():
        own = [each for each in found if each.kind == kind]
        if own:
            lines += ["", title] if lines else [title]
        for each in own:
            name = tlsreport.shown_version(each.name) if kind == "version" else each.name
            sign = "yes" if each.is_taken else "no "
            lines.append(f"  {sign}  {name:<31} {each.text}".rstrip())
    return lines


# --- compare ----------------------------------------------------------------------------------


async def compared(console: Console, seen: Inspection, other: str) -> None:
    """The certificates with and without SNI, or of two ports."""
    target = _target(seen)
    sides: list[tuple[str, Target, str | None]]
    if other:
        second = _other(target, other)
        sides = [(written(target), target, None), (written(second), second, None)]
    else:
        name = console.settings.servername or target.host
        sides = [(f"with the name {name}", target, None), ("without a name", target, "")]
    found = []
    for title, each, sni in sides:
        facts = await knocking.knock(
            each,
            replace(_policy(console), sni=sni),
            name=_name(console),
            timeout=console.settings.timeout,
            route=ways.route(console.settings, each),
        )
        found.append((title, facts))
    lines = [line for title, facts in found for line in _side(title, facts)]
    title = _difference(found[0][1], found[1][1])
    console.front.show(Answer(title, tuple(lines)))


def _other(target: Target, other: str) -> Target:
    if (port := port_of(other)) is not None:
        return Target(target.host, port, implicit_tls=port == IMPLICIT_TLS_PORT)
    return parse_target(other)


def _side(title: str, facts: TlsFacts) -> list[str]:
    if facts.failure:
        alert = f": {facts.alert}" if facts.alert else ""
        return [title, f"  no TLS: {facts.failure.replace('-', ' ')}{alert}"]
    lines = [title, f"  {tlsreport.headline(facts)}"]
    for depth, each in enumerate(facts.chain):
        lines.append(f"  {depth} {each.subject}, {each.key}, until {each.not_after:%Y-%m-%d}")
        if depth == 0:
            lines.append(f"    {each.sha256}")
    codes = ", ".join(dict.fromkeys(one.code for one in facts.errors))
    return [*lines, f"  ! {codes}"] if codes else lines


def _difference(one: TlsFacts, two: TlsFacts) -> str:
    if one.failure or two.failure:
        return "one of the two has no TLS" if not (one.failure and two.failure) else "no TLS"
    ders = [[each.der for each in facts.chain] for facts in (one, two)]
    if ders[0] == ders[1]:
        return "the same certificates"
    if ders[0][:1] == ders[1][:1]:
        return "the same certificate, with another chain"
    return "different certificates"


# --- probes for servers of one's own ----------------------------------------------------------


async def injection(console: Console, seen: Inspection, *, is_owned: bool) -> None:
    """A NOOP behind STARTTLS."""
    profiles.must_be_free(console, "/tls injection")
    target = _target(seen)
    if target.implicit_tls:
        raise ConsoleError(
            "TLS comes first here: there is no STARTTLS to slip a command behind",
            next=(f"/connect smtp://{replace(target, implicit_tls=False, port=587)}",),
        )
    _must_be_owned(target, is_owned, "/tls injection")
    found = await injecting.probe(
        target,
        _policy(console),
        name=_name(console),
        timeout=console.settings.timeout,
        route=ways.route(console.settings, target),
    )
    is_bad = found.outcome == "obeyed"
    title = f"a command behind STARTTLS is {found.outcome}"
    if found.outcome == "unclear":
        title = "what becomes of a command behind STARTTLS is unclear"
    elif is_bad:
        title = "VULNERABLE: a command behind STARTTLS is obeyed under TLS"
    lines = (found.text, f"this proves: {found.proves}")
    console.journal(Noted(title))
    console.front.show(Answer(title, lines, is_trouble=is_bad))


async def endings(console: Console, target: Target, recipient: str, *, is_owned: bool) -> None:
    """One message for each sequence that might be taken for the end of one."""
    profiles.must_be_free(console, "/smuggling")
    _must_be_owned(target, is_owned, f"/smuggling {recipient}")
    count = len(smuggling.SEQUENCES)
    question = (
        f"{count} messages, with a subject that begins with end of data, go to {recipient} at "
        f"{target}. Go on?"
    )
    if not await agrees(console.front, question):
        raise ConsoleError("nothing was sent")
    probe = smuggling.Probe(
        target,
        _policy(console),
        sender=console.sender.encode(),
        recipient=recipient.encode(),
        name=_name(console),
        timeout=console.settings.timeout,
        patience=smuggling.PATIENCE,
        route=ways.route(console.settings, target),
    )

    def told(found: list[smuggling.Ending], ended: str) -> Answer:
        taken = [each.sequence for each in found if each.outcome == "taken"]
        title = "only CR LF . CR LF ends a message here"
        if taken:
            title = f"VULNERABLE: {len(taken)} of {len(found)} false ends are taken for one"
        elif any(each.outcome == "unclear" for each in found) or ended:
            title = "no false end was taken, as far as it went"
        lines = [f"{each.sequence:<20} {each.outcome:<10} {each.text}" for each in found]
        lines += ["", "this proves what this server takes for an end; not what it passes on"]
        if ended:
            lines.append(ended)
        return Answer(title, tuple(lines), is_trouble=bool(taken))

    await _told(
        console, probe.run(), lambda each: f"{each.sequence}: {each.outcome}, {each.text}", told
    )
