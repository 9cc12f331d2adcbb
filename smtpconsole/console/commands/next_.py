"""/next"""

from __future__ import annotations

from typing import Annotated

from smtpconsole.console.arguments import NUMBER
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console


@command
async def next_(console: Console, count: Annotated[int | None, NUMBER] = None) -> None:
    """Send the batch that is held, or so many of its lines, and hold the rest.

    /next 1 takes a pipelined batch apart: a line, its answer, the next line.
    """
    console.stepping.release(count)
