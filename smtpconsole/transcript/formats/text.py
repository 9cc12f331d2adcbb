"""Plain text with swaks' marks, as mail people know it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from smtpconsole.transcript.formats import About, export_format
from smtpconsole.transcript.turns import Turn
from smtpconsole.visible import visible

STAMP = "=== transcript by "


@export_format("text", "txt", last_line="=== sha256 of the lines above: %s")
def text(turns: Sequence[Turn], about: About) -> str:
    """Text with the marks of swaks, a line each."""
    lines = [*marked(turns), f"{STAMP}{about.stamp}"]
    return "".join(f"{line}\n" for line in lines)


def marked(turns: Sequence[Turn]) -> Iterator[str]:
    """Each line of each turn with its mark before it."""
    for turn in turns:
        for line in turn.lines:
            yield f"{turn.mark} {visible(line)}" if line else turn.mark.rstrip()
