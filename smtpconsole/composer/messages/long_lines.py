"""Lines longer than any line may be."""

from __future__ import annotations

from dataclasses import replace

from smtpconsole.composer.draft import Draft
from smtpconsole.composer.messages import message


@message(
    expects="250 where long lines are folded or borne; 500, 550 or 554 where they are not",
    codes=(250, 500, 550, 552, 554),
)
def long_lines(draft: Draft) -> Draft:
    """What becomes of lines of 998, 999, 2,048 and 10,000 octets (RFC 5322, 2.1.1)."""
    lines = b"".join(b"x" * length + b"\r\n" for length in (998, 999, 2048, 10_000))
    return replace(draft, subject="Long lines", body_octets=lines)
