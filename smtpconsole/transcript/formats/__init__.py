"""Export formats, one a file: `@export_format("name", "suffix")` on `(turns, about) -> str`."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata

from smtpconsole import registry
from smtpconsole.smtp import events
from smtpconsole.smtp.capabilities import Capabilities
from smtpconsole.smtp.events import Target
from smtpconsole.smtp.facts import TlsFacts
from smtpconsole.transcript.journal import Journal
from smtpconsole.transcript.turns import Turn, turns


@dataclass(frozen=True, slots=True)
class About:
    """What an export says of the session as a whole."""

    began: datetime
    target: Target | None
    peer: str | None
    tls: TlsFacts | None
    capabilities: Capabilities | None  # the last that were told
    program: str
    python: str


Export = Callable[[Sequence[Turn], About], str]


@dataclass(frozen=True, slots=True)
class Format:
    """A way to take a transcript home."""

    name: str
    suffix: str
    export: Export
    sentence: str


FORMATS: dict[str, Format] = {}


def export_format(name: str, suffix: str) -> Callable[[Export], Export]:
    """Register an export function; its docstring says what it is for."""

    def register(export: Export) -> Export:
        FORMATS[name] = Format(name, suffix, export, (export.__doc__ or "").strip())
        return export

    return register


def exported(journal: Journal, name: str) -> str:
    """The whole journal in one of the formats."""
    return FORMATS[name].export(list(turns(journal)), about(journal))


def about(journal: Journal) -> About:
    """What the journal tells of its last connection."""
    target = peer = tls = known = None
    for entry in journal.entries:
        match entry.event:
            case events.Dialling(dialled):
                target, peer, tls, known = dialled, None, None, None
            case events.Connected(_, address, _):
                peer = address
            case events.Secured(facts) | events.NotSecured(facts, _):
                tls = facts
            case events.Learned(capabilities):
                known = capabilities
    version = metadata.version("smtpconsole")
    return About(
        journal.began,
        target,
        peer,
        tls,
        known,
        f"smtpconsole {version}",
        f"Python {platform.python_version()} on {platform.system()}",
    )


registry.load(__name__, __path__)
