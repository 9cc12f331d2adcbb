"""Ports of this machine: free ones to be given to a server, and a server to be waited for."""

from __future__ import annotations

import os
import random
import socket
import time
from collections.abc import Callable
from contextlib import closing

WAIT = 20  # seconds
_RANGE = range(15_000, 32_000)  # below the ports that the kernel gives to those who connect
_WORKERS = 8
_given: set[int] = set()  # a server may yet have to begin to listen there


def free_port() -> int:
    """A port that nobody listens on, that nobody else has been given here or in another process
    of the tests, and that no connection of anybody will be given."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    while True:
        port = random.choice(_RANGE[worker % _WORKERS :: _WORKERS])
        if port in _given:
            continue
        try:
            with closing(socket.create_server(("127.0.0.1", port))):
                _given.add(port)
                return port
        except OSError:
            continue


def wait_for(port: int, what: str, log: Callable[[], str] = str) -> None:
    """Until something accepts connections there; AssertionError names what does not, and what it
    has logged."""
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)  # nothing to be awaited: another program begins to listen
        else:
            return
    raise AssertionError(f"{what} does not listen on {port}\n{log()}")
