"""/caps"""

from __future__ import annotations

from collections.abc import Iterator

from smtpconsole import knowledge
from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.smtp.capabilities import Capabilities
from smtpconsole.smtp.events import Dialling, Learned
from smtpconsole.visible import visible


@command
async def caps(console: Console) -> None:
    """Show what the server offers, in the clear and under TLS, and what each of it is."""
    plain, secure = _told(console)
    if plain is None and secure is None:
        raise ConsoleError(
            "the server has not told yet what it offers", next=(f"EHLO {console.settings.name}",)
        )
    rows = tuple(_rows(plain, secure))
    host = (secure or plain or Capabilities()).greeting
    told = "as told under TLS and before it" if plain and secure else "as told last"
    console.front.show(Answer(f"{visible(host) or 'the server'} offers, {told}", rows, ("?AUTH",)))


def _told(console: Console) -> tuple[Capabilities | None, Capabilities | None]:
    plain = secure = None
    for entry in console.journal.since(0, Dialling, Learned):
        match entry.event:
            case Dialling():
                plain = secure = None
            case Learned(known) if entry.is_secure:
                secure = known
            case Learned(known):
                plain = known
    return plain, secure


def _rows(plain: Capabilities | None, secure: Capabilities | None) -> Iterator[str]:
    words = {each.name: each for known in (plain, secure) for each in known or ()}
    width = max((len(f"{each.name} {each.parameters}") for each in words.values()), default=0)
    for name, word in words.items():
        where = ""
        if plain is not None and secure is not None:
            where = "only in the clear" if name not in secure else ""
            where = where or ("only under TLS" if name not in plain else "")
        text = f"{name} {word.parameters}".strip()
        found = knowledge.keyword(name)
        sentence = knowledge.describe(name, word.parameters) if found is not None else "unknown"
        yield f"{text:<{min(width, 40)}}  {where + ': ' if where else ''}{sentence}"
