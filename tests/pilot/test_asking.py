"""Questions at the prompt, and where one is after something was done."""

from __future__ import annotations

from pathlib import Path

from driving import NARROW, driving

from smtpconsole.console.console import Suggestions
from smtpconsole.console.settings import Settings

SECRET = "yesterday-7291"


async def test_a_password_typed_where_yes_or_no_was_asked_is_not_seen(
    settings: Settings, suggestions: Suggestions, tmp_path: Path
) -> None:
    async with driving("", settings=settings, suggestions=suggestions) as console:
        await console.until("READY")
        await console.enter(f"/export text {tmp_path}/report.txt --credentials")
        screen = await console.until("The file will hold the passwords", "Esc: no answer")
        assert "Tab:" not in screen
        await console.press("tab", "up", *"yes")
        await console.until("answer> yes ")
        await console.press(*SECRET[3:])
        await console.until(f"answer> {'•' * len(SECRET)}")
        await console.press("enter")
        await console.until("nothing was saved", "Tab: EHLO", "smtp>")
        assert not any("yeste" in screen for screen in console.seen)
    assert not list(tmp_path.glob("report*"))


async def test_escape_takes_away_what_lies_over_the_wire(
    settings: Settings, suggestions: Suggestions
) -> None:
    async with driving("", size=NARROW, settings=settings, suggestions=suggestions) as console:
        await console.until("READY")
        await console.press("f3")
        await console.until("No TLS yet")
        await console.press("escape")
        await console.wait(lambda: "No TLS yet" not in console.screen, "the wire is back")
        await console.press(*"NOOP")
        await console.until("smtp> NOOP")


async def test_after_sending_one_is_back_at_the_prompt(
    settings: Settings, suggestions: Suggestions
) -> None:
    async with driving("", size=NARROW, settings=settings, suggestions=suggestions) as console:
        await console.until("READY")
        await console.press("f4")
        await console.until("To         bob@sandbox.example")
        await console.press("f5")
        await console.until("Enter sends")
        await console.press("enter")
        await console.until("has taken the message", " -> DATA")
        await console.press(*"QUIT", "enter")
        await console.until(" -> QUIT")
