"""Keys in the order in which they were pressed: one is done with before the next is looked at.

Textual (8.2) gives a burst of keys to whatever has the focus when they arrive, and does what Tab
or Ctrl+U stand for later than the letters behind them are typed.  Over a slow line, or to fast
fingers, text came into the wrong field.

Behind each key goes a message of ours, on the same way up to the application: where that arrives,
the key has been dealt with.
Letters that only add to a text need not be waited for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable

from textual import events
from textual.app import App
from textual.message import Message
from textual.widgets import Input, TextArea

Pressed = events.Key | events.Paste
PATIENCE = 0.5  # seconds until the next key is taken where a widget went away with its messages


class Done(Message, bubble=True):
    """What was pressed before this has been dealt with."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class Pressing:
    """What was pressed, and waits for its turn."""

    def __init__(
        self,
        app: App[None],
        take: Callable[[Pressed], Awaitable[None]],
        moves: Callable[[], bool],
    ) -> None:
        """`moves` tells whether the focus is on its way to a pane."""
        self._app = app
        self._take = take
        self._moves = moves
        self._waiting: deque[Pressed] = deque()
        self._number = 0  # of the last one that is waited for
        self._is_busy = False
        self._is_watched = False

    async def press(self, event: Pressed) -> None:
        """Take it, at once or when it is its turn."""
        if self._is_busy:
            self._waiting.append(event)
            self._watch()
            return
        await self._take(event)
        if self._moves():
            self._number += 1
            self._is_busy = True
            self._app.call_after_refresh(self._app.call_later, self.done, self._number)
        elif event.is_forwarded and not self._is_text(event):  # else it is done with by now
            self._number += 1
            target = self._app.focused or self._app.screen
            self._is_busy = target.post_message(Done(self._number))

    def _is_text(self, event: Pressed) -> bool:
        focused = self._app.focused
        return isinstance(focused, Input | TextArea) and getattr(event, "is_printable", False)

    async def done(self, number: int) -> None:
        """That one has been dealt with; take what waits behind it."""
        if number == self._number and self._is_busy:
            self._is_busy = False
            while self._waiting and not self._is_busy:
                await self.press(self._waiting.popleft())

    def _watch(self) -> None:
        """Wait for nothing for ever."""

        async def look(number: int = self._number) -> None:
            self._is_watched = False
            await self.done(number)  # which is no news, but where nothing has moved
            if self._waiting:
                self._watch()

        if not self._is_watched:
            self._is_watched = True
            self._app.set_timer(PATIENCE, look)
