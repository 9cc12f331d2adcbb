"""How long is waited for what, on servers that take their time."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from dataclasses import dataclass

import pytest
from hostile import (
    Deaf,
    Drip,
    Echo,
    Hear,
    HearContent,
    HearSome,
    Peer,
    ReceiveBuffer,
    Reset,
    Say,
    Step,
    serve,
)
from hostile import Silence as Silent
from link import Link, Way
from scripted import scripted

from smtpconsole.console.troubles import trouble
from smtpconsole.net.dial import dial
from smtpconsole.net.policy import TlsPolicy
from smtpconsole.net.timeouts import Timeouts
from smtpconsole.smtp.commands import command, mail, rcpt
from smtpconsole.smtp.errors import Disconnected, Silence
from smtpconsole.smtp.events import Target
from smtpconsole.smtp.exchanges import Delivery, ask, deliver, start_tls
from smtpconsole.smtp.session import Exchange
from smtpconsole.smtp.streams import Stream

MS = 0.001
SOON = 60 * MS
LONG = 20.0

LINE = b"x" * 62 + b"\r\n"


def target(port: int, implicit_tls: bool = False) -> Target:
    return Target("127.0.0.1", port, implicit_tls)


def sending(content: bytes | Stream = LINE, *, pipelining: bool = False) -> Exchange[Delivery]:
    return deliver(mail("a@x"), [rcpt("b@x")], content, pipelining=pipelining)


def test_the_defaults_are_those_of_rfc_5321() -> None:
    times = Timeouts()
    minutes = {"greeting": 5, "mail": 5, "recipient": 5, "data": 2, "block": 3, "end": 10}
    assert {name: getattr(times, name) / 60 for name in minutes} == minutes
    assert times.total is None


@pytest.mark.parametrize("fields", [{"mail": -1.0}, {"total": float("nan")}], ids=str)
def test_times_that_cannot_be_are_refused(fields: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        Timeouts(**fields)


async def test_the_greeting_and_the_handshake_have_their_own_timers() -> None:
    with serve(Silent()) as server:
        with pytest.raises(Silence, match="No greeting within") as caught:
            await dial(target(server.port), timeout=Timeouts(greeting=SOON))
        assert caught.value.timer == "greeting"
    with serve(Silent()) as server:
        with pytest.raises(Silence, match="No TLS handshake within") as caught:
            await dial(target(server.port, True), timeout=Timeouts(handshake=SOON))
        assert caught.value.timer == "handshake"


async def test_the_handshake_behind_starttls_has_its_timer() -> None:
    with serve(Say(b"220 hi\r\n"), Hear(), Say(b"220 go\r\n"), Silent()) as server:
        policy = TlsPolicy(strict=False)
        connection = await dial(target(server.port), timeout=LONG, tls=policy)
        with pytest.raises(Silence) as caught:
            await connection.run(start_tls(), Timeouts(handshake=SOON))
        assert caught.value.timer == "handshake"
        await connection.lost


TRANSACTION: list[tuple[str, bytes, bytes]] = [
    ("mail", b"MAIL", b"250 ok\r\n"),
    ("recipient", b"RCPT", b"250 ok\r\n"),
    ("data", b"DATA", b"354 go\r\n"),
    ("end", b"(content)", b"250 ok\r\n"),
]


@pytest.mark.parametrize("stage", range(4), ids=[name for name, _, _ in TRANSACTION])
@pytest.mark.parametrize("pipelining", [False, True], ids=["one by one", "pipelined"])
async def test_each_command_has_its_timer(stage: int, pipelining: bool) -> None:
    timer, verb, _ = TRANSACTION[stage]
    steps: list[Step] = [Say(b"220 hi\r\n")]
    for _, _, reply in TRANSACTION[:stage]:
        steps += [Hear(), Say(reply)]
    with serve(*steps, Silent()) as server:
        connection = await dial(target(server.port), timeout=LONG)
        times = Timeouts(**{timer: SOON})
        began = time.monotonic()
        with pytest.raises(Silence) as caught:
            await connection.run(sending(pipelining=pipelining), times)
        assert (caught.value.timer, str(caught.value)) == (
            timer,
            f"No reply to {verb.decode()} within {SOON:g} seconds",
        )
        assert caught.value.waiting_for is not None
        assert SOON * 0.9 < time.monotonic() - began < 2
        await connection.lost


async def test_time_stands_still_while_a_person_thinks() -> None:
    steps = (Say(b"220 hi\r\n"), Hear(), Say(b"250 ok\r\n"), Silent())
    with serve(*steps) as server:
        connection = await dial(target(server.port), timeout=LONG)
        connection.session.holds = lambda batch: True
        times = Timeouts(mail=SOON, recipient=SOON, total=3 * SOON)
        sent = asyncio.ensure_future(connection.run(sending(), times))
        await asyncio.sleep(6 * SOON)  # what is awaited is that nothing comes of it
        assert connection.is_open and connection.session.proposed is not None
        connection.release()
        while connection.session.proposed is None:
            await asyncio.sleep(MS)
        await asyncio.sleep(6 * SOON)
        assert not sent.done()
        connection.release()  # to a server that says no more: now time counts
        with pytest.raises(Silence, match="No reply to RCPT within") as caught:
            await sent
        assert caught.value.timer == "recipient"  # and not the total
        await connection.lost


async def test_cancelling_what_is_held_leaves_the_session_paired() -> None:
    with serve(Say(b"220 hi\r\n"), Hear(), Say(b"250 rset\r\n"), Silent()) as server:
        connection = await dial(target(server.port), timeout=LONG)
        connection.session.holds = lambda batch: True
        sent = asyncio.ensure_future(connection.run(sending(), LONG))
        while connection.session.proposed is None:
            await asyncio.sleep(0)
        sent.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sent
        connection.session.holds = None
        reply = await connection.run(ask(command(b"RSET")), LONG)
        assert str(reply) == "250 rset"
        connection.abort()
        await connection.lost


async def test_a_shorter_time_after_a_longer_one_is_kept() -> None:
    with serve(Say(b"220 hi\r\n"), Hear(), Say(b"250 ok\r\n"), Silent()) as server:
        connection = await dial(target(server.port), timeout=LONG)
        began = time.monotonic()
        with pytest.raises(Silence):
            await connection.run(sending(), Timeouts(mail=LONG, recipient=SOON))
        assert time.monotonic() - began < 2
        await connection.lost


async def test_a_reply_that_drips_is_late_whatever_the_timer() -> None:
    with serve(Say(b"220 hi\r\n"), Hear(), Drip(b"250-x\r\n" * 99, 10 * MS)) as server:
        connection = await dial(target(server.port), timeout=LONG)
        with pytest.raises(Silence, match="No reply to NOOP"):
            await connection.run(ask(command(b"NOOP")), Timeouts(other=2 * SOON))
        await connection.lost


async def test_a_total_ends_a_server_that_answers_always_just_in_time() -> None:
    with serve(Say(b"220 hi\r\n"), Echo()) as server:
        connection = await dial(target(server.port), timeout=LONG)
        began = time.monotonic()
        with pytest.raises(Silence, match=r"within 0\.06 seconds in all") as caught:
            await connection.run(_for_ever(), Timeouts(total=SOON))
        assert caught.value.timer == "total"
        assert time.monotonic() - began < 2
        await connection.lost


def _for_ever() -> Exchange[None]:
    while True:
        yield (command(b"NOOP"),)


async def test_a_total_holds_for_dialling_too() -> None:
    with serve(Drip(b"220-x\r\n" * 99, 10 * MS)) as server:
        with pytest.raises(Silence, match=r"was not reached within 0\.06 seconds in all") as caught:
            await dial(target(server.port), timeout=Timeouts(total=SOON))
        assert caught.value.timer == "total"


async def test_none_waits() -> None:
    with serve(Drip(b"220 hi\r\n", 10 * MS), Echo()) as server:
        connection = await dial(target(server.port), timeout=None)
        await connection.run(ask(command(b"NOOP")))
        connection.close()
        await connection.lost


# --- uploads


@pytest.mark.parametrize("octets", [300_000, 3_000_000])
async def test_an_upload_that_moves_is_never_late(octets: int) -> None:
    rate = octets / 0.6
    async with scripted() as server:
        with Link(server.port, up=Way(rate=rate), down=Way()) as link:
            connection = await dial(target(link.port), timeout=LONG)
            began = time.monotonic()
            times = Timeouts(block=150 * MS, end=400 * MS)
            await connection.run(sending(LINE * (octets // 64)), times)
            assert time.monotonic() - began > 0.4
            connection.close()
            await connection.lost


@pytest.mark.parametrize("times", [2 * SOON, Timeouts(block=2 * SOON)], ids=["number", "phases"])
@pytest.mark.parametrize("is_pulled", [False, True], ids=["whole", "pulled"])
async def test_an_upload_that_stands_still_is_late_and_says_so(
    times: float | Timeouts, is_pulled: bool
) -> None:
    replies: list[Step] = []
    for _, _, reply in TRANSACTION[:3]:
        replies += [Hear(), Say(reply)]
    with serve(ReceiveBuffer(4096), Say(b"220 hi\r\n"), *replies, Deaf()) as server:
        connection = await dial(target(server.port), timeout=LONG)
        began = time.monotonic()
        with pytest.raises(Silence, match="No octet of what is sent was taken within") as caught:
            content = Stream(iter([LINE * 2**10] * 2**8)) if is_pulled else LINE * 2**18
            await connection.run(sending(content), times)
        assert caught.value.timer == "block"
        assert time.monotonic() - began < 2
        await connection.lost


async def test_a_message_that_is_told_to_be_cut_short_cannot_arrive_later() -> None:
    """Its end waits in the kernel: the server that reads on must not get it."""
    replies: list[Step] = []
    for _, _, reply in TRANSACTION[:3]:
        replies += [Hear(), Say(reply)]
    is_told, found = threading.Event(), bytearray()
    late = ReadLate(is_told, found)
    with serve(ReceiveBuffer(4096), Say(b"220 hi\r\n"), *replies, late) as server:
        connection = await dial(target(server.port), timeout=LONG)
        with pytest.raises(Silence) as caught:
            await connection.run(sending(LINE * 2**11), 2 * SOON)
        assert caught.value.is_cut_short and caught.value.unsent
        await connection.lost
        is_told.set()
    assert not found.endswith(b"\r\n.\r\n") and len(found) < len(LINE) * 2**11


@pytest.mark.parametrize(
    ("count", "told"), [(2**18, "has not taken it"), (1, "it may arrive twice")]
)
async def test_a_connection_lost_in_a_message_tells_whether_it_was_cut_short(
    count: int, told: str
) -> None:
    replies: list[Step] = []
    for _, _, reply in TRANSACTION[:3]:
        replies += [Hear(), Say(reply)]
    with serve(ReceiveBuffer(4096), Say(b"220 hi\r\n"), *replies, HearSome(64), Reset()) as server:
        connection = await dial(target(server.port), timeout=LONG)
        with pytest.raises(Disconnected) as caught:
            await connection.run(sending(LINE * count), LONG)
        assert caught.value.is_cut_short is (count > 1)
        words = trouble(caught.value, connection.target)
        assert words is not None and told in "\n".join((str(words), *words.hints))
        await connection.lost


@dataclass(frozen=True)
class ReadLate:
    """Read all there is, once it is told to."""

    is_told: threading.Event
    found: bytearray

    def play(self, peer: Peer) -> None:
        self.is_told.wait(LONG)
        with contextlib.suppress(OSError):
            while data := peer.socket.recv(65536):
                self.found.extend(data)


async def test_an_upload_in_tiny_steps_that_outlasts_many_timers_arrives() -> None:
    """Eight times the timer; each look at the kernel's queue sees some of it gone."""
    replies: list[Step] = []
    for _, _, reply in TRANSACTION[:3]:
        replies += [Hear(), Say(reply)]
    slow = HearContent(16384, 3 * MS)
    with serve(
        ReceiveBuffer(65536), Say(b"220 hi\r\n"), *replies, slow, Say(b"250 ok\r\n"), Silent()
    ) as server:
        connection = await dial(target(server.port), timeout=LONG)
        outcome = await connection.run(sending(LINE * 2**16), 100 * MS)
        assert outcome.is_delivered
        connection.close()
        await connection.lost


