"""What aiosmtplib 5.1.3 does badly, and ours does right, on servers of raw sockets.

Each test names the defect.  Where it is quick, it is shown in aiosmtplib first, so that the test
is known to be able to fail.
"""

from __future__ import annotations

import asyncio
import threading
import tracemalloc
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiosmtplib
import pytest
from hostile import (
    Await,
    Close,
    Hear,
    HearContent,
    Peer,
    Say,
    Server,
    Silence,
    Step,
    serve,
)

import smtpconsole.client as ours
from smtpconsole.smtp.events import Anomaly, Event

NAME = "client.example"
GREETING = Say(b"220 server ready\r\n")
EHLO = (Hear(b"EHLO"), Say(b"250 server\r\n"))


@dataclass(frozen=True)
class Discard:
    """Read content, and keep none of it."""

    def play(self, peer: Peer) -> None:
        tail = b"\r\n"
        while not tail.endswith(b"\r\n.\r\n") and (data := peer.socket.recv(2**18)):
            tail = (tail + data)[-5:]


Use = Callable[[Any], Awaitable[Any]]


def offering(*keywords: str) -> tuple[Step, ...]:
    lines = ["server", *keywords]
    text = "".join(f"250-{line}\r\n" for line in lines[:-1]) + f"250 {lines[-1]}\r\n"
    return (Hear(b"EHLO"), Say(text.encode()))


def answered(*pairs: tuple[bytes, bytes]) -> tuple[Step, ...]:
    return tuple(step for verb, answer in pairs for step in (Hear(verb), Say(answer)))


OK = b"250 ok\r\n"
TAKEN = answered((b"MAIL", OK), (b"RCPT", OK), (b"DATA", b"354 go\r\n"))


async def used(library: Any, use: Use, *steps: Step, **options: Any) -> tuple[Any, Server]:
    """Connect to the server that plays the steps; what the use of it gives or raises."""
    options = {"start_tls": False, "timeout": 5, "local_hostname": NAME} | options
    with serve(GREETING, *steps) as server:
        client = library.SMTP(hostname="127.0.0.1", port=server.port, **options)
        transport = None
        try:
            await client.connect()
            transport = client.transport
            return await use(client), server
        except Exception as error:
            return error, server
        finally:
            client.close()
            if transport is not None:  # the server ends when its client is gone
                transport.abort()
            await asyncio.sleep(0)
            await asyncio.sleep(0)


def both(use: Use, *steps: Step, **options: Any) -> tuple[Any, Any]:
    """What becomes of it on aiosmtplib, and on ours."""
    return (
        asyncio.run(used(aiosmtplib, use, *steps, **options))[0],
        asyncio.run(used(ours, use, *steps, **options))[0],
    )


async def tried(awaitable: Awaitable[Any]) -> Any:
    """The result or the exception."""
    try:
        return await awaitable
    except Exception as error:
        return error


# --- which reply answers what -----------------------------------------------------------------


def test_c1_a_second_reply_in_a_segment_does_not_answer_the_next_command() -> None:
    async def use(client: Any) -> Any:
        return await tried(client.noop()), client.is_connected

    steps = (Hear(b"EHLO"), Say(b"250 real\r\n250 extra\r\n"), Hear(b"NOOP"), Say(OK), Silence())
    assert asyncio.run(used(aiosmtplib, use, *steps))[0] == ((250, "extra"), True)
    outcome, is_connected = asyncio.run(used(ours, use, *steps[:2], Silence()))[0]
    assert isinstance(outcome, ours.SMTPServerDisconnected) and not is_connected
    assert "250 extra" in str(outcome)


def test_c2_the_late_reply_to_a_cancelled_command_does_not_answer_the_next() -> None:
    async def use(client: Any, go: threading.Event) -> Any:
        await client.ehlo()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await client.noop()
        go.set()
        return await tried(client.rset())

    def outcome(library: Any) -> Any:
        go = threading.Event()
        steps = (*EHLO, Hear(b"NOOP"), Await(go), Say(b"250 late\r\n"), Silence())
        return asyncio.run(used(library, lambda client: use(client, go), *steps))[0]

    assert outcome(aiosmtplib) == (250, "late")
    assert isinstance(outcome(ours), ours.SMTPServerDisconnected)


