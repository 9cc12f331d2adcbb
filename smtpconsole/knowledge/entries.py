"""The tables, and what is taken from them by name: verbs, mechanisms, RFCs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

Entry = Mapping[str, Any]  # Any: TOML is of any shape; tests/test_knowledge.py holds it to ours

BETWEEN = " · "  # of two references


@dataclass(frozen=True, slots=True)
class Explanation:
    """What something means, why it may have come about, and what to type next."""

    title: str
    text: str
    now: str = ""  # what a client does now
    rfc: str = ""  # "RFC 5321 4.2.2 · RFC 3463 3.8"; "" when no RFC speaks of it
    causes: tuple[str, ...] = ()
    servers: tuple[tuple[str, str], ...] = ()  # who means something of its own by it, and what
    next: tuple[str, ...] = ()  # lines for the console as they stand


@dataclass(frozen=True, slots=True)
class Verb:
    """A command of SMTP, or of a relative or vendor.

    `phases` says where it may be used: "hello" (greeted, EHLO not yet said), "ready" (no
    transaction), "transaction" (MAIL accepted), "recipients" (at least one RCPT accepted).
    """

    name: str
    syntax: str
    sentence: str
    expects: tuple[int, ...]  # the replies that mean "go on"
    rfc: str
    phases: tuple[str, ...]
    refusals: tuple[int, ...] = ()  # listed besides 421, 500 and 501
    timeout: int | None = None  # seconds a client should wait at least (RFC 5321 4.5.3.2)


@dataclass(frozen=True, slots=True)
class Mechanism:
    """A SASL mechanism; `sound` is true when no reusable secret can be read from the wire."""

    name: str
    sentence: str
    exposes: str  # what an eavesdropper learns without TLS
    rfc: str
    sound: bool


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a session stands, and the phase of the verbs that can be said there ("" for none)."""

    explanation: Explanation
    phase: str


@cache
def table(name: str) -> Entry:
    """Give one of the TOML files, parsed; "replies/5" is one in a folder."""
    # Here, so that importing the package stays cheap.
    import pkgutil
    import tomllib

    data = pkgutil.get_data(__package__, f"{name}.toml")  # works out of a zip file, too
    assert data is not None
    return tomllib.loads(data.decode("utf-8"))


def verb(name: str) -> Verb | None:
    """Give what is known of a command, by its verb in any case."""
    name = name.strip().upper()
    entry = table("verbs").get(name)
    return None if entry is None else _verb(name, entry)


@cache
def verbs() -> tuple[Verb, ...]:
    """Give all commands, the common ones first."""
    return tuple(_verb(name, entry) for name, entry in table("verbs").items())


def _verb(name: str, entry: Entry) -> Verb:
    return Verb(
        name=name,
        syntax=entry["syntax"],
        sentence=entry["sentence"],
        expects=tuple(entry["expects"]),
        rfc=entry.get("rfc", ""),
        phases=tuple(entry["phases"]),
        refusals=tuple(entry.get("refusals", ())),
        timeout=entry.get("timeout"),
    )


def mechanism(name: str) -> Mechanism | None:
    """Give what is known of a SASL mechanism, by its name in any case."""
    name = name.strip().upper()
    entry = mechanism_entry(name)
    if entry is None or not name or name.endswith("*"):
        return None
    return Mechanism(
        name=name,
        sentence=entry["sentence"],
        exposes=entry["exposes"],
        rfc=entry.get("rfc", ""),
        sound=entry["sound"],
    )


def mechanism_entry(name: str) -> Entry | None:
    """Give the table's entry of a mechanism, or of its family."""
    known = table("mechanisms")
    entry: Entry | None = known.get(name) or next(
        (known[key] for key in known if key.endswith("*") and name.startswith(key[:-1])), None
    )
    return entry


@cache
def mechanisms() -> tuple[Mechanism, ...]:
    """Give all mechanisms that have a name of their own, not only a family's."""
    found = (mechanism(name) for name in table("mechanisms"))
    return tuple(each for each in found if each is not None)


def moment(name: str) -> Moment:
    """Explain where a session stands, by a name of moments.toml."""
    entry = table("moments")[name]
    return Moment(explanation(entry, title=entry["title"]), entry.get("verbs", ""))


def rfc_title(number: int | str) -> str | None:
    """Give the title of an RFC that the tables cite."""
    title = table("rfcs").get(str(number))
    return title if isinstance(title, str) else None


def explanation(entry: Entry, *, title: str, text: str | None = None) -> Explanation:
    """Make an explanation of a table's entry."""
    return Explanation(
        title=title,
        text=entry["text"] if text is None else text,
        now=entry.get("now", ""),
        rfc=entry.get("rfc", ""),
        causes=tuple(entry.get("causes", ())),
        servers=tuple(entry.get("servers", {}).items()),
        next=tuple(entry.get("next", ())),
    )


def references(entry: Entry) -> Iterator[str]:
    """Give the references of an entry one by one."""
    yield from filter(None, entry.get("rfc", "").split(BETWEEN))


def printable(text: str) -> str:
    """Give a text of the server's without what a screen would act on."""
    return "".join(each if each.isprintable() else " " for each in text)
