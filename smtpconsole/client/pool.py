"""class Pool: connections that are kept for the next message.

1. A connection is lent to one user at a time, and at most `size` for a server at once: who comes
   later waits.
2. What is given back is kept unless something is in doubt: a transaction left open, an error
   that did not come from the server, a cancelled user.
3. What has been idle is asked by NOOP before it is lent again, and closed after `keep` seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from smtpconsole.client.errors import SMTPException, SMTPResponseException
from smtpconsole.client.receipt import Receipt
from smtpconsole.client.smtp import SMTP


@dataclass(slots=True)
class _Kept:
    """A client that waits, since when, and how often it was lent."""

    client: SMTP
    since: float
    times: int


@dataclass(slots=True)
class _Place:
    """What there is for one server."""

    turns: asyncio.Semaphore
    idle: list[_Kept] = field(default_factory=list)


class Pool:
    """Clients for one server or several, kept connected between messages.

        async with Pool(hostname="mail.example", start_tls=True) as pool:
            await pool.sendmail("me@x", ["you@y"], "Subject: Hi")

    The options are those of `SMTP`, and hold for all connections; `connection` can change them.

    size: connections at once to a server (10).
    keep: seconds an idle one is kept (60); servers close it after 300 or so (RFC 5321, 4.5.3.2.7).
    check: seconds after which an idle one is asked by NOOP before it is used again (5).
    uses: how often one is used (100); servers limit the messages of a session, some with LIMITS.
    """

    def __init__(
        self,
        *,
        size: int = 10,
        keep: float = 60,
        check: float = 5,
        uses: int = 100,
        **options: Any,
    ) -> None:
        if size < 1 or uses < 1:
            raise ValueError("a pool has at least one connection, of at least one use")
        SMTP(**options)  # complains now, and not when the first message is to be sent
        self._size, self._keep, self._check, self._uses = size, keep, check, uses
        self._options = options
        self._places: dict[Any, _Place] = {}
        self._lent: set[SMTP] = set()
        self._emptied = asyncio.Event()
        self._is_closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    @asynccontextmanager
    async def connection(self, **options: Any) -> AsyncIterator[SMTP]:
        """Borrow a connected client, after waiting for one; `options` change the pool's.

        Raises what `SMTP.connect` does, and RuntimeError if the pool is closed.
        """
        wanted = {**self._options, **options}
        place = self._place(wanted)
        async with place.turns:
            if self._is_closed:
                raise RuntimeError("the pool is closed")
            kept = await self._taken(place) or _Kept(SMTP(**wanted), 0, 0)
            self._lent.add(kept.client)
            is_sound = False
            try:
                if not kept.client.is_connected:
                    await kept.client.connect()
                yield kept.client
                is_sound = True
            except SMTPResponseException:
                is_sound = True  # a refusal is an answer
                raise
            finally:
                used_up = self._given_back(place, kept, is_sound)
                if used_up is not None:
                    await _parted(used_up)

    async def sendmail(
        self, sender: str, recipients: str | Sequence[str], message: str | bytes, /, **more: Any
    ) -> Receipt:
        """`SMTP.sendmail` on a connection of the pool."""
        async with self.connection() as client:
            return await client.sendmail(sender, recipients, message, **more)

    async def send_message(self, message: Any, /, **more: Any) -> Receipt:
        """`SMTP.send_message` on a connection of the pool."""
        async with self.connection() as client:
            return await client.send_message(message, **more)

    async def deliver(self, message: Any, /, **more: Any) -> Receipt:
        """`SMTP.deliver` on a connection of the pool."""
        async with self.connection() as client:
            return await client.deliver(message, **more)

    async def aclose(self) -> None:
        """Say goodbye on idle connections, and wait for those in use to be given back."""
        self._is_closed = True
        idle = [kept.client for place in self._places.values() for kept in place.idle]
        for place in self._places.values():
            place.idle.clear()
        await asyncio.gather(*(_parted(client) for client in idle))
        while self._lent:
            self._emptied.clear()
            await self._emptied.wait()

    def _place(self, wanted: dict[str, Any]) -> _Place:
        key = tuple(sorted((name, repr(value)) for name, value in wanted.items()))
        if key not in self._places:
            self._places[key] = _Place(asyncio.Semaphore(self._size))
        return self._places[key]

    async def _taken(self, place: _Place) -> _Kept | None:
        """The one used last, if it is of use still."""
        now = asyncio.get_running_loop().time
        while place.idle:
            kept = place.idle.pop()
            idle = now() - kept.since
            if idle > self._keep or not kept.client.is_connected:
                await _parted(kept.client)
                continue
            if idle <= self._check:
                return kept
            try:
                await kept.client.noop()
                return kept
            except SMTPException:
                kept.client.close()
            except BaseException:
                kept.client.close()
                raise
        return None

    def _given_back(self, place: _Place, kept: _Kept, is_sound: bool) -> SMTP | None:
        """Keep a client for the next user, or not; one to say goodbye on."""
        client = kept.client
        self._lent.discard(client)
        if not self._lent:
            self._emptied.set()
        kept.times += 1
        is_free = client.protocol is not None and client.protocol.session.transaction is None
        if not (is_sound and is_free and client.is_connected):
            client.close()
        elif self._is_closed or kept.times >= self._uses or _is_used_up(client):
            return client
        else:
            kept.since = asyncio.get_running_loop().time()
            place.idle.append(kept)
        return None


def _is_used_up(client: SMTP) -> bool:
    """The server takes no more messages in this session (RFC 9422, 4.1)."""
    session = client.protocol.session if client.protocol is not None else None
    most = session.capabilities.limit("MAILMAX") if session is not None else None
    return session is not None and most is not None and session.mails >= most


async def _parted(client: SMTP) -> None:
    """QUIT, if the server still listens; it has not long to answer."""
    if client.is_connected:
        with contextlib.suppress(SMTPException):
            await client.quit(timeout=5)
    await client.wait_closed()