async def test_after_the_upload_the_time_for_the_reply_begins() -> None:
    replies: list[Step] = []
    for _, _, reply in TRANSACTION[:3]:
        replies += [Hear(), Say(reply)]
    with serve(Say(b"220 hi\r\n"), *replies, HearContent(), Silent()) as server:
        connection = await dial(target(server.port), timeout=LONG)
        with pytest.raises(Silence, match=r"No reply to \(content\)") as caught:
            await connection.run(sending(LINE * 2**16), Timeouts(block=LONG, end=SOON))
        assert caught.value.timer == "end"
        await connection.lost


@pytest.mark.parametrize("content", [LINE, Stream([LINE])], ids=["octets", "stream"])
async def test_a_chunk_without_an_answer_is_a_reply_that_is_missing(
    content: bytes | Stream,
) -> None:
    """smtp-sink keeps its answer to BDAT until what follows makes a line."""
    steps = [Say(b"220 hi\r\n"), *(Hear(), Say(b"250 ok\r\n")) * 2, Hear(b"BDAT 20"), Silent()]
    with serve(*steps) as server:
        connection = await dial(target(server.port), timeout=LONG)
        exchange = deliver(mail("a@x"), [rcpt("b@x")], content, chunking=True, chunk=20)
        with pytest.raises(Silence) as caught:
            await connection.run(exchange, SOON)
        assert str(caught.value).startswith("No reply to BDAT within")
        assert caught.value.timer == "end"
        await connection.lost


async def test_a_cancelled_wait_barks_no_more() -> None:
    with serve(Say(b"220 hi\r\n"), Hear(), Silent()) as server:
        connection = await dial(target(server.port), timeout=LONG)
        waiting = asyncio.create_task(connection.run(ask(command(b"NOOP")), SOON))
        await asyncio.sleep(SOON / 2)
        waiting.cancel()
        await asyncio.wait([waiting])
        await asyncio.sleep(SOON)
        assert connection.is_open
        connection.close()
        await connection.lost
