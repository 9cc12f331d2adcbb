"""Colours of the line mode: those of the terminal, and none where none are wanted."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

from smtpconsole.console.answers import Answer
from smtpconsole.console.settings import Settings
from smtpconsole.transcript.turns import Side, Turn

_CLIENT, _HAPPENED, _TROUBLE, _WARNING, _TITLE = "36", "2", "31", "33", "1"


@dataclass(frozen=True, slots=True)
class Looks:
    """Gives lines their colour."""

    has_colour: bool

    @classmethod
    def of(cls, settings: Settings) -> Looks:
        """Colours on a terminal that has them, unless NO_COLOR (no-color.org) is set."""
        is_terminal = sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        is_plain = bool(os.environ.get("NO_COLOR")) or settings.accessible
        return cls(is_terminal and not is_plain)

    def turn(self, turn: Turn, line: str) -> str:
        """A line of the wire."""
        if turn.side is Side.CLIENT:
            return self._dressed(_CLIENT, line)
        if turn.side is Side.SERVER:
            if turn.code is not None and 400 <= turn.code < 500:
                return self._dressed(_WARNING, line)
            return self._dressed(_TROUBLE, line) if turn.is_trouble else line
        return self._dressed(_WARNING if turn.is_trouble else _HAPPENED, line)

    def answer(self, answer: Answer, line: str) -> str:
        """A line of an answer."""
        if line.startswith(" "):
            return line
        return self._dressed(_TROUBLE if answer.is_trouble else _TITLE, line)

    def happened(self, line: str) -> str:
        """A remark of the console."""
        return self._dressed(_HAPPENED, line)

    def _dressed(self, code: str, line: str) -> str:
        return f"\x1b[{code}m{line}\x1b[0m" if self.has_colour else line
