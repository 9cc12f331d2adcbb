"""Octets beyond ASCII that nothing declares."""

from __future__ import annotations

from dataclasses import replace

from smtpconsole.composer.draft import Draft
from smtpconsole.composer.messages import message


@message(
    expects="250 from nearly all; what a reader shows is anybody's guess",
    codes=(250, 550, 554),
)
def eight_bit(draft: Draft) -> Draft:
    """What becomes of 8-bit octets without Content-Type and without BODY=8BITMIME."""
    body = b"Latin-1: Gr\xfc\xdfe\r\nUTF-8: " + "Grüße\r\n".encode()
    return replace(draft, subject="8-bit, not declared", body_octets=body)
