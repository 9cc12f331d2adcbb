"""Step mode on the screen: what is held, and the keys for it."""

from __future__ import annotations

import pytest
from driving import NARROW, WIDE, driving

from smtpconsole.console.console import Suggestions
from smtpconsole.console.settings import Settings
from smtpconsole.sandbox import Sandbox
from smtpconsole.smtp.events import Sent
from smtpconsole.transcript.journal import Journal
from smtpconsole.tui.prompt import Prompt


def said(journal: Journal) -> list[bytes]:
    return [entry.event.send.data for entry in journal.since(0, Sent)]  # type: ignore[union-attr]


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_a_delivery_is_stepped_through_by_keys(
    sandbox: Sandbox, settings: Settings, suggestions: Suggestions, size: tuple[int, int]
) -> None:
    async with driving(
        suggestions.target, size=size, settings=settings, suggestions=suggestions
    ) as driver:
        await driver.until("220 ")
        await driver.enter("EHLO me")
        await driver.until("PIPELINING")
        await driver.enter("/step on")
        await driver.until("every batch is held")
        await driver.enter('/send "bob@sandbox.example tim@sandbox.example"')
        screen = await driver.until("Held: 4 lines in one batch", "expects 354", "Enter send")
        assert ">  1 -> MAIL FROM:" in screen and "1 one at a time" in screen
        await driver.press("down", "s")
        await driver.until("skipped: it is not said")
        await driver.press("1")
        await driver.until("Held: 3 lines in one batch", "skipped")
        prompt = driver.app.query_one(Prompt)
        await driver.press("down", "e")
        await driver.wait(lambda: prompt.field.value.startswith("/edit 2 RCPT TO:<tim@"), "edit")
        await driver.press("s", "x", "1")  # there is text: they are letters now
        assert prompt.field.value.endswith("sx1")
        prompt.type("/edit 2 RCPT TO:<nobody@sandbox.example>")
        await driver.press("enter")
        await driver.until("edited, expects")
        await driver.press("enter")
        await driver.until("Held: one line", "RSET")
        await driver.press("x")
        await driver.wait(lambda: not driver.app.query_one("#step").display, "closed")
        assert [line.split(b":")[0] for line in said(driver.journal)[1:]] == [
            b"MAIL FROM",
            b"RCPT TO",
            b"DATA\r\n",
        ]
