"""Ports that answer nobody, not even with a refusal: the queue of who wants to connect is full.

A host of two addresses, one of which is behind a filter that drops packets, looks like that.
"""

from __future__ import annotations

import errno
import select
import socket
from collections.abc import Iterable
from contextlib import ExitStack

_OTHER = {"127.0.0.1": "::1", "::1": "127.0.0.1"}
_MOST = 16  # connections until a queue must be full
_SOON = 0.05  # seconds; on this machine a connection comes about at once


def other(host: str) -> str:
    """The other address of localhost; OSError if this is none of the two."""
    if host not in _OTHER:
        raise OSError(errno.EADDRNOTAVAIL, f"{host} is no address of localhost, which has two")
    return _OTHER[host]


def listen(host: str, ports: Iterable[int]) -> ExitStack:
    """Be deaf on these ports until the stack is closed; OSError if one cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with ExitStack() as sockets:
        for port in ports:
            listener = sockets.enter_context(socket.socket(family, socket.SOCK_STREAM))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            listener.listen(0)
            _fill(listener, sockets)
        return sockets.pop_all()


def _fill(listener: socket.socket, sockets: ExitStack) -> None:
    """Connect to it until that does not come about any more."""
    for _ in range(_MOST):
        client = sockets.enter_context(socket.socket(listener.family, socket.SOCK_STREAM))
        client.setblocking(False)
        client.connect_ex(listener.getsockname())
        if not select.select([], [client], [], _SOON)[1]:
            return
