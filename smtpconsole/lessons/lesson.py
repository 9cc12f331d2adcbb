"""A lesson and its parts, as plain values; `reading` makes them of a Markdown file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from smtpconsole.sandbox import house
from smtpconsole.sandbox.house import House

Needs = Literal["sandbox", "any"]
Tls = Literal["starttls", "implicit", "none"]

PANES = (
    *("wire", "prompt", "coach", "answer", "state", "server", "tls", "compose"),
    *("lesson", "sandbox", "dns", "timing"),
)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in the file that cannot be as it is."""

    number: int  # of the line, from 1
    text: str
    remedy: str

    def __str__(self) -> str:
        return f"line {self.number}: {self.text}; {self.remedy}"


class LessonError(ValueError):
    """The text is no lesson; `problems` says where and why, in the order of the lines."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda each: each.number))
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True, slots=True)
class Wrong:
    """A wrong turn: what leads there, how it is known, what is said then."""

    tries: tuple[str, ...]
    whens: tuple[str, ...]  # checks, all of which hold
    say: str
    number: int = field(default=0, compare=False)  # of the line where it begins


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to choose."""

    text: str
    is_right: bool
    because: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """A question with answers to choose from."""

    question: str
    options: tuple[Option, ...]

    @property
    def right(self) -> int:
        """The number of the first right answer, from 1."""
        return next(n for n, option in enumerate(self.options, 1) if option.is_right)


@dataclass(frozen=True, slots=True)
class Look:
    """Where to look, and what is to be seen there."""

    pane: str  # one of `PANES`; "" if it is said in words
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step."""

    title: str
    number: int  # of its line in the file
    text: str = ""  # Markdown
    checks: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    wrongs: tuple[Wrong, ...] = ()
    looks: tuple[Look, ...] = ()
    faults: tuple[str, ...] = ()
    asks: tuple[Ask, ...] = ()
    tries: tuple[str, ...] = ()

    @property
    def is_reading(self) -> bool:
        """There is nothing to do but to read."""
        return not self.checks and not self.asks


@dataclass(frozen=True, slots=True)
class Lesson:
    """A lesson."""

    name: str  # "hello"
    title: str
    steps: tuple[Step, ...]
    number: int = 0  # in the course; 0 for one of somebody's own
    minutes: int = 10
    needs: Needs = "sandbox"
    rfc: str = ""
    summary: str = ""
    intro: str = ""  # Markdown
    rules: House = field(default_factory=house.default, repr=False)
    tls: Tls = "starttls"
    is_guided: bool = False  # the coach offers each line of the solution
