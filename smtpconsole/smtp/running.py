"""Exchanges, and one that is under way."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from smtpconsole.smtp.commands import Send
from smtpconsole.smtp.replies import Reply

if TYPE_CHECKING:
    from smtpconsole.smtp.stepping import Step

T = TypeVar("T")

Batch = Sequence[Send]
Exchange = Generator[Batch, list[Reply], T]


class Future(Protocol):
    """Where a result goes: asyncio's futures, concurrent's, or a test's own."""

    def done(self) -> bool: ...

    def set_result(self, result: Any, /) -> None: ...

    def set_exception(self, exception: BaseException, /) -> None: ...


class Running:
    """An exchange under way."""

    __slots__ = ("exchange", "future", "last", "replies", "step")

    def __init__(self, exchange: Exchange[Any], future: Future) -> None:
        self.exchange = exchange
        self.future = future
        self.last: Send | None = None  # of the batch: its reply completes it
        self.replies: list[Reply] = []
        self.step: Step | None = None  # of a batch that was held


def ask(send: Send) -> Exchange[Reply]:
    """The smallest exchange: one command and its reply."""
    (reply,) = yield (send,)
    return reply
