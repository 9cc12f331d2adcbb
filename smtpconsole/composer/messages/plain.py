"""The smallest message that has nothing wrong with it."""

from __future__ import annotations

from dataclasses import replace

from smtpconsole.composer.draft import Draft
from smtpconsole.composer.messages import message


@message(expects="250: it is taken, and arrives as it is")
def plain(draft: Draft) -> Draft:
    """Whether ordinary mail goes through at all."""
    return replace(draft, subject="A plain test", body="This is a test of plain text.\n")
