"""No secret of any mechanism is on any screen, in the title, or in the history."""

from __future__ import annotations

import re
from pathlib import Path

from driving import driving
from test_leaks import assert_nothing_of, attempt, secret_of

from smtpconsole.smtp.sasl import MECHANISMS
from smtpconsole.transcript.journal import Journal
from smtpconsole.tui.wire import Wire


def drawn(screen: str) -> bytes:
    """The text of the rows, joined: a secret may be wrapped; and hex without its columns."""
    rows = [row[12:].rstrip() for row in screen.splitlines()]
    return "\n".join([*rows, "".join(rows), re.sub(r"\s", "", screen)]).encode()


async def test_no_secret_is_on_the_screen_however_it_is_looked_at(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "session.jsonl")
    names = [name for name, each in MECHANISMS.items() if each.exposes or name == "CRAM-MD5"]
    for name in names:
        await attempt(name, journal)
    secrets = [secret_of(name) for name in names]
    history = tmp_path / "history.jsonl"
    async with driving("", journal=journal, history=history, size=(160, 60)) as console:
        await console.enter("NOOP")
        await console.press("f6", "f10")
        for keys in (("v",), ("v", "x"), ("x", "w"), ("w",)):
            await console.press(*keys)
            wire = console.app.query_one(Wire)
            height = wire.scrollable_content_region.height
            rows = []
            for top in range(0, int(wire.max_scroll_y) + height, height):
                wire.scroll_to(y=top, animate=False, immediate=True)
                rows += [wire.render_line(y).text for y in range(height)]
            screen = drawn("\n".join(rows))
            assert screen.count(b"[not shown]") > 20
            for secret in secrets:
                assert_nothing_of(secret, f"the screen with {keys}", screen)
        told = f"{console.app.title} {console.app.sub_title} {console.app.screen.title}"
        picture = console.app.export_screenshot()
    for secret in secrets:
        assert_nothing_of(secret, "the title", told.encode())
        assert_nothing_of(secret, "the picture", picture.encode())
        assert_nothing_of(secret, "the history", history.read_bytes())
        assert_nothing_of(secret, "the journal", (tmp_path / "session.jsonl").read_bytes())
