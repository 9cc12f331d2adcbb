"""One message to a great many."""

from __future__ import annotations

from dataclasses import replace

from smtpconsole.composer.draft import Draft
from smtpconsole.composer.messages import message

_COUNT = 150


@message(
    expects="250 to 100 recipients at least; 452 to those that are too many (RFC 5321, 4.5.3.1.8)",
    codes=(250, 451, 452, 550, 552),
)
def many_recipients(draft: Draft) -> Draft:
    """How many recipients the server takes at a time; they are made from the first one."""
    local, _, domain = (draft.recipients[0] if draft.recipients else "u@localhost").partition("@")
    people = tuple(f"{local}+{number}@{domain}" for number in range(_COUNT))
    text = f"This message went to {_COUNT} recipients at a time.\n"
    return replace(draft, recipients=people, subject="Many recipients", body=text).with_header(
        "To", "undisclosed-recipients:;"
    )
