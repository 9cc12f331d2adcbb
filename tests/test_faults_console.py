"""Every fault of the sandbox on the console: a person is told what it is, and can go on."""

from __future__ import annotations

import asyncio
import tracemalloc

import pytest
from spoilt import PATIENCE, SIDE_BY_SIDE, Told, all_told

from smtpconsole.sandbox.faults import known
from smtpconsole.smtp.events import Phase

pytestmark = pytest.mark.faults

# Traced by tracemalloc: both ends of six sessions at once, each with a message of 1 MB or a flood.
MOST = SIDE_BY_SIDE * 25_000_000


@pytest.fixture(scope="module")
def sessions() -> tuple[dict[str, Told], int]:
    """What was told of each fault, and the octets that it took at most."""
    tracemalloc.start()
    try:
        found = asyncio.run(all_told())
        return found, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", known())
def test_a_person_is_told_what_it_is_in_time_and_can_go_on(
    sessions: tuple[dict[str, Told], int], name: str
) -> None:
    told = sessions[0][name]
    for words in told.fault.told:
        assert any(each in told.words for each in words.split(" | ")), told.words
    assert told.fault.told
    assert "bug in smtpconsole" not in told.words and "Traceback" not in told.words
    assert told.seconds < 4 * (told.fault.seconds + PATIENCE)  # of a machine with other work
    assert told.owed == 0 and told.phase in (None, Phase.READY, Phase.CLOSING, Phase.CLOSED)
    if told.trouble is not None:
        assert told.trouble.next or told.advice, "there is a next step"
    assert told.is_well_afterwards, "a new connection has nothing of the old one"


def test_memory_stays_bounded(sessions: tuple[dict[str, Told], int]) -> None:
    assert sessions[1] < MOST
