"""Explanations as answers: the same lines in the application, the line mode and the shell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from smtpconsole import knowledge
from smtpconsole.console.answers import Answer, ConsoleError

if TYPE_CHECKING:
    from smtpconsole.console.console import Console

_HOST, _NAME = "mail.example.com", "me.example"
_DOMAIN = re.compile(r"(?<=[ /])example\.com\b")
_SENDER, _RECIPIENT = f"me@{_NAME}", "postmaster@example.com"


def lines(found: knowledge.Explanation) -> Iterator[str]:
    """An explanation as lines: what it means, what to do, why, and where it is written."""
    yield found.text
    if found.now:
        yield f"Now: {found.now}"
    yield from (f"- {cause}" for cause in found.causes)
    yield from (f"{server}: {told}" for server, told in found.servers)
    if found.rfc:
        yield found.rfc


def answer(found: knowledge.Explanation) -> Answer:
    """An explanation as an answer, with the lines of the example to type."""
    return Answer(found.title, tuple(lines(found)), found.next, lead=lead(found))


def lead(found: knowledge.Explanation) -> int:
    """After what it means and what to do now, one wants to do it."""
    return 2 if found.now else 1


def unknown(words: str) -> ConsoleError:
    """What to say where nothing is known: what is written much like it."""
    near = knowledge.nearest(words)
    hint = f"nearest is {', '.join(near)}" if near else "known are codes, verbs, keywords, remarks"
    return ConsoleError(
        f"nothing is known of {words[:80]!r}",
        hint,
        next=tuple(f"?{name}" for name in near) or ("?550 5.7.1",),
    )


def here(console: Console, suggested: tuple[str, ...]) -> tuple[str, ...]:
    """The suggested lines for the server, the names and the people at hand."""
    return tuple(_here(console, line) for line in suggested)


def at_hand(console: Console, told: Answer) -> Answer:
    """An answer whose lines to type are for the server, the names and the people at hand."""
    return replace(told, next=here(console, told.next))


def _here(console: Console, line: str) -> str:
    if line.startswith("/"):
        return _DOMAIN.sub(_domain(console), _at_server(console, line))
    line = line.replace(_RECIPIENT, console.recipient).replace(_SENDER, console.sender)
    return line.replace(_NAME, console.settings.name)


def _at_server(console: Console, line: str) -> str:
    """A command about the server of the example, about the one at hand."""
    target = console.target
    if target is None:
        return line
    if line == f"/connect {_HOST}" or (target.is_local and _HOST in line):
        return console.connect_line
    return line.replace(_HOST, f"[{target.host}]" if ":" in target.host else target.host)


def _domain(console: Console) -> str:
    """The domain that was spoken of last."""
    return console.addresses_seen[-1].rpartition("@")[2] or "example.com"
