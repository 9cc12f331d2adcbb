"""The coach above the prompt: what happened, what is sensible next, and how far sending is."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from smtpconsole.console.coach import Advice
from smtpconsole.visible import visible


class CoachLine(Static):
    """One line; the offer at its end is never cut."""

    def __init__(self) -> None:
        super().__init__(id="coach")

    def tell(self, advice: Advice, width: int) -> None:
        """Say it in as much room as there is."""
        text, offer = visible(advice.text), ""
        if advice.line:
            offer = f"Tab: {visible(advice.line)}"
        elif advice.key:
            offer = advice.key
        room = width - len(offer) - 4
        if len(text) > room:
            text = f"{text[: room - 1]}…"
        gap = max(2, width - len(text) - len(offer) - 2)
        self.update(Content.assemble(f" {text}", " " * gap, (offer, "bold $accent")))
