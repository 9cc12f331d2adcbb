"""The message in the composer, as commands and panes ask for it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from smtpconsole import knowledge
from smtpconsole.composer.errors import DraftError
from smtpconsole.composer.fields import Difference, differences, forced
from smtpconsole.composer.lint import Remark
from smtpconsole.composer.mends import MENDS
from smtpconsole.composer.meter import Measure, measure
from smtpconsole.console import explaining
from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.composing.keeping import left_over, remove
from smtpconsole.console.paths import draft_folder
from smtpconsole.smtp.events import Noted

if TYPE_CHECKING:
    from smtpconsole.console.console import Console

LARGEST = 256 * 1024  # characters of a source that is edited in a pane


def octets(console: Console) -> bytes:
    """What would be sent now; ConsoleError says why it cannot be."""
    try:
        return console.draft.to_bytes(now=console.now())
    except DraftError as error:
        raise ConsoleError(str(error), next=("/draft",)) from error


@dataclass(frozen=True, slots=True)
class Reading:
    """What would be sent, and what it weighs."""

    octets: bytes
    measure: Measure


def reading(console: Console) -> Reading:
    """The message as it is now, measured against what the server offers."""
    draft, message = console.draft, octets(console)
    return Reading(message, measure(draft, message, console.known))


def measured(console: Console) -> Measure:
    """The meter's reading alone."""
    return reading(console).measure


def content_id(path: str) -> str:
    """The name by which the HTML can refer to an image out of a file."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", Path(path).stem).strip("-.") or "image"


@dataclass(frozen=True, slots=True)
class Source:
    """The octets of a message as text for an editor."""

    text: str
    has_usual_ends: bool  # every line ends in CRLF, which the text shows as LF

    @property
    def is_editable(self) -> bool:
        """An editor of lines can hold it, and give it back as it was."""
        return (
            self.has_usual_ends
            and len(self.text) <= LARGEST
            and all(line.isprintable() for line in self.text.replace("\t", " ").split("\n"))
        )

    def octets(self, text: str) -> bytes:
        """The octets of an edited text."""
        data = text.encode("utf-8", "surrogateescape")
        if self.has_usual_ends:
            data = data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        return data


def source_of(octets: bytes) -> Source:
    """Octets for an editor: where every line ends alike it need not know how."""
    is_usual = octets.count(b"\r\n") == octets.count(b"\n") == octets.count(b"\r")
    shown = octets.replace(b"\r\n", b"\n") if is_usual else octets
    return Source(shown.decode("utf-8", "surrogateescape"), is_usual)


def notes(console: Console) -> list[Difference]:
    """Where the fields of the message, or they and the server, disagree."""
    return [*differences(console.draft), *forced(console.draft, console.known)]


def addressed(console: Console) -> None:
    """Fill in whom it goes to where nobody has said so, and as whom one has logged in since."""
    draft = console.draft
    if draft.sender == console.suggestions.sender and console.sender != draft.sender:
        draft = replace(draft, sender=console.sender)
    if not draft.recipients and console.suggestions.user:  # the sandbox's
        draft = draft.with_recipients(console.recipient)
    if draft != console.draft:
        console.draft = draft


def kept(console: Console) -> None:
    """Keep the message while it is written, and tell of those that a session has left."""

    def complain(reason: str) -> None:
        console.journal(Noted(f"the message in the composer is not kept: {reason}"))

    found = left_over(draft_folder())
    console.keeper.begin(draft_folder(), complain)
    if found:
        messages = "1 message was" if len(found) == 1 else f"{len(found)} messages were"
        console.journal(Noted(f"{messages} written and not sent: /draft restore"))


def restored(console: Console, number: int) -> str:
    """Put a message that was left over into the composer; what it was is told."""
    found = left_over(draft_folder())
    if not 1 <= number <= len(found):
        told = [f"{place}  {each}" for place, each in enumerate(found, 1)]
        raise ConsoleError(
            f"there is no message {number} that was left" if found else "no message was left", *told
        )
    chosen = found[number - 1]
    console.draft = chosen.draft
    console.keeper.write()
    if console.keeper.is_keeping:
        remove(chosen.path)
    return f"restored: {chosen}"


def explained(remark: Remark) -> Answer:
    """What a remark is about, where it is written, and what takes it away."""
    lines = [f"{_SEVERITIES[remark.severity]}; {remark.section or 'by experience'}"]
    if known := knowledge.remark(remark.code, "message"):
        lines += explaining.lines(replace(known, rfc=""))  # the section has been told
    mend = MENDS.get(remark.code)
    if mend is None:
        lines.insert(1, "nothing mends it by itself: it is yours to decide")
        return Answer(remark.text, tuple(lines))
    lines.insert(1, f"m mends it: {(mend.__doc__ or '').strip()}")
    return Answer(remark.text, tuple(lines), (f"/mend {remark.code}",), lead=2)


_SEVERITIES = {
    "error": "against the rules: servers may refuse it",
    "warning": "works in many places, and not in all",
    "info": "good to know",
}
