"""What takes its time, and how a person ends it: scripts, repetitions, waiting, large messages."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from smtpconsole.console.answers import ConsoleError

if TYPE_CHECKING:
    from smtpconsole.console.console import Console


class Stoppable:
    """Something under way."""

    def __init__(self, what: str, task: asyncio.Task[Any]) -> None:
        self.what = what
        self._task = task
        self.is_stopped = False

    def stop(self) -> None:
        """End it as soon as it waits."""
        self.is_stopped = True
        self._task.cancel()


@contextmanager
def stoppable(console: Console, what: str) -> Iterator[None]:
    """While this runs a person can end it; ConsoleError if one does."""
    task = asyncio.current_task()
    assert task is not None, "it is awaited by somebody"
    under_way = Stoppable(what, task)
    console.under_way.append(under_way)
    try:
        yield
    except asyncio.CancelledError:
        if not under_way.is_stopped:
            raise
        task.uncancel()
        raise ConsoleError(
            f"{what} was stopped", "what is still owed by the server is shown when it comes"
        ) from None
    finally:
        console.under_way.remove(under_way)


def stop(console: Console) -> bool:
    """End what a person sees to take its time; false if there is nothing."""
    if console.upload is not None:
        console.upload.stop()
    elif console.under_way:
        console.under_way[0].stop()  # the others are within it
    else:
        return False
    return True