def test_c3_a_malformed_line_does_not_poison_what_follows() -> None:
    async def use(client: Any) -> Any:
        first = await tried(client.noop())
        return first, client.is_connected, await tried(client.noop())

    steps = (*EHLO, Hear(b"NOOP"), Say(b"hello\r\n"), Hear(), Say(OK), Silence())
    (_, was_connected, poisoned), (first, is_connected, after) = both(use, *steps)
    assert was_connected and poisoned.code == -1
    assert first.code == -1 and not is_connected
    assert isinstance(after, ours.SMTPServerDisconnected)


@pytest.mark.parametrize(
    ("reply", "accepted"),
    [
        (b" 25 x\r\n", False),
        (b"2 x\r\n", False),
        (b"-25 x\r\n", False),
        (b"999 x\r\n", False),
        (b"250-a\r\n550 b\r\n", False),
        (b"252 x\r\n", True),
    ],
)
def test_c13_a_reply_code_is_read_strictly_and_judged_by_its_class(
    reply: bytes, accepted: bool
) -> None:
    async def use(client: Any) -> Any:
        await client.mail("a@x")
        return await tried(client.rcpt("b@x"))

    steps = (*EHLO, *answered((b"MAIL", OK), (b"RCPT", reply)), Silence())
    outcome = both(use, *steps)[1]
    assert (outcome == (252, "x")) if accepted else outcome.code == -1
    tolerant = asyncio.run(used(ours, use, *steps, tolerant=True))[0]
    assert isinstance(tolerant, tuple) == accepted


def test_c20_many_first_commands_at_once_greet_once() -> None:
    async def use(client: Any) -> Any:
        return await asyncio.gather(*(tried(client.noop()) for _ in range(5)))

    def greetings(library: Any) -> int:
        steps = (*EHLO, *answered(*(((b"", OK),) * 9)), Silence())
        outcome, server = asyncio.run(used(library, use, *steps))
        assert all(reply[0] == 250 for reply in outcome)
        return bytes(server.heard).count(b"EHLO")

    assert greetings(aiosmtplib) == 5
    assert greetings(ours) == 1


# --- large messages ---------------------------------------------------------------------------


def test_c4_an_upload_that_makes_progress_does_not_time_out() -> None:
    size = 3_000_000

    async def use(client: Any) -> Any:
        return await client.sendmail("a@x", "b@x", b"x" * size, timeout=0.4)

    steps = (*EHLO, *TAKEN, HearContent(65536, 0.015), Say(OK), Silence())
    theirs, mine = both(use, *steps)
    assert isinstance(theirs, aiosmtplib.SMTPReadTimeoutError)
    assert mine == ({}, "ok")


def test_c5_a_message_is_not_copied_again_and_again() -> None:
    message = b"Subject: x\r\n\r\n" + b"An ordinary line of text.\r\n" * 100_000

    def peak(library: Any) -> float:
        async def use(client: Any) -> Any:
            await client.ehlo()
            tracemalloc.start()
            try:
                await client.sendmail("a@x", "b@x", message)
                return tracemalloc.get_traced_memory()[1] / len(message)
            finally:
                tracemalloc.stop()

        steps = (*EHLO, *TAKEN, Discard(), Say(OK), Silence())
        found: float = asyncio.run(used(library, use, *steps))[0]
        return found

    assert peak(aiosmtplib) > 2
    assert peak(ours) < 0.5


# --- 421 --------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["DATA", "content", "STARTTLS"])
def test_c6_a_421_closes_wherever_it_comes(where: str) -> None:
    gone = b"421 4.3.2 shutting down\r\n"

    async def use(client: Any) -> Any:
        action = client.starttls() if where == "STARTTLS" else client.sendmail("a@x", "b@x", "x")
        return await tried(action), client.is_connected

    steps = {
        "DATA": (*EHLO, *TAKEN[:4], Hear(b"DATA"), Say(gone), Hear(b"RSET"), Say(OK)),
        "content": (*EHLO, *TAKEN, HearContent(), Say(gone), Hear(b"RSET"), Say(OK)),
        "STARTTLS": (*offering("STARTTLS"), Hear(b"STARTTLS"), Say(gone)),
    }[where]
    outcome, is_connected = asyncio.run(used(aiosmtplib, use, *steps, Silence()))[0]
    assert outcome.code == 421 and is_connected
    outcome, is_connected = asyncio.run(used(ours, use, *_quietly(where), Silence()))[0]
    assert outcome.code == 421 and "shutting down" in outcome.message and not is_connected


