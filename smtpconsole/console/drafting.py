"""The message in the composer, as commands and panes ask for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smtpconsole.composer.errors import DraftError
from smtpconsole.composer.meter import Measure, measure
from smtpconsole.console.answers import ConsoleError

if TYPE_CHECKING:
    from smtpconsole.console.console import Console


def octets(console: Console) -> bytes:
    """What would be sent now; ConsoleError says why it cannot be."""
    try:
        return console.draft.to_bytes(now=console.now())
    except DraftError as error:
        raise ConsoleError(str(error), next=("/draft",)) from error


def measured(console: Console) -> Measure:
    """The meter's reading, against what the server offers."""
    return measure(console.draft, octets(console), console.known)
