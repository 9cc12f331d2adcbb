"""/explain"""

from __future__ import annotations

from typing import Annotated

from smtpconsole import knowledge
from smtpconsole.console import workbench
from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.arguments import WORDS
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console

_EXAMPLE = "mail.example.com"


@command
async def explain(console: Console, words: Annotated[str, WORDS] = "") -> None:
    """Explain a reply code, a verb, an extension, a mechanism; alone: the last reply.

    Also written as ?550 5.7.1; of a line of AUTH all challenges and responses are decoded.
    """
    session = console.connection.session if console.connection is not None else None
    if not words and session is not None and session.last_reply is not None:
        words = str(session.last_reply)
    if not words:
        raise ConsoleError("explain what?", "?550 5.7.1 or ?STARTTLS or ?PIPELINING")
    dialogue = workbench.about(console.journal, words)
    found = knowledge.explain(words)
    if found is None and dialogue is not None:
        found = knowledge.explain(f"AUTH {dialogue.mechanism}")
    if found is None:
        raise ConsoleError(
            f"nothing is known of {words!r}", "codes, verbs, extensions and mechanisms are"
        )
    lines = [found.text, *(f"- {cause}" for cause in found.causes)]
    if found.rfc:
        lines.append(found.rfc)
    if dialogue is not None:
        decoded = [f"AUTH {dialogue.mechanism}, decoded:", *dialogue.lines]
        # Of a reply one wants to know the meaning first, of base64 what it says.
        is_end = words == str(dialogue.reply)
        lines = [*lines, "", *decoded] if is_end else [*decoded, "", *lines]
    console.front.show(Answer(found.title, tuple(lines), _here(console, found.next)))


def _here(console: Console, lines: tuple[str, ...]) -> tuple[str, ...]:
    """The next lines for the server at hand instead of the example."""
    host = console.target.host if console.target is not None else _EXAMPLE
    name = console.settings.name
    return tuple(
        line.replace(_EXAMPLE, host) if line.startswith("/") else line.replace("me.example", name)
        for line in lines
    )
