"""Golden screens of every pane, in both sizes; the same without colour; and silence when idle."""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path

import pexpect
import pytest
from driving import NARROW, WIDE, Driver, driving
from recordings import session

GOLDEN = Path(__file__).parent / "golden"
SCREENS = {
    "main": (),
    "server": ("f2",),
    "tls": ("f3",),
    "composer": ("f4",),
    "timing": ("f12",),
    "dns": ("ctrl+n",),
    "jump": ("escape", "escape", "ctrl+o"),
    "help": ("escape", "f1"),
    "palette": ("escape", "ctrl+p"),
}
KINDS = pytest.mark.parametrize(
    ("size", "is_plain"),
    [(WIDE, False), (NARROW, False), (NARROW, True)],
    ids=["120x40", "80x24", "without-colour"],
)


@KINDS
async def test_the_panes_look_as_they_did_and_need_no_colour(
    size: tuple[int, int], is_plain: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SMTPCONSOLE_STATE", str(tmp_path))
    monkeypatch.setenv("COLORTERM", "truecolor")
    if is_plain:
        monkeypatch.setenv("NO_COLOR", "1")
    async with driving("", size=size, journal=session()) as console:
        await console.until("Tab:")
        for name, keys in SCREENS.items():
            await console.press(*keys)
            golden = GOLDEN / f"{name}-{size[0]}x{size[1]}.txt"
            await console.same(golden, lambda: _shown(console))


def _shown(console: Driver) -> str:
    return "\n".join(line.rstrip() for line in console.screen.splitlines()) + "\n"


@pytest.mark.parametrize(
    ("variables", "has", "has_not"),
    [
        ({"COLORTERM": "truecolor", "TERM": "xterm-256color"}, r"38;2;95;175;215;", None),
        ({"TERM": "xterm-256color"}, r"\x1b\[1;3[1-6];49m", r"[34]8;2;"),
        ({"TERM": "xterm"}, r"\x1b\[1;3[1-6];49m", r"[34]8;[25];"),
        ({"COLORTERM": "truecolor", "COLORFGBG": "0;15"}, r"48;2;250;250;248", r"48;2;22;24;28"),
        ({"COLORTERM": "truecolor", "NO_COLOR": "1"}, r"\x1b\[1;39;49m",
         r"\x1b\[(?:[\d;]*;)?(?:[34]8;\d|[349][0-7][;m]|10[0-7])"),
    ],
    ids=["true", "256", "16", "light", "none"],
)  # fmt: skip
def test_the_terminal_gets_the_colours_it_has_and_nothing_while_nothing_happens(
    variables: dict[str, str], has: str, has_not: str | None, tmp_path: Path
) -> None:
    env = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    env |= {
        "TERM": "xterm",
        **variables,
        "SMTPCONSOLE_STATE": str(tmp_path),
        "SMTPCONSOLE_CONFIG": str(tmp_path),
    }
    child = pexpect.spawn(
        sys.executable, ["-m", "smtpconsole"], env=env, dimensions=(24, 80), timeout=60
    )
    try:
        told = b""
        child.expect_exact("smtp>")
        told += child.before + child.after
        told += _until_quiet(child)
        for key in (b"\x1bOQ", b"\x1bOR", b"\x1bOS"):  # F2, F3, F4
            child.send(key)
            told += _until_quiet(child)
        assert re.search(has, told.decode("utf-8", "replace"))
        if has_not is not None:
            assert not re.search(has_not, told.decode("utf-8", "replace"))
        # Soon it is silent for as long as anything that blinks or ticks is not.
        assert any(_said(child, 2.0) == b"" for _ in range(20))
    finally:
        child.close(force=True)


def _said(child: pexpect.spawn[bytes], seconds: float) -> bytes:
    """What comes within that time."""
    told, until = b"", time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        try:
            told += child.read_nonblocking(65536, timeout=left)
        except pexpect.TIMEOUT:
            break
    return told


def _until_quiet(child: pexpect.spawn[bytes]) -> bytes:
    """What comes until nothing has come for half a second."""
    told, more = b"", b"x"
    while more := _said(child, 0.5) if more else b"":
        told += more
    return told
