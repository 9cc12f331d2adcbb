"""Hostile text in every pane, whoever said it: it is drawn, and nothing of it is obeyed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from driving import NARROW, driving

from smtpconsole.console.console import Suggestions
from smtpconsole.console.settings import Settings
from smtpconsole.tui.panes import PANES

EVIL = "e[/x]@y [b]z[/b] [@click=app.quit]q[/] \x1b[2J\x1b]0;owned\x07\x9b5n\u202eesrever"
NAME = EVIL.replace("/", "|")  # of a file
SEEN = "e[/x]@y"
LESSON = f"---\ntitle: {EVIL}\n---\n{EVIL}\n\n## {EVIL}\n{EVIL}\n\n```check\ntyped x\n```\n"
LESSON += "```try\nx\n```\n"
TRANSCRIPT = f"S: 220 {EVIL}\nC: EHLO me\nS: 250 {EVIL}\nC: QUIT\nS: 221 {EVIL}\n"


@dataclass(frozen=True)
class Way:
    """How hostile text comes into a pane."""

    lines: tuple[str, ...]
    keys: tuple[str, ...] = ()
    seen: str = SEEN


WAYS = {
    "wire": Way((f"NOOP {EVIL}",), ("f6", "v")),
    "details": Way((f"NOOP {EVIL}",), ("f6", "C", "enter")),
    "capabilities": Way((f"EHLO {EVIL}",), ("f2",), "promised"),
    "tls": Way((f"EHLO {EVIL}", "STARTTLS"), ("f3",), "sent by the server"),
    "composer": Way(("/draft",), ("f4",)),
    "files": Way(('/attach "{folder}/{name}"',), ("f4", "ctrl+t", "ctrl+t", "ctrl+t"), "e[|x]"),
    "picking": Way((), ("f4", "ctrl+r"), "e[|x]"),
    "rehearsal": Way((), ("f5",)),
    "sandbox": Way((f"RCPT TO:<{EVIL}>",), ("f7",)),
    "timing": Way((f"{EVIL}",), ("f12",), "F12 Timing"),
    "dns": Way((f'/mx "{EVIL}"',), seen="click=app.quit]q[/]"),
    "answer": Way((f"/explain {EVIL}",)),
    "trouble": Way((f"/connect {EVIL}",)),
    "question": Way((f'/login PLAIN "{EVIL}"',)),
    "step": Way(("/step on", f"MAIL FROM:<{EVIL}>")),
    "lesson": Way(("/learn {folder}/evil.md",)),
    "recorded": Way(("/import {folder}/evil.txt",)),
    "export": Way((f"NOOP {EVIL}",), ("f8", "down", "end", "home", "down")),
    "history": Way((f"NOOP {EVIL}",), ("ctrl+r",)),
}


def test_no_pane_is_left_out() -> None:
    assert {each.name_ for each in PANES} <= WAYS.keys()


@pytest.mark.parametrize("name", WAYS)
async def test_it_is_drawn_and_not_obeyed(
    name: str,
    settings: Settings,
    suggestions: Suggestions,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / NAME).write_text(EVIL)
    (tmp_path / "evil.md").write_text(LESSON)
    (tmp_path / "evil.txt").write_text(TRANSCRIPT)
    way = WAYS[name]
    async with driving("", size=NARROW, settings=settings, suggestions=suggestions) as console:
        await console.until("READY")
        draft = console.app.smtp_console.draft
        hostile = replace(draft, subject=EVIL, body=EVIL, recipients=(EVIL, "b@x.example"))
        console.app.smtp_console.draft = hostile
        for line in way.lines:
            before = len(console.journal)
            await console.enter(line.replace("{folder}", str(tmp_path)).replace("{name}", NAME))
            await console.wait(lambda n=before: len(console.journal) > n, line)  # type: ignore[misc]
        await console.press(*way.keys)
        await console.until(way.seen)
        assert console.app.is_running and "owned" not in console.app.title
        for screen in console.seen:
            assert all(char.isprintable() or char == "\n" for char in screen)
