"""/mend"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from smtpconsole.composer.mends import MENDS, mended
from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.arguments import Kind
from smtpconsole.console.commands import command
from smtpconsole.console.composing.drafting import measured
from smtpconsole.console.console import Console


def _complete(console: Console, word: str) -> Iterable[str]:
    return (code for code in MENDS if code.startswith(word))


REMARK = Kind("REMARK", complete=_complete)


@command
async def mend(console: Console, remark: Annotated[str, REMARK] = "") -> None:
    """Take a fault out of the message in the composer, or all that can be taken out."""
    codes = [each.code for each in measured(console).remarks if each.severity != "info"]
    wanted = [remark] if remark else [code for code in codes if code in MENDS]
    if remark and remark not in MENDS:
        raise ConsoleError(
            f"nothing is known that mends {remark!r}", f"there are {', '.join(MENDS)}"
        )
    draft = console.draft
    for code in wanted:
        draft = mended(draft, code, now=console.now())
    if draft == console.draft:
        raise ConsoleError("there is nothing that can be mended", next=("/draft",))
    console.draft = draft
    lines = [str(measured(console)), *(each.text for each in measured(console).remarks)]
    console.front.show(Answer(f"mended: {', '.join(wanted)}", tuple(lines), ("/draft",)))
