"""Words that commands of scripts take, completed: what can be expected."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from smtpconsole.smtp.events import Phase

if TYPE_CHECKING:
    from smtpconsole.console.console import Console

_FIRST = ("250", "354", "4..", "5..", "text", "caps", "tls", "phase", "identity", "closed", "not")


def complete_expected(console: Console, before: Sequence[str], word: str) -> Iterable[str]:
    """What /expect and /wait take at this place."""
    words = [each for each in before if each != "not"]
    if words[-1:] == ["caps"] or (words[:1] == ["caps"] and "within" not in words):
        found: Iterable[str] = (each.name for each in console.known)
        word = word.upper()
    elif words[-1:] == ["tls"]:
        found = ("on", "off")
    elif words[-1:] == ["phase"]:
        found = (phase.value for phase in Phase)
    elif words[-1:] == ["within"]:
        found = ("500ms", "2s", "1m")
    elif words:
        found = ("within", "text")
    else:
        found = _FIRST
    return (each for each in found if each.startswith(word))
