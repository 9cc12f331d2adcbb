"""A program that speaks SMTP on its stdin and stdout, such as `sendmail -bs` or `exim4 -bh`.

1. It gets one end of a socket pair for both, so that flow control, TLS and the end of the
   connection are what they are with any other server.
2. What it says on stderr, and how it ended, is told.
3. It does not outlive its connection: it sees the end of its input, and has GRACE to go.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence

from smtpconsole.smtp.errors import Unreachable
from smtpconsole.smtp.events import Connected, Noted, Tried
from smtpconsole.smtp.session import Observer

GRACE = 1.0  # seconds between the end of the input, SIGTERM and SIGKILL
_LONGEST = 2000  # characters of a line on stderr that are told


class Child:
    """A running program, and our end of its connection."""

    def __init__(self, process: Process, name: str, sock: socket.socket, tell: Observer) -> None:
        self.socket = sock
        self._process = process
        self._name = name
        self._tell = tell

    @classmethod
    async def start(cls, words: Sequence[str], tell: Observer) -> Child:
        """Start a program; Unreachable if there is none, or it may not be run."""
        ours, its = socket.socketpair()
        began = asyncio.get_running_loop().time()
        try:
            process = await asyncio.create_subprocess_exec(
                *words,
                stdin=its.fileno(),
                stdout=its.fileno(),
                stderr=PIPE,
                start_new_session=True,  # that its own children can be ended, too
            )
        except (OSError, ValueError) as error:
            ours.close()
            words_of_it = str(getattr(error, "strerror", None) or error)
            failed = Tried(words[0], words_of_it[:1].lower() + words_of_it[1:], 0.0)
            tell(failed)
            raise Unreachable(f"{words[0]} cannot be run: {failed.error}", [failed]) from error
        except BaseException:
            ours.close()
            raise
        finally:
            its.close()
        ours.setblocking(False)
        seconds = asyncio.get_running_loop().time() - began
        tell(Connected("", f"process {process.pid}", seconds))
        return cls(process, os.path.basename(words[0]), ours, tell)

    def kill(self) -> None:
        """End it at once."""
        self._signal(signal.SIGKILL)

    async def accompany(self, lost: asyncio.Future[None]) -> None:
        """Tell what it says on stderr until its connection is lost; then see that it ends."""
        hearing = asyncio.ensure_future(self._hear())
        try:
            await asyncio.wait([lost])
            await self._end()
            await asyncio.wait([hearing], timeout=GRACE)  # a grandchild may hold stderr open
            self._tell(Noted(f"{self._name} {_ended(self._process.returncode)}"))
        finally:
            hearing.cancel()
            self.kill()

    async def _hear(self) -> None:
        stream = self._process.stderr
        assert stream is not None
        with contextlib.suppress(asyncio.CancelledError):
            while line := await _line(stream):
                text = line.rstrip(b"\r\n").decode("utf-8", "replace")[:_LONGEST]
                if text:
                    self._tell(Noted(f"{self._name}: {text}"))

    async def _end(self) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL, None):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(GRACE):
                    await self._process.wait()
                    return
            if number is not None:
                self._signal(number)

    def _signal(self, number: int) -> None:
        """Tell it and its own children."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)


async def _line(stream: asyncio.StreamReader) -> bytes:
    """The next line; of one without end what there is."""
    try:
        return await stream.readuntil(b"\n")
    except asyncio.IncompleteReadError as error:
        return error.partial
    except asyncio.LimitOverrunError as error:
        return await stream.read(error.consumed)


def _ended(code: int | None) -> str:
    if code is None:
        return "does not end"
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"was ended by {signal.Signals(-code).name}"
    return f"ended with status {code}"
