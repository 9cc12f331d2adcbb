"""Faults of the sandbox as a person asks for them, and what is told of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.arguments import Kind

if TYPE_CHECKING:
    from smtpconsole.console.console import Console
    from smtpconsole.sandbox.faults import Fault

GROUPS = {
    "greeting": "the greeting",
    "lines": "lines and octets",
    "replies": "replies too many, too few, too odd",
    "tls": "STARTTLS and TLS",
    "auth": "logging in",
    "transaction": "the message",
    "connection": "the connection",
}
_MOMENTS = {
    "address": "before a client has connected",
    "connect": "when a client has connected",
    "greeting": "at the greeting",
    "offer": "in what EHLO offers",
    "challenge": "at a challenge of AUTH",
    "content": "while the message comes",
    "end": "at the reply to the end of the message",
    "tls": "when the client begins to shake hands",
    "context": "in how TLS is spoken",
    "EHLO-TLS": "at the reply to EHLO under TLS",
    "*": "at every reply",
}


def parsed(text: str) -> Fault:
    """The fault that is written so; ConsoleError names what is near."""
    from smtpconsole.sandbox import faults

    try:
        return faults.parsed(text)
    except faults.FaultError as error:
        raise ConsoleError(str(error), next=("/fault",)) from error


def _several(text: str) -> tuple[Fault, ...]:
    return tuple(parsed(each) for each in text.split(",") if each.strip())


def complete(console: Console, word: str) -> Iterable[str]:
    """Names of faults that begin, or whose part behind a dash begins, with the word."""
    from smtpconsole.sandbox import faults

    before, comma, last = word.rpartition(",")
    names = list(faults.known())
    found = [name for name in names if name.startswith(last)]
    found += [name for name in names if last and f"-{last}" in name and name not in found]
    return [f"{before}{comma}{name}" for name in found]


FAULTS = Kind("FAULT", _several, complete)


def moment(fault: Fault) -> str:
    """When it applies, in words."""
    places = [_MOMENTS.get(each, f"at the reply to {each}") for each in fault.at]
    words = ", ".join(places)
    if fault.nth:
        words += f", the {_ordinal(fault.nth)} time only"
    if fault.chance < 100:
        words += f", in {fault.chance:g} of 100 cases"
    return words


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if number % 100 in (11, 12, 13) else ending}"


def is_for_the_next(fault: Fault) -> bool:
    """A connection that there is already has its moment behind it."""
    return not {"address", "connect", "greeting"}.isdisjoint(fault.at)


def rows(console: Console, group: str = "") -> Iterator[str]:
    """All faults by group, those that are on with a mark."""
    from smtpconsole.sandbox import faults

    on = {fault.name for fault in console.sandbox.faults.on} if console.sandbox else set()
    for name, title in GROUPS.items():
        if group in ("", name):
            yield f"{name}: {title}"
            for fault in faults.known().values():
                if fault.group == name:
                    state = "on" if fault.name in on else ""
                    yield f"  {state:2} {fault.name:24} {fault.title} {fault.id}"
