"""/journal"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Protocol, runtime_checkable

from smtpconsole.console import paths
from smtpconsole.console.agreeing import agrees
from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.arguments import WORDS, Kind, choice
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.console.filenames import path_of
from smtpconsole.transcript import shelf
from smtpconsole.transcript.formats import exported
from smtpconsole.transcript.journal import Journal, NotAJournal
from smtpconsole.transcript.shelf import Kept

_SHOWN = 20


@runtime_checkable
class Viewer(Protocol):
    """A front end that can show another session than the one under way."""

    def view(self, journal: Journal) -> None:
        """Show a recorded session."""


WHICH = Kind(
    "NUMBER|NAME|FILE",
    complete=lambda console, word: (
        name
        for each in shelf.kept(paths.journal_folder())
        if (name := each.name or each.path.stem).startswith(word)
    ),
)


@command
async def journal(
    console: Console,
    action: Annotated[str, choice("list", "open", "name", "delete", "prune")] = "list",
    which: Annotated[str, WHICH] = "",
    name: Annotated[str, WORDS] = "",
) -> None:
    """List the sessions that are kept, open, name or delete one.

    `/journal` lists them, `/journal open 2` shows one, `/journal name 2 the bounce` gives it a
    name (and keeps it from being pruned), `/journal name this the bounce` the session at hand.
    What is older than the setting `journal-days`, and the oldest beyond `journal-size`, is deleted
    when smtpconsole starts, or by `/journal prune`.
    """
    await _ACTIONS[action](console, which, name)


async def _list(console: Console, which: str, name: str) -> None:
    found = shelf.kept(paths.journal_folder())
    settings = console.settings
    lines = [_row(console, number, each) for number, each in enumerate(found[:_SHOWN], 1)]
    if len(found) > _SHOWN:
        lines.append(f"and {len(found) - _SHOWN} older ones")
    lines.append(
        f"in {paths.journal_folder()}; kept for {settings.journal_days:g} days, "
        f"{settings.journal_size:g} MB at most, those with a name for ever"
    )
    kept = "1 session is kept" if len(found) == 1 else f"{len(found)} sessions are kept"
    ways = ("/journal open 1", "/journal name this ") if found else ()
    console.front.show(Answer(kept, tuple(lines), ways))


def _row(console: Console, number: int, each: Kept) -> str:
    when = f"{each.began.astimezone():%Y-%m-%d %H:%M}"
    what = "this session" if _is_own(console, each) else "being written" if each.is_live else ""
    told = (each.name, each.target or "no connection", _size(each.size), what)
    return f"{number:>3}  {when}  {' · '.join(part for part in told if part)}"


def _size(octets: int) -> str:
    if octets < 1_000_000:
        return f"{octets / 1000:.1f} kB"
    return f"{octets / 1_000_000:.1f} MB"


async def _open(console: Console, which: str, name: str) -> None:
    path = _found(which).path if which else None
    if path is None:
        raise ConsoleError("open which?", "/journal lists them", next=("/journal",))
    recorded = await asyncio.to_thread(opened, path)  # a foreign one has no index, and is read
    if isinstance(console.front, Viewer):
        console.front.view(recorded)
        return
    lines = exported(recorded, "text").splitlines()
    console.front.show(Answer(f"{path.name}: {len(lines)} lines", tuple(lines)))


async def _name(console: Console, which: str, name: str) -> None:
    if which in ("this", ""):
        path = console.journal.path
        if path is None or not path.exists():
            raise ConsoleError("this session is not kept in a file")
    else:
        path = _found(which).path
        if _found(which).is_live and path != console.journal.path:
            raise ConsoleError(f"{path.name} is being written by another smtpconsole")
    try:
        new = shelf.renamed(path, name)
    except (ValueError, OSError) as error:
        raise ConsoleError(f"the journal cannot be called {name!r}: {error}") from error
    if path == console.journal.path:
        console.journal.moved(new)
    told = "it is kept until it is deleted" if name else "it has no name any more"
    console.front.show(Answer(f"the journal is {new.name}", (told,)))


async def _delete(console: Console, which: str, name: str) -> None:
    if not which:
        raise ConsoleError("delete which?", "/journal lists them", next=("/journal",))
    each = _found(which)
    if each.is_live:
        own = "it is this session's" if _is_own(console, each) else "another smtpconsole writes it"
        raise ConsoleError(f"{each.path.name} cannot be deleted: {own}")
    what = each.name or each.target or "a session without a connection"
    question = f"Delete the journal of {each.began.astimezone():%Y-%m-%d %H:%M} ({what})?"
    if not await agrees(console.front, question):
        raise ConsoleError("nothing was deleted")
    try:
        each.path.unlink()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConsoleError(f"{each.path} cannot be deleted: {reason}") from error
    console.front.show(Answer(f"{each.path.name} is deleted"))


async def _prune(console: Console, which: str, name: str) -> None:
    settings = console.settings
    gone = shelf.prune(
        paths.journal_folder(), days=settings.journal_days, octets=settings.journal_octets
    )
    console.front.show(Answer(pruned(gone) or "nothing is older or beyond the size that is set"))


def pruned(gone: list[Kept]) -> str:
    """What was deleted, in words; "" for nothing, or nothing but empty ones."""
    count = sum(not each.is_empty for each in gone)
    if not count:
        return ""
    size = _size(sum(each.size for each in gone))
    journals = "1 old journal was" if count == 1 else f"{count} old journals were"
    return f"{journals} deleted ({size}); /set journal-days and journal-size say how much is kept"


def opened(path: Path) -> Journal:
    """A journal from a file; ConsoleError if it cannot be had."""
    try:
        return Journal.open(path)
    except NotAJournal as error:
        raise ConsoleError(str(error), "/journal lists those that are kept") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConsoleError(f"{path} cannot be read: {reason}", "check the path") from error


def _found(which: str) -> Kept:
    found = shelf.find(shelf.kept(paths.journal_folder()), which)
    if found is None and path_of(which).is_file():
        found = shelf.kept_at(path_of(which))
    if found is None:
        raise ConsoleError(f"there is no journal {which!r}", next=("/journal",))
    return found


def _is_own(console: Console, each: Kept) -> bool:
    return each.path == console.journal.path


_ACTIONS = {"list": _list, "open": _open, "name": _name, "delete": _delete, "prune": _prune}
