"""/repeat"""

from __future__ import annotations

from typing import Annotated

from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.arguments import NUMBER, Kind
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.console.language import secret_of
from smtpconsole.console.scripting import variables
from smtpconsole.console.stopping import stoppable

LINE = Kind("LINE", hides=secret_of)
MOST = 100_000


@command
async def repeat(
    console: Console, times: Annotated[int, NUMBER], line: Annotated[str, LINE]
) -> None:
    """Enter a line so many times; $N in it is which time it is, and $NAME a variable.

    /repeat 50 RCPT TO:<user$N@example.com>, or of a command: /repeat 3 /send bob@example.com.  It
    ends with the first that cannot be done; Esc or Ctrl+C ends it before.
    """
    if not line.strip():
        raise ConsoleError("which line?", "/repeat 3 NOOP")
    if times > MOST:
        raise ConsoleError(f"{times} times are too many", f"at most {MOST:,}")
    with stoppable(console, f"/repeat {times}"):
        for number in range(1, times + 1):

            def value(name: str, number: int = number) -> str:
                return str(number) if name == "N" else console.variables.get(name)

            await console.dispatch(variables.expanded(line, value))
