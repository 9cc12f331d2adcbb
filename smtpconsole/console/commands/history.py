"""/history"""

from __future__ import annotations

from typing import Annotated

from smtpconsole.console.answers import Answer
from smtpconsole.console.arguments import WORDS
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console

_MOST = 30


@command
async def history(console: Console, words: Annotated[str, WORDS] = "") -> None:
    """Show what was entered, the newest last, or what of it holds these words.

    Secrets are never among it.  In the application Ctrl+R searches it while you type.
    """
    found = console.history.search(words)
    shown = found[:_MOST]
    left = len(found) - len(shown)
    rows = [f"... {left} older ones"] if left else []
    rows += [line for line in reversed(shown)]
    title = f"{len(found)} lines" + (f" with {words}" if words else " were entered")
    console.front.show(Answer(title, tuple(rows), tuple(shown[:3])))
