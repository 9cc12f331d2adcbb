"""One timer for all waits of a connection.

1. A reply that is complete, or octets that the kernel took, move a deadline: a number.  The
   timer looks at it when it fires, and is set anew only when the deadline has come nearer.
2. Single octets of a reply move nothing, so a server that drips is late too.
3. While something is unsent the timer looks more often, and octets taken since the last look
   move the deadline; how slowly they go does not matter.
4. While a person thinks over what is to be said (step mode), time stands still.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
import struct
import sys
from collections.abc import Callable
from typing import Protocol

from smtpconsole.net.timeouts import Timeouts, Timer
from smtpconsole.smtp.commands import Send
from smtpconsole.smtp.errors import Silence

LOOKS = 8  # at an upload, in the time that is given for its progress


class Watched(Protocol):
    """What the watchdog asks of a connection."""

    @property
    def awaited(self) -> tuple[Timer, str, Send | None]:
        """Which timer runs, what is missing in words, and the command it answers."""

    @property
    def is_uploading(self) -> bool:
        """There is more to say than is taken."""

    @property
    def is_reading(self) -> bool:
        """Content is awaited from its source: it is not the server who is late."""

    @property
    def taken(self) -> tuple[int, int]:
        """How many octets the peer's side has taken off us so far, and how many are unsent."""


class _Nothing:
    """What is watched when the connection is gone."""

    awaited: tuple[Timer, str, Send | None] = ("other", "", None)
    is_uploading = is_reading = False
    taken = (0, 0)


class Watchdog:
    """Barks once, with a Silence, when what is awaited is late."""

    def __init__(self, watched: Watched, bark: Callable[[Silence], None]) -> None:
        self._watched: Watched = watched
        self._bark = bark
        self._loop = asyncio.get_running_loop()
        self._handle: asyncio.TimerHandle | None = None
        self._timeouts: Timeouts | None = None  # None: nobody waits
        self._constant: float | None = None  # seconds, where each timer has the same
        self._deadline = self._limit = math.inf
        self._taken = 0  # at the last look
        self._was_unsent = False  # then, something was
        self._stopped: float | None = None  # since when time stands still

    def start(self, timeout: float | Timeouts | None) -> None:
        """Somebody waits: so long for each reply, or as the timeouts say."""
        if timeout is None:
            return
        if isinstance(timeout, Timeouts):
            self._constant, self._timeouts = None, timeout
            self._limit = math.inf
            if timeout.total is not None:
                self._limit = self._loop.time() + timeout.total
        else:
            self._constant, self._timeouts, self._limit = timeout, _UNIFORM, math.inf
        self._was_unsent = False
        if self._watched.is_uploading:
            self.uploading()
        else:
            self.progress()

    def stop(self) -> None:
        """Nobody waits any more; the timer finds that out by itself."""
        self._timeouts = None

    def close(self) -> None:
        """The connection is gone, and let go of: the collector would come late."""
        self._timeouts = None
        if self._handle is not None:
            self._handle.cancel()
        self._watched, self._bark = _Nothing(), lambda silence: None

    def progress(self) -> None:
        """Something awaited has come, or has begun: time counts anew."""
        if self._timeouts is None:
            return
        seconds = self._constant if self._constant is not None else self._patience()
        self._deadline = math.inf if seconds is None else self._loop.time() + seconds
        self._arm(min(self._deadline, self._limit))

    def uploading(self) -> None:
        """More was written than the kernel takes at once: look more often."""
        if self._timeouts is not None:
            self._taken, self._was_unsent = self._watched.taken[0], True
            self.progress()
            self._arm(self._soon())

    def stand_still(self, is_held: bool) -> None:
        """Time passes only while nothing is held for a person to decide on."""
        if is_held and self._stopped is None:
            self._stopped = self._loop.time()
        elif not is_held and self._stopped is not None:
            self._limit += self._loop.time() - self._stopped
            self._stopped = None
            self.progress()

    def _patience(self) -> float | None:
        if self._constant is not None:
            return self._constant
        assert self._timeouts is not None
        return self._timeouts.seconds(self._watched.awaited[0])

    def _arm(self, when: float) -> None:
        """Look at that time at the latest."""
        handle = self._handle
        if handle is not None:
            if handle.when() <= when:
                return
            handle.cancel()
        self._handle = None if when == math.inf else self._loop.call_at(when, self._look)

    def _soon(self) -> float:
        """When to look at an upload again."""
        seconds = self._patience()
        ahead = math.inf if seconds is None else self._loop.time() + seconds / LOOKS
        return min(ahead, self._limit)

    def _look(self) -> None:
        """The timer fired: is anybody waiting, and for too long?"""
        self._handle = None
        if self._timeouts is None or self._stopped is not None:
            return
        taken, unsent = self._watched.taken
        has_moved = taken > self._taken if self._was_unsent else unsent > 0
        if has_moved or self._watched.is_reading:
            self.progress()
        self._taken, self._was_unsent = taken, unsent > 0
        now = self._loop.time()
        if now >= self._limit:
            self._late("total", self._timeouts.total)
        elif now >= self._deadline:
            self._late(self._watched.awaited[0], self._patience())
        else:
            when = min(self._deadline, self._limit)
            self._arm(min(when, self._soon()) if unsent else when)

    def _late(self, timer: Timer, seconds: float | None) -> None:
        assert seconds is not None
        _, missing, send = self._watched.awaited
        words = f"{missing} within {seconds:g} seconds{' in all' if timer == 'total' else ''}"
        self._timeouts = None
        self._bark(Silence(words, send, timer=timer))


_UNIFORM = Timeouts.each(None)
_SIOCOUTQNSD = 0x894B if sys.platform == "linux" else 0  # of linux/sockios.h


def unsent(transport: asyncio.Transport) -> int:
    """Octets we have handed over that the peer's kernel has not acknowledged yet."""
    return transport.get_write_buffer_size() + _asked(transport)


def never_sent(transport: asyncio.Transport) -> int:
    """Octets we have handed over that have never left this machine."""
    return transport.get_write_buffer_size() + _asked(transport, _SIOCOUTQNSD)


def give_up(transport: asyncio.Transport, silence: Silence) -> None:
    """End the connection at once, and tell what of ours was not sent.

    With a reset where there is such: the kernel would offer it for minutes to a server that
    may read on, and a message be taken that is told not to be.
    """
    silence.unsent = never_sent(transport)
    silence.is_cut_short = silence.unsent > 0
    sock = transport.get_extra_info("socket")
    if silence.is_cut_short and sock is not None:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _asked(transport: asyncio.Transport, request: int | None = None) -> int:
    """A number of octets that the kernel tells of a socket, TIOCOUTQ if nothing else is asked
    for; 0 where it does not."""
    sock = transport.get_extra_info("socket")
    with contextlib.suppress(ImportError, OSError, ValueError, AttributeError):
        import fcntl
        import termios

        request = termios.TIOCOUTQ if request is None else request
        (count,) = struct.unpack("i", fcntl.ioctl(sock.fileno(), request, b"\0\0\0\0"))
        return int(count)
    return 0
