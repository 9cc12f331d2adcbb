"""Servers by name: where they are, who logs in, their settings, and what is forbidden there.

A profile is a table `[profile.NAME]` of the file; its name is a TARGET wherever one is taken.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smtpconsole.console import paths
from smtpconsole.console.answers import ConsoleError, nearest
from smtpconsole.console.configuring import configuration
from smtpconsole.console.configuring.configuration import Document
from smtpconsole.console.configuring.guard import FOREIGN, RAW, Guard
from smtpconsole.console.login.passwords import Source
from smtpconsole.console.settings import SETTINGS, Settings
from smtpconsole.smtp.targets import Target

if TYPE_CHECKING:
    from smtpconsole.console.console import Console

KEYS: dict[str, tuple[str, str]] = {  # type, sentence
    "target": ("text", "the server, in any form that /connect takes"),
    "user": ("text", "who logs in"),
    "about": ("text", "a sentence that says what it is for"),
    "password": ("text", "where the password comes from: prompt, netrc or keyring"),
    "password-command": ("text", "a program that prints the password, as `pass show mail`"),
    "password-env": ("text", "a variable of the environment that holds the password"),
    "forbid": ("list", f"what is not said there: verbs, {RAW}, {FOREIGN}"),
    "domains": ("list", "where recipients may be, if foreign ones are forbidden"),
    "settings": ("table", "settings for this server alone"),
}
SOURCES = ("prompt", "netrc", "keyring")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
_WORD = re.compile(r"(?:(?P<user>[^\s/]+)@)?(?P<name>[A-Za-z][A-Za-z0-9_-]{0,62})")
_DOMAIN = re.compile(r"@?[^\s@<>,]+")


@dataclass(frozen=True, slots=True)
class Profile:
    """A server by name."""

    name: str
    target: Target
    about: str = ""
    source: Source = field(default_factory=Source)
    settings: Mapping[str, Any] = field(default_factory=dict)  # by field
    forbid: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()

    def guard(self) -> Guard | None:
        """What holds on a connection there; None where nothing is forbidden."""
        return Guard.of(self.name, self.forbid, self.domains) if self.forbid else None


# --- reading ----------------------------------------------------------------------------------


def names(document: Document | None = None) -> list[str]:
    """The profiles there are, with mistakes or without."""
    document = document if document is not None else configuration.read()
    return [str(name) for name in document.table("profile")]


def find(name: str) -> Profile:
    """The profile of that name; ConsoleError if there is none, or if it has mistakes."""
    document = configuration.read()
    known = names(document)
    if name not in known:
        if document.is_broken:
            raise ConsoleError(*_broken(document))
        near = nearest(name, known)
        hint = f"nearest is {near}" if near else "/profile save NAME makes one of the server here"
        raise ConsoleError(f"there is no profile {name!r}", hint)
    before = len(document.problems)
    profile = of(document, name)
    mistakes = document.problems[before:]
    if mistakes or profile is None:
        raise ConsoleError(
            f"the profile {name} has a mistake, and is not used before it is mended",
            *map(str, mistakes),
        )
    return profile


def target(word: str) -> Target | None:
    """The target that a profile's name stands for, perhaps with a user in front; None if none."""
    from smtpconsole.console.targets import user_of

    found = _WORD.fullmatch(word)
    if found is None:
        return None
    document = configuration.read()
    if document.is_broken and _is_mentioned(document, found["name"]):
        raise ConsoleError(*_broken(document))
    if found["name"] not in names(document):
        return None
    where = replace(find(found["name"]).target, profile=word)
    return replace(where, user=user_of(found["user"])) if found["user"] else where


def _is_mentioned(document: Document, name: str) -> bool:
    """A file that cannot be read may have this profile: its rules must not be lost for that."""
    return bool(re.search(rf"profile\s*\.\s*[\"']?{re.escape(name)}\b", document.text))


def _broken(document: Document) -> tuple[str, str]:
    return "the file of profiles has a mistake", str(document.problems[0])


def check(document: Document) -> None:
    """Note every mistake in every profile."""
    for name in names(document):
        of(document, name)


def of(document: Document, name: str) -> Profile | None:
    """A profile of the document, whose mistakes are noted there; None if it has no target."""
    at = ("profile", name)
    table = document.table("profile")[name]
    if not isinstance(table, dict):
        document.complain(at, f"profile {name} must be a table", f"write [profile.{name}]")
        return None
    if not NAME.fullmatch(name):
        document.complain(at, f"{name!r} is no name", "letters, digits, - and _, a letter first")
    given = _known(document, at, table)
    where = _target(document, at, given)
    forbid, domains = _forbidden(document, at, given)
    own = _settings(document, (*at, "settings"), given.get("settings", {}))
    if where is None:
        return None
    source = _source(document, at, given)
    return Profile(name, where, given.get("about", ""), source, own, forbid, domains)


