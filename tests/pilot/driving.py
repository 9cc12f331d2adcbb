"""Drive the application by keys, and look at what is on its screen."""

from __future__ import annotations

import asyncio
import contextlib
import difflib
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual import _wait, events
from textual._context import visible_screen_stack
from textual.app import ScreenStackError
from textual.message_pump import MessagePump
from textual.pilot import Pilot

from smtpconsole.console.console import Suggestions
from smtpconsole.console.history import History
from smtpconsole.console.settings import Settings
from smtpconsole.transcript.journal import Journal
from smtpconsole.tui.app import ConsoleApp
from smtpconsole.tui.prompt import Prompt

WIDE = (120, 40)
NARROW = (80, 24)
_PATIENCE = 60  # seconds; on an idle machine a tenth of one will do

# Textual sleeps 20 ms at least twice for each key, and looks whether anything happens meanwhile.
_wait.SLEEP_GRANULARITY, _wait.SLEEP_IDLE = 0.004, 0.0004


class Driver:
    """An application under test."""

    def __init__(self, app: ConsoleApp, pilot: Pilot[None], journal: Journal) -> None:
        self.app = app
        self.pilot = pilot
        self.journal = journal
        self.seen: list[str] = []  # every screen that was looked at
        self._drawn = asyncio.Event()
        display = app._display

        def displayed(*what: Any) -> None:
            display(*what)
            self._drawn.set()

        app._display = displayed  # type: ignore[method-assign]

    @property
    def screen(self) -> str:
        """What is on the screen, a line a row."""
        # With what lies below, or a screen that is looked at before it was ever drawn stays blank.
        below = visible_screen_stack.set(self.app._background_screens)
        strips = self.app.screen._compositor.render_strips()
        visible_screen_stack.reset(below)
        text = "\n".join("".join(segment.text for segment in strip) for strip in strips)
        self.seen.append(text)
        return text

    async def until(self, *texts: str) -> str:
        """Wait until all of the texts are on the screen; the screen."""
        return await self.wait(lambda: all(text in self.screen for text in texts), str(texts))

    async def wait(self, condition: Callable[[], bool], what: str) -> str:
        """Wait until something is so, looking whenever anything is drawn; the screen."""
        try:
            async with asyncio.timeout(_PATIENCE):
                while not condition():
                    self._drawn.clear()
                    with contextlib.suppress(TimeoutError):  # it may be nothing that is drawn
                        await asyncio.wait_for(self._drawn.wait(), 0.1)
        except TimeoutError:
            raise AssertionError(f"{what} has not come about\n{self.screen}") from None
        return self.screen

    async def same(self, golden: Path, shown: Callable[[], str]) -> None:
        """Wait until it looks as was approved; `GOLDEN=write` approves of how it looks."""
        if os.environ.get("GOLDEN") == "write":
            await self.pilot.pause(2)
            golden.parent.mkdir(exist_ok=True)
            golden.write_text(shown())
        wanted = golden.read_text()
        with contextlib.suppress(AssertionError):  # the comparison below tells more
            await self.wait(lambda: shown() == wanted, golden.name)
        apart = difflib.unified_diff(
            wanted.splitlines(), shown().splitlines(), golden.name, lineterm=""
        )
        assert shown() == wanted, "\n".join(apart)

    async def press(self, *keys: str) -> None:
        """Press keys, one after the other, until what has the focus has taken the last."""
        await self.pilot.press(*keys)
        nodes: list[MessagePump] = []
        with contextlib.suppress(ScreenStackError):  # it may have been the last key of all
            nodes += self.app.focused.ancestors_with_self if self.app.focused is not None else ()
        for node in nodes:
            taken = asyncio.Event()
            if node.call_later(taken.set):
                with contextlib.suppress(TimeoutError):  # it may be gone by now
                    await asyncio.wait_for(taken.wait(), 1)

    def hurry(self, *lines: str) -> None:
        """Type lines as fast as a terminal sends them, waiting for nothing in between."""
        for line in lines:
            for char in line:
                self.app.post_message(events.Key(char, char))
            self.app.post_message(events.Key("enter", "\r"))

    async def enter(self, line: str) -> None:
        """Put a line at the prompt at once, and press Enter; keys one by one take their time."""
        self.app.query_one(Prompt).type(line)
        await self.press("enter")


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
