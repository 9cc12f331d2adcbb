"""Make docs/servers.md of tests/servers/abilities.toml and tests/quirks.toml.

python docs/servers.py
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from smtpconsole.smtp.sasl import MECHANISMS

HERE = Path(__file__).parent
PAGE = HERE / "servers.md"
TESTS = HERE.parent / "tests"

sys.path.insert(0, str(TESTS / "servers"))
from table import Cell, Place, data, expected, meaning  # noqa: E402  # a table of the tests

INTRODUCTION = """\
# What real servers do

smtpconsole is tried on servers that others wrote, with every ability that it has.  This is what
they do, as the tests find it each time: in a cell with *yes* the server can do it, where it is
*no* its own words stand below.  Nobody's configuration is yours: here each server offers all that
it can.  `make test-servers` starts them and prints the table anew."""

QUIRKS = """\
## What a client has to survive

Each of these was heard from the server that is named, and each is held by a test, with the octets
that were heard where the server is not one of those above."""


LOGINS = sorted(MECHANISMS, key=lambda name: (MECHANISMS[name].strength, name))


def page() -> str:
    """The whole page."""
    cells = expected(tuple(LOGINS))
    parts = [INTRODUCTION, servers(), table(cells)]
    parts.append("## Where it is no, in the server's words")
    parts += words(cells)
    parts += [QUIRKS, quirks()]
    return "\n\n".join(parts) + "\n"


def servers() -> str:
    return "\n".join(f"- **{name}**: {which}" for name, which in data()["servers"].items())


def abilities() -> Iterator[str]:
    """In the order in which they are explained."""
    for name in data()["means"]:
        if name == "AUTH …":
            yield from (f"AUTH {mechanism}" for mechanism in LOGINS)
        else:
            yield name


def table(cells: dict[Place, Cell]) -> str:
    names = list(data()["servers"])
    lines = [f"| ability | {' | '.join(names)} | |", f"|---|{'---|' * len(names)}---|"]
    unknown = []
    for ability in abilities():
        row = [cells[ability, name].can for name in names]
        if not any(row):
            unknown.append(f"`{ability.removeprefix('AUTH ')}`")
            continue
        told = " | ".join("yes" if can else "no" for can in row)
        lines.append(f"| {ability} | {told} | {meaning(ability)} |")
    lines.append(f"\nNone of them lets anybody in by {', '.join(unknown)}.")
    return "\n".join(lines)


def words(cells: dict[Place, Cell]) -> Iterator[str]:
    for name in data()["servers"]:
        found: dict[str, list[str]] = {}
        for ability in abilities():
            cell = cells[ability, name]
            if cell.can:
                continue
            mechanism = ability.removeprefix("AUTH ") if ability in _logins() else "\n"
            told = ", or ".join(f"`{each.replace(mechanism, '…')}`" for each in cell.words)
            found.setdefault(told, []).append(ability)
        rows = [f"- {told}: {listed(which)}" for told, which in found.items()]
        yield f"### {name}\n\n" + ("\n".join(rows) or "Nothing.")


def _logins() -> set[str]:
    return {f"AUTH {mechanism}" for mechanism in LOGINS}


def listed(which: list[str]) -> str:
    """Abilities, with the many mechanisms told as one."""
    logins = [each for each in which if each in _logins()]
    others = [each for each in which if each not in logins]
    if len(logins) > 3:
        return ", ".join([f"{len(logins)} of the mechanisms", *others])
    return ", ".join([*logins, *others])


def quirks() -> str:
    found: list[dict[str, Any]] = tomllib.loads((TESTS / "quirks.toml").read_text("utf-8"))["quirk"]
    rows = [f"| {each['who']} | {each['what']} |" for each in found]
    return "\n".join(["| who | what |", "|---|---|", *rows])


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
