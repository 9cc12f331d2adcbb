"""The table of abilities x servers, cell by cell; `make test-servers` prints it at its end."""

from __future__ import annotations

import asyncio

import conduct  # noqa: F401  # its rows come last
import pytest
from abilities import ROWS
from columns import COLUMNS
from table import Cell, data, expected, meaning, printed

from smtpconsole.smtp.sasl import MECHANISMS

pytestmark = pytest.mark.servers

LIMIT = 120  # seconds for a cell, on a slow machine
PLACES = [(ability, server) for server in COLUMNS for ability in ROWS]
EXPECTED = expected(tuple(MECHANISMS))


@pytest.mark.parametrize(
    ("ability", "server"), PLACES, ids=[f"{server}: {ability}" for ability, server in PLACES]
)
def test_a_server_does_what_the_table_says(
    ability: str, server: str, request: pytest.FixtureRequest
) -> None:
    fixture, column = COLUMNS[server]
    running = request.getfixturevalue(fixture)
    request.node.funcargs[fixture] = running  # whose log is shown where the test fails
    at = column(running)

    noted = request.node.user_properties  # what the printed table is made of
    noted.append(("cell", (ability, server, False, "")))

    async def limited() -> tuple[bool, str]:
        async with asyncio.timeout(LIMIT):
            told = await ROWS[ability](at)
        return told.can, told.words

    can, words = asyncio.run(limited())
    cell = EXPECTED[ability, server]
    noted[-1] = ("cell", (ability, server, can, words))
    assert cell.holds(can, words), f"{'yes' if can else 'no'}, {words}; the table says: {cell}"


def test_the_table_has_a_cell_for_each_ability_of_each_server() -> None:
    assert sorted(EXPECTED) == sorted(PLACES)
    assert list(data()["servers"]) == list(COLUMNS)
    assert all(meaning(ability) for ability in ROWS)


def test_a_cell_holds_what_it_says_and_nothing_else() -> None:
    cell = Cell(False, ("500 5.5.1 no … here", "Connection …"))
    assert cell.holds(False, "500 5.5.1 no way here")
    assert cell.holds(False, "Connection lost")
    assert not cell.holds(True, "Connection lost")
    assert not cell.holds(False, "500 5.5.1 no way")
    assert Cell(True).holds(True, "whatever")


def test_the_printed_table_names_abilities_servers_and_the_words_of_every_no() -> None:
    lines = list(
        printed({("BDAT", "A"): ("yes", "250 ok"), ("BDAT", "B"): ("no", "500 what\nis that")})
    )
    assert lines[:2] == ["     A    B", "BDAT yes  no"]
    assert lines[-2:] == ["  500 what / is that", "      BDAT"]
