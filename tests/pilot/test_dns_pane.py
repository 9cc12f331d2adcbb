"""The matrix in the application, by keys alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import zone
from driving import NARROW, WIDE, driving
from street import HOUSES, LAB, Street, street

from smtpconsole.console.console import Suggestions
from smtpconsole.console.settings import Settings
from smtpconsole.smtp.events import Target


@pytest.fixture(scope="module")
def houses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    with street(tmp_path_factory.mktemp("street"), HOUSES) as found:
        yield found


@pytest.fixture
def names() -> Iterator[zone.Names]:
    with zone.serve(zone.zone("lab.test", LAB)) as running:
        yield running


def settings(names: zone.Names, houses: Street) -> Settings:
    return Settings(
        ca=str(houses.ca), timeout=2, remember=False, dns=f"127.0.0.1:{names.port}", coach=True
    )


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_the_matrix_fills_in_and_a_cell_opens_by_keys(
    houses: Street, names: zone.Names, size: tuple[int, int]
) -> None:
    start = Suggestions()
    async with driving(
        "", size=size, settings=settings(names, houses), suggestions=start
    ) as driver:
        await driver.press("ctrl+n")
        await driver.until("No domain yet.", "/mx example.com")
        await driver.press("escape", "escape", "escape")  # the pane, what is offered, the overlay
        await driver.enter(f"/mx sound.lab.test --port {houses.port}")
        await driver.until("sound, every server takes mail")
        await driver.press("escape", "ctrl+n")
        screen = await driver.until("greet", "policy", "1 127.0.0.2", "10 mail.lab.test")
        assert "Enter: connect" in screen
        await driver.press("right", "right", "right", "right")
        await driver.until("it proves mail.lab.test")
        await driver.press("down", "right")
        await driver.until("127.0.0.3, policy", "DANE: yes, no TLSA records")
        await driver.press("enter")
        await driver.wait(
            lambda: (
                driver.app.smtp_console.target == Target("127.0.0.3", houses.port)
                and driver.app.smtp_console.phase is not None
            ),
            "the session",
        )


async def test_troubles_are_told_without_colour(houses: Street, names: zone.Names) -> None:
    async with driving("", settings=settings(names, houses), suggestions=Suggestions()) as driver:
        await driver.enter(f"/mx half.lab.test --port {houses.port}")
        await driver.until("half.lab.test: faulty, mail can be delivered")
        await driver.press("escape", "ctrl+n", "down", "down")
        await driver.until("^N DNS !", "3 127.0.0.8", "cannot be reached: refused")
        await driver.press("down", "right", "right", "right")
        await driver.until("127.0.0.6, STARTTLS", "STARTTLS is not offered")
