"""The same call on two libraries, before the same server, and what became of it.

    ours, theirs = play(smtpconsole.client, call), play(aiosmtplib, call)

1. The server answers by verb, keeps every octet it hears, and is new for each call.
2. An `Outcome` holds all that a user of the library can see; what is different in two of them
   is named by `differing`, and must be listed in `differences`.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, fields
from typing import Any

LIMIT = 2.0  # seconds a call may take
SILENT = None  # an answer: say nothing
GONE = b""  # an answer: close
NAME = "client.example"

EHLO = (
    b"250-server.example\r\n250-SIZE 100000\r\n250-VRFY\r\n250-SMTPUTF8\r\n"
    b"250-AUTH CRAM-MD5 PLAIN LOGIN XOAUTH2\r\n250 8BITMIME\r\n"
)
PIPELINING = EHLO.replace(b"250 8BITMIME", b"250-8BITMIME\r\n250 PIPELINING")
ANSWERS: dict[bytes, bytes | None] = {
    b"": b"220 server.example ready\r\n",
    b"EHLO": EHLO,
    b"DATA": b"354 go ahead\r\n",
    b".": b"250 queued as 7\r\n",
    b"HELP": b"214-first\r\n214 second\r\n",
    b"QUIT": b"221 bye\r\n",
}

Case = Callable[[Any], "Outcome"]  # of a library
Call = Callable[[Any, Any], Awaitable[Any]]  # of a client and its library


@dataclass
class Server:
    """What it answers, what it hears."""

    answers: dict[bytes, bytes | None]
    tls: ssl.SSLContext | None = None
    heard: bytes = b""
    port: int = 0
    visits: list[asyncio.Task[None]] = field(default_factory=list)

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visit = asyncio.current_task()
        assert visit is not None
        self.visits.append(visit)
        in_content = False
        try:
            await self.say(writer, self.answers[b""])
            if self.answers[b""] == GONE:
                return
            while line := await reader.readline():
                self.heard = b"(TLS)" if self.is_tls(line) else self.heard + line
                line = line.removesuffix(b"\r\n")
                if in_content and line != b".":
                    continue
                verb = line.split(b" ", 1)[0].upper()
                answer = self.answers.get(line, self.answers.get(verb, b"250 ok\r\n"))
                in_content = verb == b"DATA" and (answer or b"").startswith(b"354")
                await self.say(writer, answer)
                if answer == GONE or (verb == b"QUIT" and (answer or b"").startswith(b"221")):
                    break
                if verb == b"STARTTLS" and (answer or b"").startswith(b"220"):
                    assert self.tls is not None
                    await writer.start_tls(self.tls)
        except (OSError, ssl.SSLError):
            pass
        finally:
            writer.close()

    def is_tls(self, line: bytes) -> bool:
        """A ClientHello to a server that does not expect it; it is of chance."""
        return line.startswith(b"\x16") or self.heard.startswith(b"(TLS)")

    async def say(self, writer: asyncio.StreamWriter, answer: bytes | None) -> None:
        if answer:
            writer.write(answer)
            await writer.drain()


@dataclass
class Outcome:
    """What a user of the library sees of a call, and the server of both."""

    result: Any = None
    error: str = ""  # the type of the exception
    arguments: str = ""  # of it
    text: str = ""  # of it
    wire: bytes = b""
    is_connected: bool = False
    knowledge: tuple[Any, ...] = ()  # what the client has learned of the server

    def differing(self, other: Outcome) -> set[str]:
        return {
            each.name
            for each in fields(self)
            if getattr(self, each.name) != getattr(other, each.name)
        }


def play(
    library: Any,
    call: Call,
    answers: dict[bytes, bytes | None] | None = None,
    *,
    connect: bool = True,
    tls: ssl.SSLContext | None = None,
    implicit: bool = False,
    patience: float | None = None,
    **options: Any,
) -> Outcome:
    """Connect, do it, and look; `options` are the client's, `patience` its timeout by then."""
    server = Server({**ANSWERS, **(answers or {})}, tls)
    options = {"start_tls": False, "timeout": LIMIT, "local_hostname": NAME, **options}

    async def perform() -> Outcome:
        listener = await asyncio.start_server(
            server.converse, "127.0.0.1", 0, ssl=tls if implicit else None
        )
        server.port = listener.sockets[0].getsockname()[1]
        options.setdefault("hostname", "127.0.0.1")
        smtp = library.SMTP(port=server.port, **options)
        try:
            async with asyncio.timeout(LIMIT):
                outcome = await _outcome(smtp, library, call, server, connect, patience)
        finally:
            smtp.close()
            listener.close()
            if server.visits:
                await asyncio.wait(server.visits, timeout=1)  # they hear the last of it
        outcome.wire = server.heard
        return outcome

    return asyncio.run(perform())


async def _outcome(
    smtp: Any, library: Any, call: Call, server: Server, connect: bool, patience: float | None
) -> Outcome:
    outcome = Outcome()
    try:
        if connect:
            await smtp.connect()
        if patience is not None:
            smtp.timeout = patience
        outcome.result = await call(smtp, library)
    except Exception as error:
        outcome.error = type(error).__name__
        outcome.arguments = repr(error.args).replace(str(server.port), "PORT")
        outcome.text = str(error).replace(str(server.port), "PORT")
    outcome.is_connected = smtp.is_connected
    outcome.knowledge = (
        smtp.last_ehlo_response,
        smtp.last_helo_response,
        smtp.esmtp_extensions,
        smtp.server_auth_methods,
        smtp.supports_esmtp,
        smtp.is_ehlo_or_helo_needed,
    )
    return outcome


def pure(function: Callable[[Any], Any]) -> Case:
    """A case without a server: what a function of the library gives or raises."""

    def case(library: Any) -> Outcome:
        outcome = Outcome()
        try:
            outcome.result = function(library)
        except Exception as error:
            outcome.error, outcome.arguments = type(error).__name__, repr(error.args)
            outcome.text = str(error)
        return outcome

    return case
