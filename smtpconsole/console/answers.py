"""What the console says, as plain text: the front ends give it a face."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to a person; every line is shown literally."""

    title: str
    lines: tuple[str, ...] = ()
    next: tuple[str, ...] = ()  # lines that can be entered as they stand
    is_trouble: bool = False


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
