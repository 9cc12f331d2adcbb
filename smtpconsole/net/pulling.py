"""Content on its way from its source to the transport, no faster than the transport takes it.

1. What can be had without waiting is pulled in callbacks, a piece each turn of the loop, so that
   a refusal is heard between two pieces.
2. An asynchronous source is pulled by a task; it ends with the content, or is cancelled.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Generator, Iterator

from smtpconsole.smtp import upload
from smtpconsole.smtp.content import Octets
from smtpconsole.smtp.session import Session
from smtpconsole.smtp.streams import Framing, sliced

LAST_WORD = 5.0  # seconds for a peer to take what is left when we end the connection


class Puller:
    """Pulls the content that a session has under way."""

    def __init__(self, session: Session, flush: Callable[[], None]) -> None:
        self._session = session
        self._flush = flush  # writes what the session has to say
        self._loop = asyncio.get_running_loop()
        self.framing: Framing | None = None  # whose source is being pulled
        self._pieces: Iterator[Octets] | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_due = False
        self._room = asyncio.Event()
        self.can_write = True
        self.is_hungry = False  # waits for the source, not for the server

    @property
    def is_uploading(self) -> bool:
        """There is more to say than is taken, and no chunk to be answered before it."""
        framing = self._session.streaming
        is_asking = framing is not None and framing.one_by_one and self._session.unanswered
        return not self.can_write or (framing is not None and not is_asking)

    def wake(self) -> None:
        """Something has changed: there may be room, or something to pull, or no need any more."""
        framing = self._session.streaming
        if framing is not self.framing:
            self._begin(framing)
        if not (self.can_write and upload.wants(self._session)):
            self._room.clear()
            return
        self._room.set()
        if self._pieces is not None and not self._is_due:
            self._is_due = True
            self._loop.call_soon(self._pull)

    def close(self) -> None:
        """The connection is gone, and let go of."""
        self._flush = lambda: None

    def _begin(self, framing: Framing | None) -> None:
        """Leave the source before, and open that of another content."""
        task, self._task = self._task, None
        if task is not None and task is not asyncio.current_task():
            task.cancel()
        if isinstance(self._pieces, Generator):
            self._pieces.close()
        self.framing, self._pieces = framing, None
        self.is_hungry = False
        if framing is None:
            return
        try:
            pieces = framing.stream.pieces()
        except Exception as error:
            self._session.failed(error)
            self._loop.call_soon(self._flush)
            return
        if isinstance(pieces, AsyncIterator):
            self._task = self._loop.create_task(self._pull_all(framing, pieces))
        else:
            self._pieces = pieces

    def _pull(self) -> None:
        """One piece of what can be had at once."""
        self._is_due = False
        pieces, session = self._pieces, self._session
        if pieces is None or not (self.can_write and upload.wants(session)):
            return
        try:
            piece = next(pieces, None)
            if piece is not None:
                upload.said(session, piece)
        except Exception as error:
            session.failed(error)
        else:
            if piece is None:
                upload.said_all(session)
        self._flush()

    async def _pull_all(self, framing: Framing, pieces: AsyncIterator[Octets]) -> None:
        try:
            while True:
                await self._room.wait()
                self.is_hungry = True
                piece = await anext(pieces, None)
                self.is_hungry = False
                if self._session.streaming is not framing:
                    return
                if piece is None:
                    break
                await self._say(framing, piece)
            upload.said_all(self._session)
        except Exception as error:
            if self._session.streaming is framing:
                self._session.failed(error)
        finally:
            if hasattr(pieces, "aclose"):
                await pieces.aclose()
        self._flush()

    async def _say(self, framing: Framing, piece: Octets) -> None:
        is_long = isinstance(piece, bytes | bytearray | memoryview)
        for part in sliced(piece) if is_long else (piece,):
            await self._room.wait()
            if self._session.streaming is not framing:
                return
            upload.said(self._session, part)
            self._flush()


def leave(transport: asyncio.Transport) -> None:
    """End a connection; half a message, if that is what is left, is of no use to anybody."""
    if transport.get_write_buffer_size():
        transport.abort()
    else:
        transport.close()


def linger(transport: asyncio.Transport) -> None:
    """End a connection once its peer has taken all, or has had its time for that."""
    transport.close()

    def give_up() -> None:
        if transport.get_write_buffer_size():
            transport.abort()

    if transport.get_write_buffer_size():
        asyncio.get_running_loop().call_later(LAST_WORD, give_up)


def unread(transport: asyncio.Transport) -> Iterator[bytes]:
    """What the peer said before it reset the connection, and asyncio did not come to read."""
    sock = transport.get_extra_info("socket")
    with contextlib.suppress(OSError, ValueError):  # closed already
        while sock is not None and (data := os.read(sock.fileno(), 65536)):
            yield data