def judge(name: str, table: Mapping[str, Any]) -> None:
    """ConsoleError, with all that is wrong, if this would be no profile."""
    document = Document(paths.config_file(), tables={"profile": {name: dict(table)}})
    of(document, name)
    if document.problems:
        first, *others = document.problems
        raise ConsoleError(first.text, first.remedy, *(each.text for each in others))


def _known(document: Document, at: tuple[str, ...], table: Mapping[str, Any]) -> dict[str, Any]:
    """The keys that are known and of their type."""
    types = {"text": str, "list": list, "table": dict}
    wants = {"text": '"..."', "list": '["...", "..."]', "table": "{ NAME = VALUE }"}
    given: dict[str, Any] = {}
    for key, value in table.items():
        name = key.replace("_", "-")
        if name not in KEYS:
            near = nearest(name, KEYS)
            is_setting = name in SETTINGS
            remedy = f"nearest is {near}" if near else f"there are {', '.join(KEYS)}"
            if is_setting:
                remedy = f"settings stand below [{'.'.join((*at, 'settings'))}]"
            document.complain((*at, key), f"a profile has no {key}", remedy)
            continue
        kind = KEYS[name][0]
        is_fit = isinstance(value, types[kind])
        if kind == "list" and is_fit:
            is_fit = all(isinstance(each, str) for each in value)
        if is_fit:
            given[name] = value
        else:
            document.complain((*at, key), f"{key} wants a {kind}", f"write {key} = {wants[kind]}")
    return given


def _target(document: Document, at: tuple[str, ...], given: Mapping[str, Any]) -> Target | None:
    from smtpconsole.console.targets import parse_server

    if "target" not in given:
        document.complain(at, "a profile needs a target", 'write target = "mail.example.com:587"')
        return None
    try:
        found = parse_server(given["target"])
    except ConsoleError as error:
        remedy = "; ".join(error.hints) or "see /help connect"
        document.complain((*at, "target"), error.text, remedy)
        return None
    return replace(found, user=given.get("user", found.user))


def _forbidden(
    document: Document, at: tuple[str, ...], given: Mapping[str, Any]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    from smtpconsole import knowledge

    words = {each.name: each.name for each in knowledge.verbs()} | {RAW: RAW, FOREIGN: FOREIGN}
    known = {each.lower(): each for each in words}
    forbid = []
    for word in given.get("forbid", ()):
        if word.lower() in known:
            forbid.append(known[word.lower()])
            continue
        near = nearest(word, words)
        remedy = f"nearest is {near}" if near else f"name verbs, {RAW} or {FOREIGN}"
        document.complain((*at, "forbid"), f"{word!r} cannot be forbidden", remedy)
    domains = tuple(given.get("domains", ()))
    for each in domains:
        if not _DOMAIN.fullmatch(each):
            document.complain((*at, "domains"), f"{each!r} is no domain", 'write "example.org"')
    if FOREIGN in forbid and not domains:
        remedy = 'write domains = ["example.org"]'
        document.complain((*at, "forbid"), f"{FOREIGN} needs to know what is not foreign", remedy)
    if domains and FOREIGN not in forbid:
        remedy = f'write forbid = ["{FOREIGN}"]'
        document.complain((*at, "domains"), f"domains mean nothing without {FOREIGN}", remedy)
    return tuple(forbid), domains


def _source(document: Document, at: tuple[str, ...], given: Mapping[str, Any]) -> Source:
    word = given.get("password", "prompt")
    if word not in SOURCES:  # it may be one: it is not shown
        remedy = f"password says where it comes from: {', '.join(SOURCES)}, or password-command"
        document.complain((*at, "password"), "a password has no place in this file", remedy)
    source = Source(
        command=given.get("password-command", ""),
        variable=given.get("password-env", ""),
        from_netrc=word == "netrc",
        from_keyring=word == "keyring",
    )
    try:
        source.check()
    except ConsoleError as error:
        document.complain((*at, "password"), error.text, "take the others away")
    return source


def _settings(document: Document, at: tuple[str, ...], table: Any) -> dict[str, Any]:
    settings = Settings()
    configuration.apply(document, table, at, settings)
    return {name: getattr(settings, name) for name in settings.origins}


# --- using ------------------------------------------------------------------------------------


def entered(console: Console, where: Target) -> Profile | None:
    """The profile that holds for a server somebody connects to.

    One that was used goes on to hold for the same host, so that no hint leads around it; another
    host or /profile leave ends it.
    """
    if where.profile:
        return find(where.profile.rpartition("@")[2])
    before = console.profile
    if before is not None and (where.host, where.path, where.command) == (
        before.target.host,
        before.target.path,
        before.target.command,
    ):
        return find(before.name)
    return None


def must_be_free(console: Console, what: str) -> None:
    """ConsoleError where a profile forbids anything: for what speaks on connections of its own."""
    profile = console.profile
    if profile is not None and profile.forbid:
        raise ConsoleError(
            f"{what} is not for the profile {profile.name}, which forbids"
            f" {', '.join(profile.forbid)}",
            next=(f"/profile show {profile.name}",),
        )


def file() -> Path:
    """Where profiles are kept."""
    return paths.config_file()
