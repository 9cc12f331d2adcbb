"""A recorded session on the screen: it is looked at, and nothing happens in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from driving import NARROW, WIDE, Driver, driving
from recordings import session

from smtpconsole.transcript.journal import Journal
from smtpconsole.tui.recorded import RecordedScreen, RecordingApp
from smtpconsole.tui.wire import Wire

SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x40", "80x24"])


@SIZES
async def test_a_journal_opens_with_its_wire_and_panes(
    tmp_path: Path, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    session(tmp_path / "session.jsonl").close()
    app = RecordingApp(Journal.open(tmp_path / "session.jsonl"))
    async with app.run_test(size=size, notifications=True) as pilot:
        console = Driver(app, pilot, Journal())  # type: ignore[arg-type]
        await console.until("RECORDED session.jsonl", "entries", "221 2.0.0 Bye", "Esc Back")
        await console.press("f2")
        await console.until("52428800")
        await console.press("f3")
        await console.until("TLS_AES_256_GCM_SHA384")
        await console.press("f12")
        await console.until("TLS handshake", "300 s")
        await console.press("f6", "g", "e", "enter")
        await console.until("501 5.7.0")
        await console.press("escape", "f8")
        await console.until("saved as")
        await console.press("f1")
        await console.until("nothing is sent")
        await console.press("escape", "escape")
        await console.press("q")
        await console.wait(lambda: not app.is_running, "it has ended")
    (kept,) = tmp_path.glob("*.txt")
    assert "RCPT TO:<bob@elsewhere.example>" in kept.read_text()


async def test_what_could_not_be_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "session.jsonl"
    session(path).close()
    path.write_bytes(path.read_bytes()[:-20])
    app = RecordingApp(Journal.open(path))
    async with app.run_test(size=NARROW) as pilot:
        console = Driver(app, pilot, Journal())  # type: ignore[arg-type]
        await console.until("not all of this journal could be read", "was cut off")


@SIZES
async def test_a_journal_lies_over_the_session_at_hand(
    tmp_path: Path, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMTPCONSOLE_STATE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    session(tmp_path / "journals" / "old.jsonl").close()
    async with driving("", size=size) as console:
        await console.enter("/journal")
        await console.until("1 session is kept", "mail.example.com:587")
        await console.press("1")
        await console.until("smtp> /journal open 1")
        await console.press("enter")
        await console.until("RECORDED old.jsonl", "221 2.0.0 Bye")
        assert isinstance(console.app.screen, RecordedScreen)
        await console.wait(lambda: console.app.screen.query_one(Wire).has_focus, "focus")
        await console.press("f5", "f8")  # F5 sends nothing here
        await console.until("saved as")
        await console.press("escape", "escape")
        await console.until("smtp>")
    (kept,) = tmp_path.glob("*.txt")
    assert "AUTH LOGIN" in kept.read_text()
