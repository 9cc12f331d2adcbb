"""Ready-made test messages, one a file: what it tests, and what a sound server answers.

Each is a function that takes the draft there is, for its envelope and size, and gives another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from smtpconsole import registry
from smtpconsole.composer.draft import Draft

Make = Callable[[Draft], Draft]


@dataclass(frozen=True, slots=True)
class Message:
    """A ready-made message."""

    name: str
    tests: str  # one sentence
    expects: str  # what a sound server answers, in words
    make: Make
    warning: str = ""  # to be agreed to before it leaves the machine
    codes: tuple[int, ...] = (250,)  # replies that are sound, to what decides on it

    def of(self, draft: Draft) -> Draft:
        """The message in the envelope of a draft."""
        return self.make(fresh(draft))


MESSAGES: dict[str, Message] = {}


def message(
    *, expects: str, warning: str = "", codes: tuple[int, ...] = (250,)
) -> Callable[[Make], Make]:
    """Register a function as a ready-made message; its docstring says what it tests."""

    def register(make: Make) -> Make:
        name = make.__name__.replace("_", "-")
        tests = (make.__doc__ or "").partition("\n")[0]
        MESSAGES[name] = Message(name, tests, expects, make, warning, codes)
        return make

    return register


def fresh(draft: Draft) -> Draft:
    """An empty message in the same envelope."""
    return Draft(
        draft.sender,
        draft.recipients,
        draft.mail_parameters,
        draft.rcpt_parameters,
        filler=draft.filler,
    )


registry.load(__name__, __path__)
