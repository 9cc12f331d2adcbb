"""/header"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated

from smtpconsole.composer.draft import Draft, Headers
from smtpconsole.composer.errors import DraftError
from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.arguments import WORDS, Kind
from smtpconsole.console.commands import command
from smtpconsole.console.composing.drafting import octets
from smtpconsole.console.console import Console

_KNOWN = (
    *("From", "To", "Cc", "Bcc", "Reply-To", "Sender", "Subject", "Date", "Message-ID"),
    *("In-Reply-To", "References", "Auto-Submitted", "List-Unsubscribe", "X-Mailer"),
)


def _complete(console: Console, word: str) -> Iterable[str]:
    return (name for name in _KNOWN if name.lower().startswith(word.lower()))


HEADER = Kind("NAME", lambda text: text.rstrip(":"), _complete)


@command
async def header(
    console: Console,
    name: Annotated[str, HEADER] = "",
    value: Annotated[str, WORDS] = "",
    *,
    add: bool = False,
) -> None:
    """Write a header of the message in the composer, or show all.

    It replaces those of its name, unless --add is given; an empty value leaves it out, also one
    that would follow the envelope, such as Date.
    """
    before = console.draft
    if name and before.source is not None:
        raise ConsoleError(
            "the message is a source; its headers are written there", next=("/draft",)
        )
    if name and add:
        console.draft = replace(before, headers=(*before.headers, (name, value)))
    elif name.lower() == "subject":
        console.draft = replace(before, subject=value, headers=_without_subject(before))
    elif name:
        console.draft = before.with_header(name, value)
    try:
        if console.draft.recipients:
            octets(console)
    except (DraftError, ConsoleError) as error:
        console.draft = before
        raise ConsoleError(f"the header was not written: {error}") from error
    from smtpconsole.composer.mime import headers  # which loads all of email

    rows = [f"{key}: {text}" for key, text in headers(console.draft, console.now())]
    console.front.show(Answer("the headers of the message", tuple(rows)))


def _without_subject(draft: Draft) -> Headers:
    return tuple(pair for pair in draft.headers if pair[0].lower() != "subject")
