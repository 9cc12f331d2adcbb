"""Every action of the table: its key is pressed, and something is seen to change."""

from __future__ import annotations

import importlib
import pkgutil
import smtplib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from driving import Driver, driving
from recordings import session
from textual.binding import Binding
from textual.dom import DOMNode
from textual.widget import Widget

import smtpconsole.tui
from smtpconsole.console.actions import ACTIONS, of
from smtpconsole.console.console import Suggestions
from smtpconsole.console.settings import Settings
from smtpconsole.sandbox import Sandbox
from smtpconsole.tui.panes.composer.entry import Choice
from smtpconsole.tui.panes.composer.views import Files, Views

LESSON = """---
title: A test
minutes: 1
needs: any
rfc: 5321
summary: For a test.
---
Something to be read.
""" + "\n".join(f"Paragraph {n}, which goes on for a while.\n" for n in range(40))
LESSON += """
## Say something
Do it.
```check
command noop
```
```hint
A nod.
```
```try
NOOP
```
## Ask
```ask
What is it?
- [ ] This
  No, not this.
- [x] That
  Yes.
```
"""

# Of each area: actions, or keys to be pressed before the next one, or a widget to be focused.
Step = str | tuple[str, ...] | type[Widget]
WALKS: dict[str, tuple[Step, ...]] = {
    "everywhere": (
        "help", "help.close", "palette", ("escape",), "jump", "jump.close", "send",
        "rehearsal.chunking", "rehearsal.one-by-one", "rehearsal.insist", "rehearsal.close",
        "export", "export.content", "export.addresses", "export.part", "export.copy",
        "export.close", "panes", "panes", "server", "zoom", "zoom", "tls", "compose", "wire",
        "sandbox", "timing", "dns", "back", "wider", "narrower", (*"/help", "enter"),
        "answer-down", "answer-up", ("escape",), "prompt.complete", ("enter",), "prompt.older",
        "prompt.newer", "prompt.search", ("escape",), "send", "rehearsal.step", ("escape",),
        (*"/step off", "enter"), "send", "rehearsal.send", "quit",
    ),
    "wire": (
        "wire.up", "wire.down", "wire.page-up", "wire.page-down", "wire.first", "wire.last",
        "wire.select", "wire.select-up", "wire.select-down", "wire.copy", "wire.copy-exchange",
        "wire.copy-raw", "wire.details", "wire.search", "words.leave", "wire.search",
        (*"ok", "enter"), "wire.next", "wire.previous", "wire.filter", ("escape",), "wire.first",
        "wire.next-error", "wire.next-error", "wire.previous-error", "wire.next-command",
        "wire.previous-command", "wire.mark", "wire.first", "wire.next-mark", "wire.first",
        "wire.previous-mark", "wire.remark", ("escape",), "wire.octets", "wire.hex", ("x",),
        "wire.wrap", "wire.right", "wire.left", "wire.fold", "wire.times",
    ),
    "tls": (
        (*"/starttls", "enter"), "tls", "tls.down", "tls.up", "tls.last", "tls.first",
        "tls.page-down", "tls.page-up", "tls.open-all", "tls.open-all", "tls.last", "tls.open",
        "tls.handshake", "tls.copy",
    ),
    "composer": (
        "compose", "composer.field.next", "composer.field.previous", Choice,
        "composer.choice.next-choice", "composer.choice.previous-choice", "composer.choice.next",
        Choice, "composer.choice.previous", Views, "composer.views.next",
        "composer.views.previous", "composer.views.into", Views, "composer.views.up",
        "composer.ready-made", "picking.down", "picking.up", "picking.page-down",
        "picking.page-up", "picking.complete", "picking.close", "composer.open", ("escape",),
        "composer.save", ("escape",), "composer.editor", "composer.view",
        "composer.view", "composer.view", Files, "composer.files.attach", ("escape",), Files,
        "composer.files.inline", ("escape",),
    ),
    "lesson": (
        "prompt.page-down", "prompt.page-up", "wire", "lesson.go-on", "lesson.next", "lesson.hint",
        "lesson.again", "lesson.back", "lesson.leave",
    ),
    "sandbox": (
        "sandbox", "sandbox.up", "sandbox.down", "sandbox.first",
        "sandbox.last", "sandbox.mailbox", ("down",), "sandbox.open", "sandbox.source",
        "sandbox.copy", "sandbox.back", "sandbox.delete",
    ),
}  # fmt: skip
# These need more than a few keys: they are pressed in tests of their panes.
ELSEWHERE = {
    *(each.name for each in of("dns")),  # test_dns_pane
    *(f"lesson.answer-{digit}" for digit in range(1, 10)),  # test_lesson_pane
    "recorded.back",  # test_recorded
    "composer.files.drop", "composer.meter.mend",  # test_composer_keys
    "sandbox.page-up", "sandbox.page-down",
}  # fmt: skip


def test_no_action_is_left_out() -> None:
    walked = {step for steps in WALKS.values() for step in steps if isinstance(step, str)}
    assert set(ACTIONS) - ELSEWHERE == walked


