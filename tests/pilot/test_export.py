"""The export screen, by keys."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from driving import NARROW, WIDE, driving

from smtpconsole.console.console import Suggestions
from smtpconsole.console.settings import Settings
from smtpconsole.transcript.formats import is_unchanged


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x40", "80x24"])
async def test_f8_shows_what_would_be_saved_and_enter_saves_it(
    suggestions: Suggestions,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    size: tuple[int, int],
) -> None:
    monkeypatch.chdir(tmp_path)
    async with driving("", size=size, suggestions=suggestions, settings=settings) as console:
        await console.until("220 sandbox.example")
        await console.enter("MAIL FROM:<alice@private.test>")
        await console.until("503")
        await console.press("f8")
        await console.until("# SMTP session with", "credentials not shown", "markdown", ".md")
        await console.press("a")
        await console.until("addresses masked")
        await console.press("down")
        await console.until("MAIL FROM:<user1@host", ".txt")
        assert "private.test" not in console.screen
        await console.press("tab", "ctrl+u", *"mine.txt", "enter")
        await console.until("saved as")
        (saved,) = tmp_path.glob("mine.txt")
        text = saved.read_text()
        assert is_unchanged(text) and "user1@host" in text and "private.test" not in text


async def test_a_picture_of_the_screen_loads_nothing_and_parses(
    suggestions: Suggestions, settings: Settings, tmp_path: Path
) -> None:
    async with driving("", suggestions=suggestions, settings=settings) as console:
        await console.until("220 sandbox.example")
        await console.enter(f"/export svg {tmp_path}/screen.svg")
        await console.until("saved as")
    text = (tmp_path / "screen.svg").read_text()
    root = ElementTree.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg" and is_unchanged(text)
    assert "url(http" not in text and "@font-face" not in text and "<script" not in text
    assert "sandbox.example" in text


async def test_a_name_that_is_taken_is_told_and_another_can_be_given(
    suggestions: Suggestions, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with driving("", suggestions=suggestions, settings=settings) as console:
        await console.until("220 sandbox.example")
        await console.press("f8")
        await console.until("credentials not shown")
        await console.press("tab")
        await console.press("ctrl+u", *"taken.md")
        (tmp_path / "taken.md").write_text("mine")
        await console.press("enter")
        await console.until("is there already")
        await console.press("ctrl+u", *"free.md", "enter")
        await console.until("saved as")
    assert (tmp_path / "taken.md").read_text() == "mine"
    assert (tmp_path / "free.md").read_text().startswith("# SMTP session")


async def test_a_transcript_that_is_pasted_is_looked_at_and_not_said(
    suggestions: Suggestions,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from textual import events

    monkeypatch.setenv("SMTPCONSOLE_STATE", str(tmp_path))
    async with driving("", suggestions=suggestions, settings=settings) as console:
        await console.until("220 sandbox.example")
        text = "<-  220 elsewhere.test ESMTP\n -> NOOP\n<-  250 fine\n"
        console.app.query_one("#prompt Input").post_message(events.Paste(text))
        await console.until("are a transcript (swaks)")
        await console.press(*"yes", "enter")
        await console.until("elsewhere.test", "fine")
    assert list((tmp_path / "journals").glob("*-imported.jsonl"))
