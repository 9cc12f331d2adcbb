"""The tour of the console: it holds, says a sentence and a key a station, and can be left."""

from __future__ import annotations

import re

from test_console import Person

from smtpconsole.console.coach import advise
from smtpconsole.console.console import Console
from smtpconsole.console.settings import Settings
from smtpconsole.console.teaching import lessonplay
from smtpconsole.lessons import catalogue
from smtpconsole.transcript.journal import Journal


async def test_it_can_be_walked_as_it_is_offered_by_nothing_but_tab_and_enter() -> None:
    person = Person()
    settings = Settings(name="client.example", keys={"sandbox": "ctrl+f"})
    console = Console(person, Journal(), settings=settings)
    await console.execute("/tour")
    texts = []
    while console.learning is not None:
        tutor = console.learning.tutor
        texts.append(tutor.filled(tutor.step.text if tutor.step is not None else ""))
        offer = advise(console).line
        await console.execute(offer)
        if offer != "/learn next":
            await console.learning.until(lambda tutor=tutor: tutor.is_done)  # type: ignore[misc]
        assert len(texts) < 25, offer
    assert console.standing.place("tour").is_finished and console.standing.last == ""
    assert any("^F is the server's diary" in re.sub(r"\W*\*\*", "", text) for text in texts)
    assert not any("{key" in text for text in texts)
    await console.end()


async def test_its_stations_hold_on_a_sandbox() -> None:
    assert await lessonplay.problems(catalogue.tour().read(), lambda told: None) == []


async def test_it_is_left_at_any_time_and_gone_on_with() -> None:
    person = Person()
    console = Console(person, Journal())
    for line in ("/tour", "/learn next", "/learn next", "/learn leave"):
        await console.execute(line)
    assert console.learning is None
    await console.execute("/tour")
    assert console.learning is not None and console.learning.tutor.index == 1
    await console.end()
