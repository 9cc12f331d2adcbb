"""As many octets as one likes, made while they are sent."""

from __future__ import annotations

from dataclasses import replace

from smtpconsole.composer.draft import Draft
from smtpconsole.composer.messages import message

_DEFAULT = 20 * 2**20


@message(
    expects="552 to MAIL where SIZE is less; else 250, or 552 at the end of the data",
    codes=(250, 552, 554),
)
def huge(draft: Draft) -> Draft:
    """Where the server's limit of size is, and how it says so (RFC 1870)."""
    filler = draft.filler or _DEFAULT
    text = f"{filler:,} octets of numbered lines follow.\n"
    return replace(draft, subject="A large message", body=text, filler=filler)
