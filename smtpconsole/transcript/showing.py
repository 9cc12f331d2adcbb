"""How much of a session an export shows, and the words in which it says so.

Nothing secret is shown unless a person asks for it by name; then the export says that, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from smtpconsole.transcript.turns import Side, Turn


@dataclass(frozen=True, slots=True)
class Show:
    """What is shown."""

    credentials: bool = False  # possible only while the session is in memory
    content: bool = True  # of messages
    addresses: bool = True  # mailboxes, host names, addresses of the network

    def __str__(self) -> str:
        parts = (
            ("credentials", self.credentials),
            ("message content", self.content),
            ("addresses", self.addresses),
        )
        shown = [name for name, is_shown in parts if is_shown]
        hidden = [name for name, is_shown in parts if not is_shown]
        told = [f"not shown: {', '.join(hidden)}"] if hidden else []
        if shown:
            told.append(f"shown: {', '.join(shown)}")
        return "; ".join(told)


HIDDEN = Show()


def without_content(turns: Sequence[Turn]) -> list[Turn]:
    """The turns with each message replaced by its size; its end is still to be seen."""
    told: list[Turn] = []
    for turn in turns:
        if turn.is_content:
            told.append(_measured(turn, 0))
        elif turn.verb == b"BDAT" and turn.side is Side.CLIENT:
            told.append(_measured(turn, 1))
        else:
            told.append(turn)
    return told


def _measured(turn: Turn, kept: int) -> Turn:
    """A turn whose lines behind the first `kept` are told by number only."""
    head, tail = turn.lines[:kept], turn.lines[kept:]
    end = ["."] if not kept and tail[-1:] == ["."] else []
    hidden = tail[: len(tail) - len(end)]
    if not hidden:
        return turn
    # The CRLF of the last line is counted, as it is where the line stands alone.
    octets = sum(len(line.encode("utf-8", "surrogateescape")) + 2 for line in hidden)
    said = f"[content not shown: {octets} octets in {len(hidden)} lines]"
    return turn.telling([*head, said, *end])


def part(
    turns: Sequence[Turn],
    *,
    first: int | None = None,
    last: int | None = None,
    last_connection: bool = False,
    last_exchange: bool = False,
) -> list[Turn]:
    """Some of the turns: between two numbers, of the last connection, or of the last exchange."""
    begin = 0
    if last_connection:
        begin = max((at for at, turn in enumerate(turns) if turn.is_dialling), default=0)
    elif last_exchange:
        begin = _last_exchange(turns)
    return [
        turn
        for turn in turns[begin:]
        if (first is None or turn.number >= first) and (last is None or turn.number <= last)
    ]


def _last_exchange(turns: Sequence[Turn]) -> int:
    """Where the last group of commands begins; a message belongs to its DATA."""
    begin = len(turns)
    for at in range(len(turns) - 1, -1, -1):
        turn = turns[at]
        if turn.side is not Side.CLIENT:
            if begin < len(turns) and not turns[begin].is_content:
                break
            continue
        begin = at
    return begin if begin < len(turns) else 0
