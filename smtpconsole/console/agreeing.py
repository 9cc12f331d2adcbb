"""Yes or no: how it is asked, what counts as a yes, and what may be seen of the answer.

Whoever expects to be asked for a password types it at whatever is asked: so nothing is shown that
cannot become one of the two words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smtpconsole.console.front import Front

_ENDING = "yes/no"
_WORDS = ("yes", "no")


async def agrees(front: Front, question: str) -> bool:
    """Ask a person, who says yes or something else."""
    return (await front.ask(f"{question} {_ENDING}")).strip().lower() in ("y", "yes")


def is_put(question: str) -> bool:
    """The question wants a yes or a no."""
    return question.endswith(_ENDING)


def may_be_seen(answer: str) -> bool:
    """What has been typed so far is the beginning of one of the words."""
    return any(word.startswith(answer.strip().lower()) for word in _WORDS)
