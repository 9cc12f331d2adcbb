"""What goes wrong when a message is written."""

from __future__ import annotations


class DraftError(ValueError):
    """The draft cannot be sent as it stands; says why, and what to do."""
