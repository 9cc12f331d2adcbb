"""What does a server take for the end of a message, besides the one that is?

A server that takes another sequence can be told, by one that passes it on, where a message
ends, and so be given messages of anybody's (SMTP smuggling, CVE-2023-51764 and others).
The probe sends one message for each sequence, in a transaction of its own, and never puts
anything behind the false end: *when* the server answers is the answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

from smtpconsole.net.connection import Connection
from smtpconsole.net.dial import dial
from smtpconsole.net.knocking import Unwelcome, greeted, left, upgraded, welcomed
from smtpconsole.net.policy import TlsPolicy
from smtpconsole.net.route import Route
from smtpconsole.smtp.commands import CONTENT, Send, command
from smtpconsole.smtp.errors import Disconnected, HandshakeFailed, Silence
from smtpconsole.smtp.events import Answered, Closed, Event, Target
from smtpconsole.smtp.exchanges import ask, quit
from smtpconsole.smtp.replies import Reply
from smtpconsole.smtp.session import Exchange

SEQUENCES = {
    "LF . LF": b"\n.\n",
    "LF . CR LF": b"\n.\r\n",
    "CR LF . LF": b"\r\n.\n",
    "CR . CR": b"\r.\r",
    "CR . CR LF": b"\r.\r\n",
    "CR LF . CR": b"\r\n.\r",
    "LF . CR": b"\n.\r",
    "CR . LF": b"\r.\n",
    "CR LF NUL . CR LF": b"\r\n\0.\r\n",
    "CR LF . NUL CR LF": b"\r\n.\0\r\n",
    "CR LF . blank CR LF": b"\r\n. \r\n",
}
PATIENCE = 1.5  # seconds to wait for an answer to what is no end

_REST = b"this was not the end\r\n.\r\n"

Outcome = Literal["taken", "refused", "not taken", "unclear"]


@dataclass(frozen=True, slots=True)
class Ending:
    """What the server makes of one sequence."""

    sequence: str
    outcome: Outcome
    text: str


@dataclass(frozen=True, slots=True)
class Probe:
    """Who writes to whom: addresses of the person who probes, and of nobody else."""

    target: Target
    policy: TlsPolicy
    sender: bytes
    recipient: bytes
    name: bytes  # said in EHLO
    timeout: float
    patience: float = PATIENCE
    route: Route | None = None

    async def run(self) -> AsyncIterator[Ending]:
        """Each ending as it is tried; it stops when the server has had enough.

        Raises Unwelcome, or what `dial` raises.
        """
        for name, octets in SEQUENCES.items():
            yield await self._try(name, octets)

    async def _try(self, name: str, octets: bytes) -> Ending:
        early = _Early()
        connection = await dial(
            self.target,
            observe=early,
            tls=self.policy,
            timeout=self.timeout,
            route=self.route,
        )
        try:
            await self._open(connection)
            return Ending(name, *await self._end(connection, early, name, octets))
        finally:
            await left(connection)

    async def _open(self, connection: Connection) -> None:
        """As far as the 354."""
        welcomed(connection)
        await greeted(connection, name=self.name, timeout=self.timeout)
        if "STARTTLS" in connection.session.capabilities:
            await upgraded(connection, timeout=self.timeout)
            await greeted(connection, name=self.name, timeout=self.timeout)
        for line in (
            command(b"MAIL", b"FROM:<" + self.sender + b">"),
            command(b"RCPT", b"TO:<" + self.recipient + b">"),
            command(b"DATA"),
        ):
            reply = await connection.run(ask(line), self.timeout)
            if reply.is_negative or reply.code < 0:
                verb = line.verb.decode("ascii")
                raise Unwelcome(f"the server does not take {verb}: {reply}")

    async def _end(
        self, connection: Connection, early: _Early, name: str, octets: bytes
    ) -> tuple[Outcome, str]:
        early.begin()
        content = b"Subject: end of data: %b\r\nX-SMTP-Probe: end of data\r\n\r\nbody"
        start = Send(content % name.encode("ascii") + octets, CONTENT, replies=0)
        try:
            await connection.run(_say(start), self.timeout)
            reply = await early.within(self.patience)
            if reply is not None:
                return ("taken" if reply.is_positive else "refused"), f"at once: {reply}"
            if not connection.is_open:
                return "refused", "the server closes the connection"
            reply = await connection.run(ask(Send(_REST, CONTENT)), self.timeout)
            await connection.run(quit(), self.timeout)
        except (Disconnected, Silence, HandshakeFailed) as error:
            return "unclear", str(error)
        if reply.is_positive:
            return "not taken", f"at the true end only: {reply}"
        return "refused", f"at the true end: {reply}"


class _Early:
    """Notes a reply that comes before it is due."""

    def __init__(self) -> None:
        self._reply: Reply | None = None
        self._came = asyncio.Event()
        self._is_open = False

    def begin(self) -> None:
        self._is_open = True

    def __call__(self, event: Event) -> None:
        if self._is_open and isinstance(event, Answered) and event.send is None:
            self._reply = self._reply or event.reply
            self._came.set()
        elif isinstance(event, Closed):
            self._came.set()

    async def within(self, seconds: float) -> Reply | None:
        """The early reply; None if none comes."""
        try:
            async with asyncio.timeout(seconds):
                await self._came.wait()
        except TimeoutError:
            return None
        return self._reply


def _say(send: Send) -> Exchange[None]:
    yield (send,)
