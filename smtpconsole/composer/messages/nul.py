"""An octet that no message may hold."""

from __future__ import annotations

from dataclasses import replace

from smtpconsole.composer.draft import Draft
from smtpconsole.composer.messages import message


@message(
    expects="250 where NUL is borne or removed; 550 or 554 where it is refused",
    codes=(250, 550, 554),
)
def nul(draft: Draft) -> Draft:
    """Whether NUL cuts the message short, is removed, or is refused (RFC 5322, 2.2)."""
    return replace(
        draft, subject="NUL within", body_octets=b"before \0 after\r\nand a line behind it\r\n"
    )
