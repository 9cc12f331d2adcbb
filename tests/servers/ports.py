"""Ports of this machine: free ones to be given to a server, and a server to be waited for."""

from __future__ import annotations

import random
import socket
import time
from contextlib import closing

WAIT = 20  # seconds
_RANGE = (15_000, 32_000)  # below the ports that the kernel gives to those who connect


def free_port() -> int:
    """A port that nobody listens on, and that no connection of anybody will be given."""
    while True:
        try:
            with closing(socket.create_server(("127.0.0.1", random.randrange(*_RANGE)))) as sock:
                return int(sock.getsockname()[1])
        except OSError:
            continue


def wait_for(port: int, what: str) -> None:
    """Until something accepts connections there; AssertionError names what does not."""
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)  # nothing to be awaited: another program begins to listen
        else:
            return
    raise AssertionError(f"{what} does not listen on {port}")
