"""DKIM on the message of a draft: who signs, and the draft with the signature."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from smtpconsole.composer.errors import DraftError
from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.filenames import path_of
from smtpconsole.smtp import addresses

if TYPE_CHECKING:
    from smtpconsole.composer.draft import Draft
    from smtpconsole.composer.signing import Canonicalization, Signer


def signer_for(sender: str, key: str, *, domain: str, selector: str) -> Signer:
    """Who signs: the domain that is named, or the sender's."""
    from smtpconsole.composer.signing import Signer

    found = domain or addresses.domain(sender)
    if not found:
        raise ConsoleError("whose signature is it?", "the sender has no domain; name one")
    return Signer(found, selector, path_of(key))


def sealed(
    draft: Draft,
    message: bytes,
    signer: Signer,
    *,
    headers: Canonicalization = "relaxed",
    body: Canonicalization = "relaxed",
) -> Draft:
    """The draft whose message is those octets, signed; from then on it is a source."""
    from smtpconsole.composer.signing import signed

    if draft.filler:
        raise ConsoleError(
            "a message that is made while it is sent cannot be signed",
            "choose one that is not huge",
        )
    try:
        return replace(draft, source=signed(message, signer, headers=headers, body=body))
    except DraftError as error:
        raise ConsoleError(str(error)) from error
