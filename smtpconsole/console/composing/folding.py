"""Long messages in lines of text: their beginning, and how much more there was."""

from __future__ import annotations

from smtpconsole.smtp.content import END
from smtpconsole.transcript.turns import Turn

LONG = 400  # lines
FIRST = 20


class Fold:
    """The lines of turns to show; a message may come in many pieces.

    `most` is how many lines of a message there are before it is a long one; None is no limit.
    """

    def __init__(self, most: int | None = LONG) -> None:
        self._most = most
        self._count = 0  # lines of the message under way
        self._hidden = 0  # of these

    def before(self, turn: Turn) -> list[str]:
        """What was held back, now that something else comes; to be shown as of the client."""
        hidden = 0 if turn.is_content and turn.data != END else self._hidden
        self._hidden -= hidden
        return [f"… {hidden:,} more lines"] if hidden else []

    def lines(self, turn: Turn) -> list[str]:
        """What to show of a turn."""
        if not turn.is_content or turn.data == END:
            self._count = 0
            return turn.lines
        before, self._count = self._count, self._count + len(turn.lines)
        if self._most is None or self._count <= self._most:
            return turn.lines
        shown = max(0, FIRST - before)
        self._hidden += len(turn.lines) - shown
        return turn.lines[:shown]
