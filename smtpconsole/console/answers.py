"""What the console says, as plain text: the front ends give it a face."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to a person; every line is shown literally."""

    title: str
    lines: tuple[str, ...] = ()
    next: tuple[str, ...] = ()  # lines that can be entered as they stand
    is_trouble: bool = False
    lead: int | None = None  # after how many lines those to enter stand; None: at the end


class ConsoleError(Exception):
    """Something does not work: what, and what to do about it."""

    def __init__(self, text: str, *hints: str, next: tuple[str, ...] = ()) -> None:
        super().__init__(text)
        self.text = text
        self.hints = hints
        self.next = next

    def answer(self) -> Answer:
        """The error as an answer."""
        return Answer(self.text, self.hints, self.next, is_trouble=True)


class NotConnected(ConsoleError):
    """There is no connection, or no more, on which to say something."""


def nearest(word: str, names: Iterable[str]) -> str:
    """The name that was probably meant; "" if none comes near."""
    import difflib  # seldom needed

    known = {name.lower(): name for name in names}
    word = word.lower().replace("_", "-")
    found = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    begun = [each for each in known if word and each.startswith(word)]
    return known[(found or begun)[0]] if found or begun else ""
