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

from smtpconsole.composer.draft import Draft

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
OVER = {"export": ("f8", "down"), "rehearsal": ("escape", "f5")}
VARIES = re.compile(  # by time and Message-ID
    r"(?<=size=)\d+|20\d{6}-\d{6}|(?<![\d,])\d{3}(?= octets)|(?<=longest line )\d+"
)
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
            await compare(console, name, keys)


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x40", "80x24"])
async def test_what_lies_over_the_panes_looks_as_it_did(
    size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with driving("", size=size, journal=session()) as console:
        await console.until("Tab:")
        console.app.smtp_console.draft = Draft("me@x.example", ("you@y.example",), body="Hi.\n")
        for name, keys in OVER.items():
            await compare(console, name, keys)


async def compare(console: Driver, name: str, keys: tuple[str, ...] = ()) -> None:
    await console.press(*keys)
    width, height = console.app.size
    await console.same(GOLDEN / f"{name}-{width}x{height}.txt", lambda: _shown(console))


@KINDS
async def test_without_a_target_there_is_something_to_begin_with(
    size: tuple[int, int], is_plain: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLORTERM", "truecolor")
    if is_plain:
        monkeypatch.setenv("NO_COLOR", "1")
    async with driving("", size=size) as console:
        await console.until("types a line")
        await compare(console, "start")
        await console.press("3", "enter")  # the tour
        await console.until("Two minutes", "Tab: /learn next")
        for offer in ("/learn next", "/connect localhost:"):
            await console.until(f"Tab: {offer}")
            await console.press("tab", "enter")
        await console.until("220 sandbox.example", "ok: The coach says what is next")
        await console.press("f6", "q")
        await console.until("left: A tour of the console")


def _shown(console: Driver) -> str:
    screen = VARIES.sub(lambda found: "9" * len(found[0]), console.screen)
    return "\n".join(line.rstrip() for line in screen.splitlines()) + "\n"


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
