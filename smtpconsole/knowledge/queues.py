"""What a server calls a message that it has taken, and how to find it in the server's log.

A server that is hostile may call it what it likes: only what a name can consist of is taken for
one, and it is quoted for the shell that a line is for.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from smtpconsole.knowledge.entries import Entry, table

_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3} ")
_LONGEST = 2000  # characters of a reply that are looked at


@dataclass(frozen=True, slots=True)
class Queued:
    """A message by the name that its server gave it."""

    id: str
    server: str  # "" if the words are nobody's in particular
    commands: tuple[str, ...] = ()  # to be copied to the server's shell, as they stand
    note: str = ""


def queued(text: str) -> Queued | None:
    """The name in the reply to a message, without its code; None if there is none to be found."""
    text = text[:_LONGEST]
    for entry, pattern in _patterns():
        found = pattern.search(text) or pattern.search(_ENHANCED.sub("", text, count=1))
        if found is not None:
            name = found["id"]
            return Queued(name, entry["name"], tuple(_commands(entry, name)), entry.get("note", ""))
    return None


def servers() -> tuple[str, ...]:
    """Whose replies are known."""
    return tuple(entry["name"] for entry, _ in _patterns() if entry["name"])


def _commands(entry: Entry, name: str) -> Iterator[str]:
    for line in entry.get("sh", ()):
        yield line.replace("{id}", shlex.quote(name))
    for line in entry.get("powershell", ()):
        yield line.replace("{id}", "'{}'".format(name.replace("'", "''")))


@cache
def _patterns() -> tuple[tuple[Entry, re.Pattern[str]], ...]:
    entries = table("queues")["server"]
    return tuple((entry, re.compile(entry["reply"], re.ASCII)) for entry in entries)
