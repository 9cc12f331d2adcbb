"""/profile"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Annotated, Any

from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.arguments import TEXT, Kind, choice
from smtpconsole.console.commands import command
from smtpconsole.console.configuring import profiles, writing
from smtpconsole.console.configuring.guard import FOREIGN, RAW
from smtpconsole.console.console import Console
from smtpconsole.console.ways import WAYS


def _names(console: Console, before: Sequence[str], word: str) -> Iterable[str]:
    return (name for name in profiles.names() if name.startswith(word))


def _forbidden(console: Console, word: str) -> Iterable[str]:
    front, comma, last = word.rpartition(",")
    known = ("DATA", RAW, FOREIGN, "AUTH", "VRFY", "EXPN", "ETRN")
    return (f"{front}{comma}{each}" for each in known if each.lower().startswith(last.lower()))


ACTION = choice("list", "use", "show", "save", "leave")
PROFILE = Kind("NAME", complete_after=_names)
FORBID = Kind("WORD,WORD", complete=_forbidden)


@command
async def profile(
    console: Console,
    action: Annotated[str, ACTION] = "list",
    name: Annotated[str, PROFILE] = "",
    *,
    forbid: Annotated[str, FORBID] = "",
    domains: Annotated[str, TEXT] = "",
    about: Annotated[str, TEXT] = "",
    password_command: Annotated[str, TEXT] = "",
) -> None:
    """Servers by name: list them, use one, show or save it.

    /profile                      those there are; /connect NAME and every TARGET know them, too
    /profile use NAME             connect to it: its settings and rules hold there
    /profile show NAME            what it is, and what it forbids
    /profile save NAME            the server here, who logs in, and what was set for it
    /profile leave                its rules hold no longer; the connection is closed

    With save, --forbid DATA,foreign-recipients says what is not said there, and --domains
    example.org,example.net where recipients may be; --about is a sentence, --password-command
    "pass show mail" a program that prints the password.  Passwords themselves are not kept.
    """
    if action == "list":
        console.front.show(_list())
    elif action == "leave":
        await _leave(console)
    elif not name:
        raise ConsoleError("which profile?", f"there are {', '.join(profiles.names()) or 'none'}")
    elif action == "use":
        found = profiles.target(name)
        if found is None:
            profiles.find(name)  # which tells
        assert found is not None
        await console.connect(found)
    elif action == "show":
        console.front.show(_shown(profiles.find(name)))
    else:
        given = {"about": about, "password-command": password_command}
        _save(console, name, given, _listed(forbid), _listed(domains))


def _list() -> Answer:
    rows = []
    for name in profiles.names():
        try:
            found = profiles.find(name)
        except ConsoleError as error:
            rows.append((name, "!", "; ".join((error.text, *error.hints))))
        else:
            told = [found.about, f"forbids {', '.join(found.forbid)}" if found.forbid else ""]
            rows.append((name, found.target.written, "; ".join(filter(None, told))))
    if not rows:
        line = "/profile save NAME"
        return Answer("no profiles yet", (f"{line} makes one of the server that is connected",))
    widths = [max(len(row[at]) for row in rows) for at in (0, 1)]
    lines = [f"{one:{widths[0]}}  {two:{widths[1]}}  {three}".rstrip() for one, two, three in rows]
    return Answer("profiles", tuple(lines), (f"/profile use {rows[0][0]}",))


def _shown(found: profiles.Profile) -> Answer:
    source = found.source
    places = {
        "the program " + source.command: bool(source.command),
        "the variable " + source.variable: bool(source.variable),
        "netrc": source.from_netrc,
        "the keyring": source.from_keyring,
    }
    where = next((place for place, is_so in places.items() if is_so), "asked for")
    rows = [
        f"target    {found.target.written}",
        f"user      {found.target.user or '-'}",
        f"password  {where}",
        *(f"{name:8}  {_value(value)}" for name, value in found.settings.items()),
        f"forbids   {', '.join(found.forbid) or 'nothing'}",
    ]
    if found.domains:
        rows.append(f"domains   {', '.join(found.domains)}: recipients there only")
    title = f"{found.name}: {found.about}" if found.about else found.name
    return Answer(title, (*rows, f"in        {profiles.file()}"), (f"/profile use {found.name}",))


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _save(
    console: Console, name: str, given: dict[str, str], forbid: list[str], domains: list[str]
) -> None:
    target, before = console.target, console.profile
    if target is None:
        raise ConsoleError("there is no server to save", "connect to one first")
    session = console.connection.session if console.connection is not None else None
    user = (session.identity if session is not None else "") or target.user
    if before is not None and not forbid:  # its rules are not lost by another name
        forbid, domains = list(before.forbid), domains or list(before.domains)
    table: dict[str, Any] = {"target": replace(target, user="").written, "user": user}
    table |= {**given, "forbid": forbid, "domains": domains, "settings": _own(console)}
    table = {key: value for key, value in table.items() if value}
    profiles.judge(name, table)
    path = writing.save_profile(name, table)
    found = _shown(profiles.find(name))
    console.front.show(Answer(f"{name} is kept in {path}", found.lines, found.next))


def _own(console: Console) -> dict[str, Any]:
    """What was said of how to connect to this server alone."""
    here, all_others = console.how, console.settings
    return {
        way.name: getattr(here, way.field)
        for way in WAYS.values()
        if getattr(here, way.field) != getattr(all_others, way.field) and not way.kind.hides
    }


async def _leave(console: Console) -> None:
    if console.profile is None:
        raise ConsoleError("no profile is in use", next=("/profile",))
    name = console.profile.name
    await console.disconnect()
    console.profile = None
    console.target = None
    console.front.show(Answer(f"the profile {name} is left, and its connection closed"))


def _listed(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]
