"""The line that tells the state of the connection, in whatever room there is."""

from __future__ import annotations

from test_console import at
from test_console import sandbox as sandbox  # the fixture

from smtpconsole.sandbox import Sandbox
from smtpconsole.tui.stateline import StateLine


async def test_the_last_code_keeps_its_place_however_narrow_it_is(sandbox: Sandbox) -> None:
    async with at(sandbox) as (console, _):
        for line in ("EHLO x", "MAIL FROM:<a@b.example>", "RCPT TO:<nobody@sandbox.example>"):
            await console.execute(line)
        state = StateLine(console)
        assert "0 recipients" in state.told(80).plain and "0 rcpt " in state.told(70).plain
        for width in range(30, 120):
            told = state.told(width)
            assert told.cell_length == width and told.plain.endswith(" 550 5.1.1 "), width
