"""Real proxies on loopback: microsocks for SOCKS5, tinyproxy for HTTP CONNECT.

The Debian packages `microsocks` and `tinyproxy-bin` are used as they are installed.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ports import WAIT, free_port, wait_for

USER, PASSWORD = "rabbit", "pocket-watch-5512"


@dataclass(frozen=True)
class Gateways:
    """Both of them; they want the user and the password."""

    socks_port: int
    http_port: int

    def url(self, scheme: str, *, user: str = USER, password: str = PASSWORD) -> str:
        """The URL of the one that speaks this."""
        port = self.http_port if scheme == "http" else self.socks_port
        login = f"{user}:{password}@" if user else ""
        return f"{scheme}://{login}127.0.0.1:{port}"


@contextmanager
def running(folder: Path) -> Iterator[Gateways]:
    """Start them, and stop them at the end."""
    for program in ("microsocks", "tinyproxy"):
        assert shutil.which(program), "apt-get install microsocks tinyproxy-bin"
    gateways = Gateways(free_port(), free_port())
    config = folder / "tinyproxy.conf"
    config.write_text(
        f"Port {gateways.http_port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 20\n"
        f'BasicAuth {USER} {PASSWORD}\nLogFile "{folder}/log"\n'
    )
    socks = ["microsocks", "-i", "127.0.0.1", "-p", str(gateways.socks_port)]
    commands = [
        [*socks, "-u", USER, "-P", PASSWORD],
        ["tinyproxy", "-d", "-c", str(config)],
    ]
    quiet = {
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
    }
    started = [subprocess.Popen(command, **quiet) for command in commands]  # type: ignore[call-overload]  # of DEVNULLs
    try:
        wait_for(gateways.socks_port, "microsocks")
        wait_for(gateways.http_port, "tinyproxy")
        yield gateways
    finally:
        for process in started:
            process.terminate()
            process.wait(WAIT)
