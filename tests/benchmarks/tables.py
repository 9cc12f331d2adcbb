"""What a benchmark finds: tables with their goals, to be printed, and for pages to be made of.

A number has three digits: what is behind them differs from run to run.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import NamedTuple

Cell = float | str | None  # None: there is nothing to measure it with on this machine


class Effort(NamedTuple):
    """How much is to be done."""

    rounds: int
    is_quick: bool  # it is to run, and its figures are of no interest


class Goal(NamedTuple):
    """What was asked for, and what there is."""

    words: str
    found: float
    wanted: float
    is_most: bool = False  # more would be worse

    @property
    def is_met(self) -> bool:
        return self.found <= self.wanted if self.is_most else self.found >= self.wanted


@dataclass
class Table:
    """Rows by name, a number in each column."""

    name: str
    title: str
    columns: list[str]
    rows: dict[str, list[Cell]] = field(default_factory=dict)
    goals: list[Goal] = field(default_factory=list)

    def __str__(self) -> str:
        widths = [max(len(name) for name in self.rows), *(max(9, len(c)) for c in self.columns)]
        told = [self.title]
        for name, *cells in [["", *self.columns], *([n, *c] for n, c in self.rows.items())]:
            columns = zip(cells, widths[1:], strict=True)
            row = "".join(f"  {shown(cell):>{width}}" for cell, width in columns)
            told.append(f"  {name:{widths[0]}}{row}")
        for goal in self.goals:
            most = "at most" if goal.is_most else "at least"
            verdict = "met" if goal.is_met else "NOT met"
            found, wanted = shown(goal.found), shown(goal.wanted)
            told.append(f"  {goal.words}: {found}, {most} {wanted}: {verdict}")
        return "\n".join(told)

    def toml(self) -> str:
        """The table as it is kept."""
        lines = [
            "[[table]]",
            f"name = {json.dumps(self.name)}",
            f"title = {json.dumps(self.title)}",
        ]
        lines += [f"columns = {_kept([*self.columns])}", "rows = ["]
        lines += [f"  {_kept([name, *cells])}," for name, cells in self.rows.items()]
        lines += ["]", "goals = ["]
        lines += [f"  {_kept([*goal[:3], goal.is_most, goal.is_met])}," for goal in self.goals]
        return "\n".join([*lines, "]"])


def shown(value: Cell) -> str:
    """A number for people."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if abs(value) >= 100 else f"{rounded(value):g}"


def rounded(value: float) -> float:
    """A number of three digits."""
    return round(value) if abs(value) >= 100 else float(f"{value:.3g}")


def _kept(values: list[Cell]) -> str:
    # TOML has no null; JSON's strings, numbers and booleans are TOML's.
    plain = [
        rounded(each) if isinstance(each, float) else "-" if each is None else each
        for each in values
    ]
    return json.dumps(plain, ensure_ascii=False)


def file(tables: list[Table], versions: dict[str, str], rounds: int) -> str:
    """All that the pages are made of; it names neither machine nor path."""
    head = ["# Written by `make bench`; `python docs/figures.py` makes the pages of it.", ""]
    head += [f"rounds = {rounds}", "", "[versions]"]
    head += [f"{json.dumps(name)} = {json.dumps(version)}" for name, version in versions.items()]
    return "\n".join([*head, "", "\n\n".join(table.toml() for table in tables), ""])
