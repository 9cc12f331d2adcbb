"""The table of abilities x servers: what must happen, and what did in this run."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("abilities.toml")

Place = tuple[str, str]  # ability, server


@dataclass(frozen=True)
class Cell:
    """What must come of one ability on one server."""

    can: bool
    words: tuple[str, ...] = ()  # one of them; none if they do not matter

    def holds(self, can: bool, words: str) -> bool:
        return can == self.can and (
            not self.words or any(_fits(each, words) for each in self.words)
        )

    def __str__(self) -> str:
        return ", or ".join((("yes" if self.can else "no"), *self.words)).replace(", or ", ", ", 1)


def _fits(expected: str, words: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, expected.split("…"))), words, re.S) is not None


def _cell(told: str | list[str]) -> Cell:
    each = [told] if isinstance(told, str) else told
    verdicts, words = zip(*(one.partition(", ")[::2] for one in each), strict=True)
    (verdict,) = set(verdicts)
    assert verdict in ("yes", "no"), f"a cell says yes or no, not {verdict!r}"
    return Cell(verdict == "yes", tuple(filter(None, words)))


@cache
def expected(mechanisms: tuple[str, ...]) -> Mapping[Place, Cell]:
    """Every cell; those of AUTH are made from what each server offers."""
    return dict(_cells(data(), mechanisms))


@cache
def data() -> dict[str, Any]:
    """The file as it is."""
    return tomllib.loads(FILE.read_text("utf-8"))


def meaning(ability: str) -> str:
    """What an ability is, in a few words."""
    means: dict[str, str] = data()["means"]
    return means.get(ability) or means["AUTH …" if ability.startswith("AUTH ") else ability]


def _cells(told: dict[str, Any], mechanisms: tuple[str, ...]) -> Iterator[tuple[Place, Cell]]:
    for server, offered in told["AUTH"].items():
        for name in mechanisms:
            words = told["not offered"][server].format(name=name)
            can = name in offered.split()
            yield (f"AUTH {name}", server), Cell(can) if can else Cell(False, (words,))
    for ability, row in told["rows"].items():
        for server, cell in row.items():
            yield (ability, server), _cell(cell)


def printed(cells: Mapping[Place, tuple[str, str]]) -> Iterator[str]:
    """Lines of plain text: the table, and below it the words of every no, server by server.

    `cells` are what happened: a short verdict, and words.
    """
    abilities = list(dict.fromkeys(ability for ability, _ in cells))
    servers = list(dict.fromkeys(server for _, server in cells))
    wide = max(map(len, abilities))
    widths = [max(len(server), 4) for server in servers]
    heads = zip(servers, widths, strict=True)
    yield " ".join((" " * wide, *(server.ljust(width) for server, width in heads))).rstrip()
    for ability in abilities:
        verdicts = (cells.get((ability, server), ("", ""))[0] for server in servers)
        marks = (mark.ljust(width) for mark, width in zip(verdicts, widths, strict=True))
        yield " ".join((ability.ljust(wide), *marks)).rstrip()
    for server in servers:
        yield ""
        yield f"{server}, where it is no"
        words: dict[str, list[str]] = {}
        for (ability, whose), (verdict, told) in cells.items():
            if whose == server and verdict != "yes":
                name = ability.removeprefix("AUTH ") if ability.startswith("AUTH ") else ""
                line = told.replace("\n", " / ").replace(name or "\n", "…")
                words.setdefault(line, []).append(ability)
        for told, which in words.items():
            yield f"  {told}"
            yield f"      {', '.join(which)}"
