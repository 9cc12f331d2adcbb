"""Questions at the prompt: one at a time, answered by Enter, by a pane, or not at all by Escape."""

from __future__ import annotations

import asyncio

from smtpconsole.console.coach import Advice
from smtpconsole.tui.prompt import Prompt

ADVICE = Advice("Your answer, and Enter.", key="Esc: no answer")


class Asking:
    """What the console wants to know of a person."""

    def __init__(self) -> None:
        self._answer: asyncio.Future[str] | None = None
        self._turn = asyncio.Lock()

    @property
    def is_open(self) -> bool:
        """A question waits."""
        return self._answer is not None

    async def ask(self, prompt: Prompt, question: str, *, secret: bool) -> str:
        """Ask, once the questions before this one are answered."""
        async with self._turn:
            self._answer = asyncio.get_running_loop().create_future()
            prompt.question(question, secret=secret)
            try:
                return await self._answer
            finally:
                self._answer = None
                prompt.resume()

    def answer(self, text: str) -> bool:
        """Answer the question that waits; False if none does."""
        if self._answer is None:
            return False
        if not self._answer.done():
            self._answer.set_result(text)
        return True
