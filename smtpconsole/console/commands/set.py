"""/set"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated

from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.arguments import Kind
from smtpconsole.console.commands import command
from smtpconsole.console.configuring import writing
from smtpconsole.console.console import Console
from smtpconsole.console.scripting import variables
from smtpconsole.console.settings import SETTINGS, entry_of
from smtpconsole.console.targets import password_of
from smtpconsole.console.ways import WAYS


def _names(console: Console, word: str) -> Iterable[str]:
    return (each for each in SETTINGS if each.startswith(word))


def _values(console: Console, before: Sequence[str], word: str) -> Iterable[str]:
    entry = SETTINGS.get(before[0]) if before else None
    return entry.kind.completed(console, before, word) if entry is not None else ()


def _read_setting(name: str) -> str:
    return name if variables.is_variable(name) else entry_of(name).name


SETTING = Kind("SETTING", _read_setting, _names)


def _secret_value(before: Sequence[str], word: str) -> str:
    """The value of a variable that is not to be shown."""
    name = before[0] if before else ""
    is_hidden = len(before) == 1 and variables.is_variable(name) and variables.is_secret(name)
    return word if is_hidden else ""


VALUE = Kind("VALUE", hides=password_of, hides_after=_secret_value, complete_after=_values)


@command
async def set_(
    console: Console,
    name: Annotated[str, SETTING] = "",
    value: Annotated[str | None, VALUE] = None,
    *,
    save: bool = False,
    default: bool = False,
) -> None:
    """Show the settings, explain one, or change it.

    /set                     all of them, and where each value comes from
    /set timeout             what it is for, what it takes
    /set timeout 10s         for this session
    /set timeout 10s --save  for those to come, too; alone, --save keeps the value there is
    /set timeout --default   as if nothing had been said; with --save also in the file
    /set TO bob@example.com  a variable, for $TO in commands and scripts; alone its name asks,
                             unseen where it speaks of a password or the like
    """
    if variables.is_variable(name):
        await _set_variable(console, name, value)
        return
    if not name:
        if save or default:
            raise ConsoleError("which setting?", "/set timeout 10s --save")
        console.front.show(_all(console))
        return
    if default:
        console.settings.reset(name)
    elif value is not None:
        console.settings.set(name, value)
    if save:
        keep = writing.save_setting
        path = writing.forget_setting(name) if default else keep(console.settings, name)
        console.front.show(_told(console, name, f"{name} is kept in {path}"))
    elif default or value is not None:
        console.front.show(_told(console, name, f"{name} is set"))
    else:
        console.front.show(_explained(console, name))


async def _set_variable(console: Console, name: str, value: str | None) -> None:
    if value is None:
        value = await console.front.ask(f"{name}:", secret=variables.is_secret(name))
    console.variables.set(name, value)
    console.front.show(Answer(f"${name} is set", console.variables.shown()))


def _all(console: Console) -> Answer:
    settings = console.settings
    width = max(map(len, SETTINGS))
    rows = [
        f"{name:{width}}  {console.settings.shown(name):<20}  {entry.sentence}"
        for name, entry in SETTINGS.items()
    ]
    rows += ["", *_elsewhere(console)]
    rows += [f"${row}" for row in console.variables.shown()]
    named = [
        f"{name}: {settings.origin(name)}"
        for name in SETTINGS
        if settings.origin(name) != "default"
    ]
    return Answer("settings", tuple(rows + (["from  " + ", ".join(named)] if named else [])))


def _elsewhere(console: Console) -> list[str]:
    """What a profile or options of /connect say of the server here."""
    here = [name for name in WAYS if console.how.shown(name) != console.settings.shown(name)]
    if not here:
        return []
    told = ", ".join(f"{name} {console.how.shown(name)}" for name in here)
    return [f"for {console.target} alone: {told}"]


def _told(console: Console, name: str, title: str) -> Answer:
    row = f"{name}  {console.settings.shown(name):<20}  {SETTINGS[name].sentence}"
    return Answer(title, (row, *_elsewhere(console)))


def _explained(console: Console, name: str) -> Answer:
    entry = SETTINGS[name]
    unit = f", in {entry.unit}" if entry.unit else ""
    origin = console.settings.origin(name)
    rows = (
        f"value    {console.settings.shown(name)}   ({origin})",
        f"takes    {entry.kind.name}, {entry.type}{unit}",
        f"default  {entry.default or '-'}",
        f"or       {entry.variable} in the environment; {name} = ... below [settings]",
        *_elsewhere(console),
    )
    is_changed = origin != "default"
    next = (f"/set {name} --save", f"/set {name} --default") if is_changed else ()
    return Answer(f"{name}: {entry.sentence}", rows, next)
