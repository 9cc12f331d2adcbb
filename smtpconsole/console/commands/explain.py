"""/explain"""

from __future__ import annotations

from typing import Annotated

from smtpconsole import knowledge
from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.arguments import WORDS
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console


@command
async def explain(console: Console, words: Annotated[str, WORDS] = "") -> None:
    """Explain a reply code, a verb, an extension, a mechanism; alone: the last reply.

    Also written as ?550 5.7.1
    """
    session = console.connection.session if console.connection is not None else None
    if not words and session is not None and session.last_reply is not None:
        words = str(session.last_reply)
    if not words:
        raise ConsoleError("explain what?", "?550 5.7.1 or ?STARTTLS or ?PIPELINING")
    found = knowledge.explain(words)
    if found is None:
        raise ConsoleError(
            f"nothing is known of {words!r}", "codes, verbs, extensions and mechanisms are"
        )
    lines = [found.text, *(f"- {cause}" for cause in found.causes)]
    if found.rfc:
        lines.append(found.rfc)
    console.front.show(Answer(found.title, tuple(lines), found.next))
