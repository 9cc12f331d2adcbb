"""The envelope a server holds between MAIL and the end of the message (RFC 5321, 3.3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from smtpconsole.smtp.replies import Reply


@dataclass(slots=True)
class Chunk:
    """A BDAT chunk that is being typed."""

    left: int  # octets
    is_last: bool


@dataclass(slots=True)
class Transaction:
    """Who sends, and what became of each recipient so far, as the caller knows them."""

    sender: Any = None  # None: the server took a recipient without a MAIL
    accepted: list[Any] = field(default_factory=list)
    refused: list[tuple[Any, Reply]] = field(default_factory=list)
