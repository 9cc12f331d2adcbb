"""/skip"""

from __future__ import annotations

from typing import Annotated

from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.arguments import LIST, is_number
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console


@command
async def skip(console: Console, numbers: Annotated[tuple[str, ...], LIST] = ()) -> None:
    """Leave lines of the held batch out, by number; alone: send nothing of it.

    What wanted a skipped line said goes on as if it had been refused.  /skip 2 a second time takes
    it in again.  /skip alone ends whatever wanted the batch said; the session stays as it is.
    """
    wrong = [word for word in numbers if not is_number(word)]
    if wrong:
        raise ConsoleError(f"{wrong[0][:40]!r} is no line's number", "/skip 2 3")
    if numbers:
        console.stepping.skip([int(word) for word in numbers])
    else:
        console.stepping.withdraw()
