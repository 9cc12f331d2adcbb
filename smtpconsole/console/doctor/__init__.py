"""What this machine can do for the console, finding by finding, each with its remedy.

A check is a generator under `@check` in a file of this folder; it is given what was asked for.
Those that use the network are under `@online`, and run only if somebody says so.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from smtpconsole import registry

Level = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about this machine."""

    level: Level
    subject: str
    text: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to know beyond this machine."""

    host: str = "smtp.gmail.com"  # it listens on 465 and 587
    exchanger: str = "gmail-smtp-in.l.google.com"  # and this on 25
    timeout: float = 8.0  # seconds for each


Check = Callable[[], Iterator[Finding]]
Online = Callable[[Wish], AsyncIterator[Finding]]

CHECKS: list[Check] = []
ONLINE: list[Online] = []


def check(function: Check) -> Check:
    """Register a check of this machine."""
    CHECKS.append(function)
    return function


def online(function: Online) -> Online:
    """Register a check that uses the network."""
    ONLINE.append(function)
    return function


def examine() -> Iterator[Finding]:
    """Look at this machine; nothing leaves it."""
    for each in CHECKS:
        yield from each()


async def examine_network(wish: Wish) -> AsyncIterator[Finding]:
    """Look at what can be reached from here."""
    for each in ONLINE:
        async for finding in each(wish):
            yield finding


def as_json(findings: list[Finding]) -> dict[str, Any]:
    """The findings for programs."""
    worst = next(
        (level for level in ("fail", "warn") if level in {f.level for f in findings}), "ok"
    )
    return {"outcome": worst, "findings": [asdict(each) for each in findings]}


def lines(findings: list[Finding]) -> Iterator[str]:
    """The findings for people."""
    width = max((len(each.subject) for each in findings), default=0)
    for each in findings:
        yield f"{each.level:4}  {each.subject:{width}}  {each.text}"
        if each.remedy:
            yield f"      {'':{width}}  -> {each.remedy}"


registry.load(__name__, __path__)
