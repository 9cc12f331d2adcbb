"""Drive the application by keys, and look at what is on its screen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from textual import events
from textual.pilot import Pilot

from smtpconsole.console.console import Suggestions
from smtpconsole.console.history import History
from smtpconsole.console.settings import Settings
from smtpconsole.transcript.journal import Journal
from smtpconsole.tui.app import ConsoleApp
from smtpconsole.tui.prompt import Prompt

WIDE = (120, 40)
NARROW = (80, 24)
_PATIENCE = 15  # seconds


class Driver:
    """An application under test."""

    def __init__(self, app: ConsoleApp, pilot: Pilot[None], journal: Journal) -> None:
        self.app = app
        self.pilot = pilot
        self.journal = journal
        self.seen: list[str] = []  # every screen that was looked at

    @property
    def screen(self) -> str:
        """What is on the screen, a line a row."""
        strips = self.app.screen._compositor.render_strips()
        text = "\n".join("".join(segment.text for segment in strip) for strip in strips)
        self.seen.append(text)
        return text

    async def until(self, *texts: str) -> str:
        """Wait until all of the texts are on the screen; the screen."""
        return await self.wait(lambda: all(text in self.screen for text in texts), str(texts))

    async def wait(self, condition: Callable[[], bool], what: str) -> str:
        """Wait until something is so; the screen."""
        try:
            async with asyncio.timeout(_PATIENCE):
                while not condition():
                    await self.pilot.pause(0.05)
        except TimeoutError:
            raise AssertionError(f"{what} has not come about\n{self.screen}") from None
        return self.screen

    async def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        await self.pilot.press(*keys)

    def hurry(self, *lines: str) -> None:
        """Type lines as fast as a terminal sends them, waiting for nothing in between."""
        for line in lines:
            for char in line:
                self.app.post_message(events.Key(char, char))
            self.app.post_message(events.Key("enter", "\r"))

    async def enter(self, line: str) -> None:
        """Put a line at the prompt at once, and press Enter; keys one by one take their time."""
        self.app.query_one(Prompt).type(line)
        await self.pilot.press("enter")


@asynccontextmanager
async def driving(
    target: str,
    *,
    size: tuple[int, int] = WIDE,
    settings: Settings | None = None,
    suggestions: Suggestions | None = None,
    journal: Journal | None = None,
    history: Path | None = None,
) -> AsyncIterator[Driver]:
    """The application, connected to a server, in a terminal of that size."""
    journal = journal if journal is not None else Journal()
    suggestions = suggestions if suggestions is not None else Suggestions(target=target)
    settings = settings if settings is not None else Settings()
    settings.name = "client.example"
    app = ConsoleApp(journal, settings, suggestions, history=History(history))
    async with app.run_test(size=size, notifications=True) as pilot:
        yield Driver(app, pilot, journal)
