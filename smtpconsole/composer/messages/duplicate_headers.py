"""Headers that may be there once, and are there twice."""

from __future__ import annotations

from dataclasses import replace

from smtpconsole.composer.draft import Draft
from smtpconsole.composer.messages import message


@message(
    expects="250 from most; 550 or 554 where RFC 5322 is enforced, as Gmail does",
    codes=(250, 550, 554),
)
def duplicate_headers(draft: Draft) -> Draft:
    """Which of two Subjects and two Froms counts, for the filter and for the reader."""
    headers = (
        ("Subject", "one subject"),
        ("Subject", "another subject"),
        ("From", draft.sender or "postmaster@localhost"),
        ("From", "somebody-else@example.com"),
    )
    return replace(draft, headers=headers, body="Which subject do you see?\n")