def _quietly(where: str) -> tuple[Step, ...]:
    """The same server, which hears no RSET any more."""
    gone = Say(b"421 4.3.2 shutting down\r\n")
    return {
        "DATA": (*EHLO, *TAKEN[:4], Hear(b"DATA"), gone),
        "content": (*EHLO, *TAKEN, HearContent(), gone),
        "STARTTLS": (*offering("STARTTLS"), Hear(b"STARTTLS"), gone),
    }[where]


@pytest.mark.parametrize("keyword", ["SIZE", "PIPELINING"])
def test_c7_a_421_to_rcpt_keeps_its_reason(keyword: str) -> None:
    async def use(client: Any) -> Any:
        return await tried(client.sendmail("a@x", ["b@x", "c@x", "d@x"], "x"))

    start = (*offering(keyword), *answered((b"MAIL", OK), (b"RCPT", OK)))
    steps = (*start, Hear(b"RCPT"), Say(b"421 too many\r\n"))
    theirs = asyncio.run(used(aiosmtplib, use, *steps, Close()))[0]
    if keyword == "PIPELINING":  # what is unread would make a reset of the end
        steps = (*steps, Hear(b"RCPT"), Hear(b"DATA"))
    mine = asyncio.run(used(ours, use, *steps, Close()))[0]
    assert isinstance(theirs, aiosmtplib.SMTPServerDisconnected)
    assert isinstance(mine, ours.SMTPRecipientRefused)
    assert (mine.code, mine.message, mine.recipient) == (421, "too many", "c@x")


# --- what is left behind ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        {"recipients": ["b@x", "ü@x"], "message": "x"},
        {"recipients": ["b@x"], "message": "ü"},
        {"recipients": ["b@x"], "message": "x", "rcpt_options": ["X\n"]},
    ],
    ids=["recipient", "message", "option"],
)
def test_c8_an_error_leaves_no_envelope_open(arguments: dict[str, Any]) -> None:
    async def use(client: Any) -> Any:
        given = dict(arguments)
        people, message = given.pop("recipients"), given.pop("message")
        assert isinstance(await tried(client.sendmail("a@x", people, message, **given)), ValueError)
        return await tried(client.mail("a@x"))

    def next_mail(library: Any) -> bytes:
        steps = (*EHLO, *answered(*(((b"", OK),) * 4)), Silence())
        _, server = asyncio.run(used(library, use, *steps))
        return bytes(server.heard).split(b"EHLO client.example\r\n")[1]

    assert next_mail(aiosmtplib).count(b"MAIL") == 2  # the second one gets a 503
    assert next_mail(ours) == b"MAIL FROM:<a@x>\r\n"


def test_c16_what_the_server_said_at_the_end_is_not_lost() -> None:
    seen: list[Event] = []

    async def use(client: Any) -> Any:
        await client.noop()
        while client.is_connected:
            await asyncio.sleep(0.01)
        return await tried(client.noop())

    steps = (*EHLO, Hear(b"NOOP"), Say(OK), Say(b"421 4.4.2 idle too long\r\n"), Close())
    theirs, _ = asyncio.run(used(aiosmtplib, use, *steps))
    assert "idle" not in str(theirs)
    told, _ = asyncio.run(used(ours, use, *steps, observe=seen.append))
    assert "421 4.4.2 idle too long" in str(told)
    assert any(isinstance(event, Anomaly) for event in seen) or "250 ok" not in str(told)


def test_c18_the_end_of_a_connection_can_be_awaited() -> None:
    async def use(client: Any) -> Any:
        transport = client.transport
        client.close()
        assert transport._sock is not None  # it is still there
        await client.wait_closed()
        return transport._sock

    assert asyncio.run(used(ours, use, Silence()))[0] is None
    assert not hasattr(aiosmtplib.SMTP, "wait_closed")


def test_c19_a_timeout_is_for_the_implied_greeting_too() -> None:
    async def use(client: Any) -> Any:
        try:
            async with asyncio.timeout(0.5):
                return await client.sendmail("a@x", "b@x", "x", timeout=0.05)
        except Exception as error:
            return error

    theirs, mine = both(use, Hear(b"EHLO"), Silence())
    assert not isinstance(theirs, aiosmtplib.SMTPReadTimeoutError)
    assert isinstance(mine, ours.SMTPReadTimeoutError)
