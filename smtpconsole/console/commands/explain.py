"""/explain"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from smtpconsole import knowledge
from smtpconsole.console import explaining
from smtpconsole.console.arguments import WORDS
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.console.login import workbench
from smtpconsole.console.situation import situation


@command
async def explain(console: Console, words: Annotated[str, WORDS] = "") -> None:
    """Explain a code, a reply, a verb, a keyword, a remark; alone: what is going on now.

    Also written as ?550 5.7.1; a whole reply may be pasted behind it.  What a word means besides
    is told below.  Of a line of AUTH all challenges and responses are decoded.
    """
    session = console.connection.session if console.connection is not None else None
    last = str(session.last_reply) if session is not None and session.last_reply else ""
    dialogue = workbench.about(console.journal, words or last)
    found = knowledge.explanations(words)
    if not found and dialogue is not None and words:
        found = knowledge.explanations(f"AUTH {dialogue.mechanism}")
    if words and not found:
        raise explaining.unknown(words)
    told = explaining.answer(found[0]) if found else situation(console)
    lines = [*told.lines, *_besides(found[1:])]
    if dialogue is not None:
        decoded = [f"AUTH {dialogue.mechanism}, decoded:", *dialogue.lines]
        # Of a reply one wants to know the meaning first, of base64 what it says.
        is_end = (words or last) == str(dialogue.reply)
        lines = [*lines, "", *decoded] if is_end else [*decoded, "", *lines]
        told = replace(told, lead=told.lead if is_end else None)
    console.front.show(explaining.at_hand(console, replace(told, lines=tuple(lines))))


def _besides(others: tuple[knowledge.Explanation, ...]) -> list[str]:
    return [f"also {each.title}: {each.text}" for each in others]
