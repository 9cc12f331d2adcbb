"""A program in a terminal of its own, which is tmux: keys go in, and the screen can be read."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

PATIENCE = 60  # seconds
ENDED = "it has ended with"


class Terminal:
    """A tmux server with one window."""

    def __init__(self, command: list[str], size: tuple[int, int], state: Path) -> None:
        assert shutil.which("tmux"), "tmux is missing: apt-get install tmux"
        self._socket = str(state / "tmux")
        columns, rows = size
        environment = {
            **os.environ,
            "TMPDIR": str(state),
            "SMTPCONSOLE_STATE": str(state),
            "COLORTERM": "truecolor",
        }
        # The shell stays, so that it is seen how the program has left the terminal.
        run = f"{shlex.join(command)}; echo {ENDED} $?; cat"
        self._tmux(
            *("-f", "/dev/null", "new-session", "-d", "-s", "it"),
            *("-x", str(columns), "-y", str(rows), "--", "sh", "-c", run),
            env=environment,
        )

    def _tmux(self, *words: str, env: dict[str, str] | None = None) -> str:
        done = subprocess.run(
            ["tmux", "-S", self._socket, *words],
            capture_output=True,
            text=True,
            check=False,
            env=env,
        )
        return done.stdout

    @property
    def screen(self) -> str:
        """What is on the screen."""
        return self._tmux("capture-pane", "-p", "-t", "it")

    def keys(self, *keys: str) -> None:
        """Press keys, by tmux's names."""
        self._tmux("send-keys", "-t", "it", *keys)

    def type(self, text: str) -> None:
        """Press the keys of a text."""
        self._tmux("send-keys", "-t", "it", "-l", text)

    def line(self, text: str) -> None:
        """Type a line, and Enter."""
        self.type(text)
        self.keys("Enter")

    def until(self, *texts: str) -> str:
        """Wait until all of these are on the screen; the screen."""
        return self._wait(lambda screen: all(text in screen for text in texts), f"{texts}")

    def until_gone(self, text: str) -> str:
        """Wait until this is not on the screen any more."""
        return self._wait(lambda screen: text not in screen, f"the end of {text!r}")

    def _wait(self, condition: Callable[[str], bool], what: str) -> str:
        end = time.monotonic() + PATIENCE
        while not condition(screen := self.screen):
            assert time.monotonic() < end, f"{what} has not come about\n{screen}"
            time.sleep(0.05)  # nothing to be awaited: another program draws
        return screen

    def end(self) -> None:
        """Let go of it."""
        self._tmux("kill-server")
