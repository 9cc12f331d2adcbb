"""Plain text with swaks' marks, as mail people know it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from smtpconsole.transcript.formats import About, export_format
from smtpconsole.transcript.turns import Turn
from smtpconsole.visible import visible


@export_format("text", "txt")
def text(turns: Sequence[Turn], about: About) -> str:
    """Text with the marks of swaks, a line each."""
    return "".join(f"{line}\n" for line in marked(turns))


def marked(turns: Sequence[Turn]) -> Iterator[str]:
    """Each line of each turn with its mark before it."""
    for turn in turns:
        for line in turn.lines:
            yield f"{turn.mark} {visible(line)}".rstrip()
