"""A message that nobody should answer by machine."""

from __future__ import annotations

from dataclasses import replace

from smtpconsole.composer.draft import Draft
from smtpconsole.composer.messages import message


@message(expects="250: and no vacation notice, no bounce and no auto-reply ever comes back")
def auto_reply(draft: Draft) -> Draft:
    """Whether machines keep quiet when they should (RFC 3834): null sender, Auto-Submitted."""
    quiet = replace(
        draft,
        sender="",
        subject="Auto: do not answer by machine",
        body="No machine should answer this message.\n",
    )
    author = draft.sender or "postmaster@localhost"
    return (
        quiet.with_header("From", author)
        .with_header("Auto-Submitted", "auto-replied")
        .with_header("Precedence", "bulk")
        .with_header("X-Auto-Response-Suppress", "All")
    )
