"""What a session with a person begins with."""

from __future__ import annotations

from smtpconsole.console.console import Console


async def begin(console: Console, *, offers: bool = True) -> None:
    """Enter the first line, which connects if there is a server; offer the lessons to learners,
    where somebody is there."""
    suggestions = console.suggestions
    if line := suggestions.opening or (suggestions.target and console.connect_line):
        await console.execute(line)
    if suggestions.is_for_learners and offers:
        from smtpconsole.console import lessons  # which needs tomllib

        lessons.welcome(console)
