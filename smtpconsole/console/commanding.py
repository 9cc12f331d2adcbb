"""Saying plain commands for the commands of the console."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from smtpconsole.console.answers import ConsoleError
from smtpconsole.smtp import exchanges
from smtpconsole.smtp.commands import command

if TYPE_CHECKING:
    from smtpconsole.console.console import Console

_ATTRIBUTE = re.compile(r"([A-Za-z][A-Za-z0-9_-]*)=(.*)", re.DOTALL)


async def say(console: Console, verb: str, *words: str) -> None:
    """Say a command line and wait for its reply, which the wire shows."""
    console.connected()
    try:
        send = command(verb.encode("ascii"), *(word.encode("utf-8") for word in words if word))
    except (ValueError, UnicodeEncodeError) as error:
        raise ConsoleError(f"nothing was sent: {error}") from error
    await console.run(exchanges.ask(send))


def attributes(words: Sequence[str]) -> dict[str, str | None]:
    """NAME=VALUE words; an empty value is None."""
    found: dict[str, str | None] = {}
    for word in words:
        match = _ATTRIBUTE.fullmatch(word)
        if match is None:
            raise ConsoleError(
                f"nothing was sent: {word!r} is not NAME=VALUE", "as in addr=192.0.2.1"
            )
        found[match[1].lower()] = match[2] or None
    return found
