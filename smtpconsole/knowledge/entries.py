"""The tables, and what is taken from them by name: verbs, mechanisms, anomalies, RFCs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

Entry = Mapping[str, Any]  # Any: TOML is of any shape; tests/test_knowledge.py holds it to ours


@dataclass(frozen=True, slots=True)
class Explanation:
    """What something means, why it may have come about, and what to type next."""

    title: str
    text: str
    rfc: str = ""  # "RFC 5321 4.2.2 · RFC 3463 3.8"; "" when no RFC speaks of it
    causes: tuple[str, ...] = ()
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


@cache
def table(name: str) -> Entry:
    """Give one of the TOML files, parsed."""
    # Here, so that importing the package stays cheap.
    import tomllib
    from importlib import resources

    text = resources.files(__package__).joinpath(f"{name}.toml").read_text("utf-8")
    return tomllib.loads(text)


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
    known = table("mechanisms")
    entry = known.get(name) or next(
        (known[key] for key in known if key.endswith("*") and name.startswith(key[:-1])), None
    )
    if entry is None or not name or name.endswith("*"):
        return None
    return Mechanism(
        name=name,
        sentence=entry["sentence"],
        exposes=entry["exposes"],
        rfc=entry.get("rfc", ""),
        sound=entry["sound"],
    )


@cache
def mechanisms() -> tuple[Mechanism, ...]:
    """Give all mechanisms that have a name of their own, not only a family's."""
    found = (mechanism(name) for name in table("mechanisms"))
    return tuple(each for each in found if each is not None)


def anomaly(kind: str) -> Explanation | None:
    """Explain something odd that a session remarks on, by its kind."""
    wanted = kind.strip().casefold()
    for name, entry in table("anomalies").items():
        if name.casefold() == wanted:
            return explanation(entry, title=name)
    return None


def alert(words: str | int) -> Explanation | None:
    """Explain an alert of TLS, by its number or by its name in any spelling."""
    wanted = str(words).strip().casefold().replace("_", " ").removeprefix("tls ")
    wanted = wanted.removeprefix("alert ").strip()
    for number, entry in table("alerts").items():
        if wanted in (number, entry["name"].casefold()):
            return explanation(entry, title=f"{entry['name']}, TLS alert {number}")
    return None


def rfc_title(number: int | str) -> str | None:
    """Give the title of an RFC that the tables cite."""
    title = table("rfcs").get(str(number))
    return title if isinstance(title, str) else None


def explanation(entry: Entry, *, title: str, text: str | None = None) -> Explanation:
    """Make an explanation of a table's entry."""
    return Explanation(
        title=title,
        text=entry["text"] if text is None else text,
        rfc=entry.get("rfc", ""),
        causes=tuple(entry.get("causes", ())),
        next=tuple(entry.get("next", ())),
    )
