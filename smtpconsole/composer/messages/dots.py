"""Dots at the beginning of lines."""

from __future__ import annotations

from dataclasses import replace

from smtpconsole.composer.draft import Draft
from smtpconsole.composer.messages import message

_LINES = (b".", b"..", b"...", b".x", b". ", b"a.", b"", b".", b"")


@message(expects="250: it arrives with exactly these dots, no more and no fewer")
def dots(draft: Draft) -> Draft:
    """Whether dots are doubled and halved as they should be (RFC 5321, 4.5.2)."""
    return replace(draft, subject="Dots", body_octets=b"".join(line + b"\r\n" for line in _LINES))