def test_no_key_is_outside_the_table() -> None:
    for found in pkgutil.walk_packages(smtpconsole.tui.__path__, "smtpconsole.tui."):
        importlib.import_module(found.name)
    kinds, seen = [DOMNode], set()
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        if not kind.__module__.startswith("smtpconsole"):
            continue
        for each in vars(kind).get("BINDINGS", ()):
            assert isinstance(each, Binding) and each.id in ACTIONS, (kind, each)
            assert (each.key, each.action) == (ACTIONS[each.id].keys, ACTIONS[each.id].does)
            seen.add(each.id)
    assert seen == set(ACTIONS)


@asynccontextmanager
async def started(
    area: str, sandbox: Sandbox, settings: Settings, suggestions: Suggestions, folder: Path
) -> AsyncIterator[Driver]:
    """The application, where the area has something to show."""
    if area == "wire":
        async with driving("", journal=session()) as console:
            await console.until("Tab:")
            await console.press("f6")
            yield console
        return
    if area == "lesson":
        file = folder / "01-test.md"
        file.write_text(LESSON)
        suggestions = Suggestions(opening=f"/learn {file}")
        async with driving("", suggestions=suggestions) as console:
            await console.until("Something to be read.")
            yield console
        return
    async with driving("", settings=settings, suggestions=suggestions) as console:
        await console.until("READY")
        if area == "sandbox":
            with smtplib.SMTP("127.0.0.1", sandbox.port) as client:
                client.sendmail("a@b.example", ["bob@sandbox.example"], "Subject: x\r\n\r\nHi")
        yield console


def looks(console: Driver) -> object:
    """All that a person sees, colours and all."""
    app = console.app
    if not app.is_running:
        return None
    strips = app.screen._compositor.render_strips()
    return [list(strip) for strip in strips], app.clipboard, len(app._notifications)


@pytest.mark.parametrize("area", WALKS)
async def test_the_key_of_every_action_does_something_that_is_seen(
    area: str,
    sandbox: Sandbox,
    settings: Settings,
    suggestions: Suggestions,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SMTPCONSOLE_STATE", str(tmp_path))
    monkeypatch.setenv("EDITOR", "true")
    monkeypatch.chdir(tmp_path)
    async with started(area, sandbox, settings, suggestions, tmp_path) as console:
        for step in WALKS[area]:
            await console.pilot.pause()
            if isinstance(step, tuple):
                await console.press(*step)
            elif not isinstance(step, str):
                kind = step
                console.app.query(kind).first().focus()
            else:
                before = looks(console)
                await console.press(ACTIONS[step].keys.split(",")[0])
                await console.wait(lambda b=before: looks(console) != b, step)  # type: ignore[misc]


async def test_a_key_that_was_bound_in_the_settings_is_shown_and_works(
    settings: Settings, suggestions: Suggestions
) -> None:
    settings.keys = {"jump": "ctrl+f", "server": "f7", "sandbox": "f2", "wire.octets": "8"}
    async with driving("", settings=settings, suggestions=suggestions) as console:
        await console.until("READY", "F7 Server", "F2 Sandbox", "^F Jump")
        await console.press("ctrl+f")
        await console.until("a letter goes there")
        await console.press("escape", "f7")
        await console.until("Say EHLO, and the server tells")
        await console.press("f6", "8")
        await console.until("220 sandbox.example ESMTP smtpconsole sandbox␍␊")
        await console.press("f1")
        await console.until("8                show every octet")


async def test_a_letter_goes_where_it_stands(settings: Settings, suggestions: Suggestions) -> None:
    async with driving("", settings=settings, suggestions=suggestions) as console:
        await console.until("READY")
        await console.press("ctrl+o")
        screen = await console.until("a letter goes there")
        assert any(" s  Server" in row or " d " in row for row in screen.splitlines())
        for key, told in (("ctrl+o", "a letter goes"), ("f1", "Esc closes"), ("f8", "Enter saves")):
            if key != "ctrl+o":
                await console.press(key)
                await console.until(told)
            await console.press(key)  # which closes it again
            await console.wait(lambda: len(console.app.screen_stack) == 1, f"{key} closes it")
        await console.press("ctrl+o")
        await console.until("a letter goes there")
        await console.press("d")  # wire, first tab, second tab: from the top left on
        await console.until("No TLS yet")
        await console.wait(lambda: console.app.query_one("#tls").has_focus, "the pane is focused")


async def test_the_divider_stays_where_it_was_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMTPCONSOLE_STATE", str(tmp_path))
    async with driving("", journal=session()) as console:
        await console.until("Tab:")
        before = console.app.query_one("#side").size.width
        await console.press("alt+left", "alt+left")
        await console.wait(lambda: console.app.query_one("#side").size.width > before, "wider")
        await console.pilot.pause()
        left = console.app.query_one("#side").size.width
    async with driving("", journal=session()) as console:
        await console.until("Tab:")
        assert console.app.query_one("#side").size.width == left
