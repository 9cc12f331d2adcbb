"""A comparison as a person reads it, and as a program does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from smtpconsole.transcript.dialogue import Question
from smtpconsole.transcript.diffing import Comparison, Difference, Row
from smtpconsole.visible import visible

_LEAST = 60  # columns


def report(comparison: Comparison, *, width: int = 100) -> Iterator[str]:
    """Lines: what differs of the connections, then each command with both answers.

    `!` marks what counts, `~` what is only worth a look.
    """
    width = max(_LEAST, width)
    for difference in comparison.differences:
        yield _line(comparison, difference, "")
    said = max(20, (width - 4) * 2 // 5)
    each = (width - 4 - said) // 2 - 1
    for row in comparison.rows:
        left, right = _answer(row.left), _answer(row.right)
        same = "the same" if not row.differences and left else right
        line = f"{_mark(comparison, row)} {_cut(visible(row.command), said):{said}} "
        yield f"{line}{_cut(left, each):{each}}  {_cut(same, each)}".rstrip()
        for difference in row.differences:
            if difference.kind not in ("codes", "commands"):  # those are to be seen above
                yield _line(comparison, difference, "  ")


def verdict(comparison: Comparison) -> str:
    """One sentence."""
    counted = sum(map(comparison.counts, comparison.all))
    others = len(list(comparison.all)) - counted
    if not counted:
        more = f"; {others} others are worth a look" if others else ""
        return f"nothing that counts differs{more}"
    differences = "1 difference counts" if counted == 1 else f"{counted} differences count"
    return f"{differences}{f', {others} more are worth a look' if others else ''}"


def _line(comparison: Comparison, difference: Difference, indent: str) -> str:
    mark = "!" if comparison.counts(difference) else "~"
    left, right = visible(difference.left), visible(difference.right)
    return f"{indent}{mark} {difference.kind}: {left} -> {right}"


def _mark(comparison: Comparison, row: Row) -> str:
    if any(map(comparison.counts, row.differences)):
        return "!"
    return "~" if row.differences else " "


def _answer(question: Question | None) -> str:
    if question is None:
        return "-"
    if not question.answers:
        return "no reply"
    turn = question.answers[-1]
    return visible(turn.lines[-1] if len(turn.lines) == 1 else f"{turn.code} …")


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def as_json(comparison: Comparison) -> dict[str, Any]:
    """The same for a program."""
    return {
        "same": comparison.is_same,
        "heeded": sorted(comparison.heeded),
        "differences": [_plain(comparison, each) for each in comparison.differences],
        "commands": [
            {
                "command": visible(row.command),
                "left": _side(row.left),
                "right": _side(row.right),
                "differences": [_plain(comparison, each) for each in row.differences],
            }
            for row in comparison.rows
        ],
    }


def _plain(comparison: Comparison, difference: Difference) -> dict[str, Any]:
    return {
        "kind": difference.kind,
        "left": visible(difference.left),
        "right": visible(difference.right),
        "counts": comparison.counts(difference),
    }


def _side(question: Question | None) -> dict[str, Any] | None:
    if question is None:
        return None
    lines = [visible(line) for turn in question.answers for line in turn.lines]
    return {"codes": question.codes, "lines": lines, "seconds": question.seconds}
