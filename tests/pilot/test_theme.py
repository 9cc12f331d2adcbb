"""The theme: that of the settings, whoever sets it, and kept where one is chosen."""

from __future__ import annotations

from pathlib import Path

import pytest
from driving import driving

from smtpconsole.console.settings import Settings


async def test_a_theme_is_worn_changed_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("SMTPCONSOLE_CONFIG", str(tmp_path))
    settings = Settings(theme="nord")
    async with driving("", settings=settings) as console:
        await console.until("smtp>")
        assert console.app.theme == "nord"
        await console.enter("/set theme gruvbox")
        await console.wait(lambda: console.app.theme == "gruvbox", "what was set")
        assert not (tmp_path / "config.toml").exists()
        await console.enter("/set theme nonesuch")
        await console.until("no such theme", "smtpconsole-light")
        assert console.app.theme == "smtpconsole"
        await console.press("ctrl+p", *"choose the colours", "enter")
        await console.press(*"dracula")
        await console.until("dracula")
        await console.press("enter")
        await console.until("kept in ")
        assert console.app.theme == settings.theme == "dracula"
    assert 'theme = "dracula"' in (tmp_path / "config.toml").read_text()


async def test_without_colour_no_theme_brings_any(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with driving("", settings=Settings(theme="nord")) as console:
        await console.until("smtp>")
        assert console.app.theme == "ansi-dark"
