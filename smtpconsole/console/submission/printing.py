"""A session printed while it happens, with swaks' marks: what of it, and how much.

Answers and troubles stand between the lines, where they came up.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.composing.folding import LONG, Fold
from smtpconsole.console.composing.progress import Progress, ProgressLine
from smtpconsole.console.headless import PASSWORD, at_terminal
from smtpconsole.transcript.journal import Journal
from smtpconsole.transcript.turns import Side, Teller, Turn
from smtpconsole.visible import visible

_SIDES = {"send": Side.CLIENT, "receive": Side.SERVER, "info": Side.CONSOLE}


@dataclass(frozen=True, slots=True)
class Look:
    """How much is printed."""

    hidden: frozenset[str] = frozenset()  # of "send", "receive", "info"
    hints: frozenset[str] = frozenset(_SIDES)  # whose lines have marks
    is_content_hidden: bool = False
    is_content_whole: bool = False  # however long
    has_times: bool = False
    has_octets: bool = False
    has_details: bool = False  # of logging in, decoded
    silent: int = 0  # 1: nothing before an error; 2: errors alone; 3: nothing


class Printer:
    """The front end of a sending."""

    def __init__(self, journal: Journal, look: Look, out: TextIO | None) -> None:
        self._journal, self._look, self._out = journal, look, out
        self._teller = Teller(journal)
        self._told = 0
        self._line = ProgressLine()
        self._kept: list[str] = []  # in silence, until there is an error
        self._is_silent = look.silent > 0
        self._verb = b""  # of what was said last
        self._fold = Fold(None if look.is_content_whole else LONG)
        self.troubles: list[Answer] = []
        if out is not None:
            journal.subscribe(self._tell)

    # --- what the console asks of a front end

    def show(self, answer: Answer) -> None:
        """Print an answer between the lines of the session."""
        self._tell()
        lines = [answer.title, *self._lines(answer)]
        if not answer.is_trouble:
            self._say(lines, "===", "info")
            return
        self.troubles.append(answer)
        if self._out is None:
            _complain(lines)
        elif self._look.silent < 3:
            self._break_silence()
            self._say(lines, "***", "info", is_trouble=True)

    def _lines(self, answer: Answer) -> tuple[str, ...]:
        is_login = self._verb == b"AUTH" and not answer.is_trouble
        return () if is_login and not self._look.has_details else answer.lines

    async def ask(self, question: str, *, secret: bool = False) -> str:
        """Ask at the terminal; SMTP_PASSWORD is an answer, too."""
        if secret and PASSWORD in os.environ:
            return os.environ[PASSWORD]
        if not sys.stdin.isatty():
            if secret:
                raise ConsoleError(
                    f"nobody can be asked: {question}",
                    "SMTP_PASSWORD, --password-file, --netrc, --keyring and others give it",
                )
            _complain([f"{question} (nobody to ask: no)"])
            return ""
        return await at_terminal(question, secret=secret)

    async def edit(self, text: str, *, suffix: str) -> str | None:
        """Nothing is edited on the way."""
        raise ConsoleError("nothing can be edited here")

    def progress(self, progress: Progress | None) -> None:
        """Tell how far it is on a terminal, in one line."""
        self._line.tell(progress)

    def copy(self, text: str) -> str:
        """There is no clipboard."""
        return ""

    def teach(self, answer: Answer) -> None:
        """Nobody learns here."""

    def leave(self) -> None:
        """There is nothing to leave."""

    # --- printing

    def _tell(self) -> None:
        if self._out is None:
            return
        entries = self._journal.since(self._told)
        self._told += len(entries)
        for turn in self._teller.tell(entries):
            self._turn(turn)

    def _turn(self, turn: Turn) -> None:
        kind = next(name for name, side in _SIDES.items() if side is turn.side)
        look = self._look
        self._verb = turn.verb or self._verb
        if look.has_times and turn.answers is not None:
            seconds = turn.at - self._journal.entry(turn.answers).at
            self._say([f"response in {seconds:.3f}s"], "===", "info")
        octets = list(dumped(turn)) if look.has_octets and turn.data else []
        if turn.side is Side.SERVER:
            self._raw(octets, kind)
        held = self._fold.before(turn)
        self._say(held, " ~>" if turn.is_secure else " ->", "send")
        self._say(self._shown(turn), turn.mark, kind, is_trouble=turn.mark == "***")
        if turn.side is Side.CLIENT:
            self._raw(octets, kind)

    def _shown(self, turn: Turn) -> list[str]:
        """The lines of a turn, those of a long message counted."""
        if turn.is_content and self._look.is_content_hidden:
            return [f"{len(turn.lines)} lines sent"]
        return self._fold.lines(turn)

    def _raw(self, lines: list[str], kind: str) -> None:
        if kind not in self._look.hidden:
            self._put(lines)

    def _say(self, lines: list[str], mark: str, kind: str, *, is_trouble: bool = False) -> None:
        if kind in self._look.hidden and not is_trouble:
            return
        front = f"{mark} " if kind in self._look.hints else ""
        self._put([f"{front}{visible(line)}".rstrip() if line else mark.rstrip() for line in lines])

    def _put(self, lines: list[str]) -> None:
        if self._out is None:
            return
        if self._is_silent:
            self._kept += lines
            return
        self._line.end()
        for line in lines:
            self._out.write(f"{line}\n")
        self._out.flush()

    def _break_silence(self) -> None:
        if self._look.silent == 1 and self._is_silent:
            self._is_silent = False
            kept, self._kept = self._kept, []
            self._put(kept)
        elif self._look.silent == 2:
            self._is_silent = False

    def close(self) -> None:
        """All that happened is printed."""
        self._tell()
        self._line.end()


def _complain(lines: list[str]) -> None:
    for line in lines:
        print(f"*** {visible(line)}", file=sys.stderr)


def dumped(turn: Turn) -> Iterator[str]:
    """The octets of a turn in hex, sixteen a line in groups of four, as swaks has them."""
    front = "  >" if turn.side is Side.CLIENT else "  <"
    for at in range(0, len(turn.data), 16):
        piece = turn.data[at : at + 16]
        groups = (piece[start : start + 4].hex(" ") for start in range(0, 16, 4))
        text = "".join(chr(octet) if 0x20 <= octet < 0x7F else "." for octet in piece)
        yield f"{front} {at:04d}: {'  '.join(groups):53}  {text}"
