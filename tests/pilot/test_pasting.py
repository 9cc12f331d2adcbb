"""Several lines at once, at the prompt and where a secret is asked for."""

from __future__ import annotations

from driving import driving
from textual.events import Key, Paste

from smtpconsole.console.console import Suggestions
from smtpconsole.console.settings import Settings


async def test_a_secret_that_is_pasted_is_not_staged(
    settings: Settings, suggestions: Suggestions
) -> None:
    async with driving("", settings=settings, suggestions=suggestions) as console:
        await console.until("READY")
        console.app.focused.post_message(Paste("NOOP"))
        await console.wait(lambda: console.app.focused.value == "NOOP", "one line is typed, once")
        await console.enter("/starttls")
        await console.until("TLS 1.3")
        await console.enter("/login PLAIN alice")
        await console.until("Password of alice", "secret>")
        console.app.focused.post_message(Paste("hush-1\nhush-2\n"))  # of which nothing is shown
        await console.wait(lambda: console.app.focused.value == "hush-1", "an answer is one line")
        assert "hush" not in console.screen


async def test_keys_mean_what_was_typed_before_them_however_fast(
    settings: Settings, suggestions: Suggestions
) -> None:
    async with driving("", settings=settings, suggestions=suggestions) as console:
        await console.until("READY")

        def hurry(*keys: str) -> None:
            for key in keys:
                console.app.post_message(Key(key, key if len(key) == 1 else None))

        hurry("v", "r", "tab")
        await console.wait(lambda: console.app.focused.value == "VRFY", "it is completed")
        hurry("ctrl+u", "x")
        await console.wait(lambda: console.app.focused.value == "x", "and deleted before the x")
        hurry("ctrl+u", *"/profile ", "tab")
        await console.until("list|use|show")
