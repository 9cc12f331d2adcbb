"""Export formats, one a file: `@export_format("name", "suffix")` on `(turns, about) -> str`.

1. An export is a function of what it is given: the same journal gives the same text.
2. It is given turns as they may be shown; secrets, and what else is to be hidden, are gone.
3. It is text that prints, whatever was said: `visible()` and the quoting of its own language.
4. `@export_format` adds the last line: the SHA-256 of all lines above it, so that anybody can
   check with `head -n -1 FILE | sha256sum` that nothing was changed since.
"""

from __future__ import annotations

import hashlib
import platform
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from smtpconsole import registry
from smtpconsole.smtp import events
from smtpconsole.smtp.capabilities import Capabilities, Keyword
from smtpconsole.smtp.events import Target
from smtpconsole.smtp.facts import TlsFacts
from smtpconsole.transcript.journal import Journal
from smtpconsole.transcript.masking import without_addresses
from smtpconsole.transcript.showing import HIDDEN, Show, part, without_content
from smtpconsole.transcript.turns import Turn, turns
from smtpconsole.transcript.values import changed


@dataclass(frozen=True, slots=True)
class About:
    """What an export says of the session as a whole."""

    began: datetime
    target: Target | None = None
    peer: str | None = None
    tls: TlsFacts | None = None
    capabilities: Capabilities | None = None  # the last that were told
    program: str = ""
    python: str = ""
    show: Show = HIDDEN

    @property
    def stamp(self) -> str:
        """What was hidden by whom."""
        return f"{self.program}; {self.show}"


Export = Callable[[Sequence[Turn], About], str]


@dataclass(frozen=True, slots=True)
class Format:
    """A way to take a transcript home."""

    name: str
    suffix: str
    export: Export
    sentence: str
    last_line: str  # `%s` stands for the SHA-256

    def __call__(self, turns: Sequence[Turn], about: About) -> str:
        """The export with its last line."""
        text = self.export(turns, about)
        return f"{text}{self.last_line % digest(text)}\n"


FORMATS: dict[str, Format] = {}


def export_format(
    name: str, suffix: str, *, last_line: str = "# sha256 %s"
) -> Callable[[Export], Export]:
    """Register an export function; its docstring says what it is for."""

    def register(export: Export) -> Export:
        sentence = (export.__doc__ or "").strip()
        FORMATS[name] = Format(name, suffix, export, sentence, last_line)
        return export

    return register


def exported(
    journal: Journal,
    name: str,
    *,
    show: Show = HIDDEN,
    first: int | None = None,
    last: int | None = None,
    last_connection: bool = False,
    last_exchange: bool = False,
) -> str:
    """A journal in one of the formats, as much of it and as open as is wanted."""
    everything = list(turns(journal, reveal=show.credentials))
    chosen = part(
        everything,
        first=first,
        last=last,
        last_connection=last_connection,
        last_exchange=last_exchange,
    )
    until = chosen[-1].number if chosen else None
    facts = about(journal, show, until)
    if not show.content:
        chosen = without_content(chosen)
    if not show.addresses:
        # Everything is learnt from, so that a part and the whole have the same masks.
        masked, mask = without_addresses(everything)
        numbers = {turn.number for turn in chosen}
        kept = [turn for turn in masked if turn.number in numbers]
        chosen = kept if show.content else without_content(kept)
        facts = _masked(facts, mask)
    return FORMATS[name](chosen, facts)


def about(journal: Journal, show: Show = HIDDEN, until: int | None = None) -> About:
    """What the journal tells of its last connection, up to the entry of that number."""
    target = peer = tls = known = None
    for entry in journal.entries:
        if until is not None and entry.number > until:
            break
        match entry.event:
            case events.Dialling(dialled):
                target, peer, tls, known = dialled, None, None, None
            case events.Connected(_, address, _):
                peer = address
            case events.Secured(facts) | events.NotSecured(facts, _):
                tls = changed(facts, journal.redactor.sweep_text)
            case events.Learned(capabilities):
                known = _swept(capabilities, journal.redactor.sweep_text)
    from importlib import metadata  # which loads more than all of this

    return About(
        journal.began.astimezone(UTC),
        target,
        peer,
        tls,
        known,
        f"smtpconsole {metadata.version('smtpconsole')}",
        f"Python {platform.python_version()} on {platform.system()}",
        show,
    )


def _swept(known: Capabilities, change: Callable[[str], str]) -> Capabilities:
    words = tuple(Keyword(change(each.name), change(each.parameters)) for each in known)
    return Capabilities(change(known.greeting), words)


def _masked(facts: About, mask: Callable[[str], str]) -> About:
    target, tls, known = facts.target, facts.tls, facts.capabilities
    return About(
        facts.began,
        changed(target, mask) if target is not None else None,
        mask(facts.peer) if facts.peer is not None else None,
        changed(tls, mask) if tls is not None else None,
        _swept(known, mask) if known is not None else None,
        facts.program,
        facts.python,
        facts.show,
    )


def digest(text: str) -> str:
    """The SHA-256 of a text, in hex."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


_DIGEST = re.compile(r"\b[0-9a-f]{64}\b")


def is_unchanged(text: str) -> bool | None:
    """An export is as it was made; None if its last line has no SHA-256."""
    body, _, last = text.removesuffix("\n").rpartition("\n")
    found = _DIGEST.search(last)
    return None if found is None else digest(f"{body}\n") == found[0]


registry.load(__name__, __path__)
