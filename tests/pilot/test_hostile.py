"""What a hostile server says is shown, and nothing of it is obeyed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pexpect
import pyte
import pytest
from driving import NARROW, WIDE, driving
from evil import LIVE, SEEN, evil

import smtpconsole.tui
from smtpconsole.tui.prompt import Prompt

_SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x40", "80x24"])


@_SIZES
async def test_hostile_text_is_shown_literally_in_every_pane(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    with evil(tmp_path) as port:
        async with driving(f"127.0.0.1:{port}", size=size) as console:
            await console.until("READY", "220 user[/x]@e")
            await console.enter("EHLO me")
            await console.until("250-STARTTLS")
            await console.press("f2")
            await console.until("user[/x]@e [b]y[/b]")
            await console.press("escape", "escape")
            await console.enter("/starttls")
            await console.until("TLS 1.3 ! ")
            await console.press("f3")
            await console.until("expired")
            await console.press("pagedown")
            await console.until("user[/x]@e [b]y[/b]")
            await console.press("escape", "escape")
            await console.enter("MAIL FROM:<a@x>")
            await console.enter("?")
            await console.until("Esc closes")
            await console.enter("/login me[/x]@e")
            await console.until("the server offers USER[/X]@E", "[@CLICK=APP.QUIT]Z[/]")
            await console.enter(f"/export markdown {tmp_path}/report.md")
            await console.until("saved as")
            await console.press("f1", "escape")
            await console.until("smtp>")
    report = (tmp_path / "report.md").read_text()
    assert not {char for char in report if not char.isprintable()} - {"\n"}
    assert all(seen in report for seen in SEEN)


def _run(command: list[str], port: int, state: Path, keys: list[str]) -> tuple[bytes, str]:
    """Run the real program in a pty; all it wrote, and its last screen."""
    environment = {
        **os.environ,
        "SMTPCONSOLE_STATE": str(state),
        "COLORTERM": "truecolor",
        "TERM": "xterm-256color",
    }
    screen = pyte.Screen(120, 40)
    stream = pyte.ByteStream(screen)
    written = b""
    child = pexpect.spawn(
        command[0], [*command[1:], f"127.0.0.1:{port}"], env=environment, dimensions=(40, 120)
    )
    try:
        for needle, key in zip(["220 user", "250-STARTTLS", "TLS 1.3"], keys, strict=True):
            while needle not in "\n".join(screen.display):
                data = child.read_nonblocking(65536, timeout=60)
                written += data
                stream.feed(data)
            child.send(key)
        while True:
            written += child.read_nonblocking(65536, timeout=60)
    except pexpect.EOF:
        pass
    finally:
        child.close()
    return written, "\n".join(screen.display)


@pytest.mark.parametrize("mode", ["application", "lines"])
def test_no_escape_of_a_hostile_server_reaches_the_terminal(tmp_path: Path, mode: str) -> None:
    command = [sys.executable, "-m", "smtpconsole"] + (["--lines"] if mode == "lines" else [])
    with evil(tmp_path) as port:
        written, screen = _run(
            command, port, tmp_path / "state", ["EHLO me\r", "/starttls\r", "/quit\r"]
        )
    for live in LIVE:
        assert live not in written
    assert "␛".encode() in written  # the positive control: it was shown
    assert "user[/x]@e" in screen
    journals = [path.read_bytes() for path in (tmp_path / "state/journals").iterdir()]
    assert journals and all(octet >= 0x20 or octet == 0x0A for octet in journals[0])


def test_a_killed_console_loses_nothing(tmp_path: Path) -> None:
    with evil(tmp_path) as port:
        environment = {**os.environ, "SMTPCONSOLE_STATE": str(tmp_path / "state")}
        child = subprocess.Popen(
            [sys.executable, "-m", "smtpconsole", f"127.0.0.1:{port}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        assert child.stdin is not None and child.stdout is not None
        child.stdin.write(b"NOOP before the end\n")
        child.stdin.flush()
        while b"S: 550" not in child.stdout.readline():
            pass
        child.kill()
        child.communicate()
    (journal,) = (tmp_path / "state/journals").iterdir()
    kept = journal.read_text()
    assert "NOOP before the end" in kept and '"code":550' in kept
    assert journal.stat().st_mode & 0o777 == 0o600
    assert journal.parent.stat().st_mode & 0o777 == 0o700


def test_a_crash_shows_where_and_no_secret_and_gives_the_terminal_back(tmp_path: Path) -> None:
    script = tmp_path / "crash.py"
    script.write_text(
        "from smtpconsole.console.console import Suggestions\n"
        "from smtpconsole.console.settings import Settings\n"
        "from smtpconsole.transcript.journal import Journal\n"
        "from smtpconsole.tui.app import ConsoleApp\n"
        "def broken(self):\n"
        "    password = 'hush-' + 'hush-7291'\n"
        "    return 1 / 0\n"
        "ConsoleApp.action_help = broken\n"
        "ConsoleApp(Journal(), Settings(), Suggestions()).run()\n"
    )
    environment = {**os.environ, "SMTPCONSOLE_STATE": str(tmp_path), "TERM": "xterm-256color"}
    child = pexpect.spawn(sys.executable, [str(script)], env=environment, dimensions=(40, 120))
    child.expect("smtp>", timeout=60)
    child.send("\x1bOP")  # F1
    child.expect(pexpect.EOF, timeout=60)
    child.close()
    written = child.before
    assert b"ZeroDivisionError" in written
    assert b"hush-hush-7291" not in written
    assert b"\x1b[?1049l" in written  # the alternate screen is left


async def test_what_is_put_at_the_prompt_is_drawn_and_not_obeyed() -> None:
    hostile = "/connect a\x1b]0;owned\x07\u202eb"
    async with driving("") as console:
        console.app.query_one(Prompt).type(hostile)
        screen = await console.until("/connect a␛]0;owned␇")
        assert not {"\x1b", "\x07", "\u202e"} & set(screen)
        assert console.app.query_one(Prompt).field.value == hostile


def test_no_line_is_edited_by_textuals_own_input() -> None:
    folder = Path(smtpconsole.tui.__file__).parent
    own = [
        path.name
        for path in folder.rglob("*.py")
        if re.search(r"\(Input\):|[^.\w]Input\(", path.read_text()) and path.name != "entry.py"
    ]
    assert own == []
