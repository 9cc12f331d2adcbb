"""The engine on smtp-sink, which misbehaves in one way at a time."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from smtp_sink import FAULTS, sink

from smtpconsole.net.connection import Connection
from smtpconsole.net.dial import dial
from smtpconsole.smtp.commands import mail, rcpt
from smtpconsole.smtp.content import canonical
from smtpconsole.smtp.errors import Disconnected
from smtpconsole.smtp.events import Target
from smtpconsole.smtp.exchanges import deliver, deliver_all, hello, reset
from smtpconsole.smtp.outcome import Delivery
from smtpconsole.smtp.streams import Stream

pytestmark = pytest.mark.servers

CONTENT = canonical(b"Subject: hi\n\n.dots\n..\n")


@asynccontextmanager
async def at(fault: str) -> AsyncIterator[Connection]:
    """A connection to a sink with a fault, greeted."""
    with sink(*FAULTS[fault]) as port:
        is_lmtp = fault == "LMTP"
        connection = await dial(Target("127.0.0.1", port), lmtp=is_lmtp, timeout=10)
        await connection.run(hello(b"client.example.test", lmtp=is_lmtp), 10)
        try:
            yield connection
        finally:
            connection.close()
            await connection.lost


async def sent(connection: Connection, *, people: int = 2, pipelining: bool = True) -> Delivery:
    rcpts = [rcpt(f"u{number}@example.test") for number in range(people)]
    exchange = deliver(
        mail("a@client.test"),
        rcpts,
        CONTENT,
        pipelining=pipelining,
        lmtp=connection.session.lmtp,
    )
    return await connection.run(exchange, 10)


@pytest.mark.parametrize("pipelining", [True, False])
async def test_a_sink_without_fault_takes_everything(pipelining: bool) -> None:
    async with at("none") as connection:
        outcome = await sent(connection, pipelining=pipelining)
        assert outcome.is_delivered
        assert len(outcome.accepted) == 2


@pytest.mark.parametrize("pipelining", [True, False])
async def test_500_to_every_recipient_refuses_the_message(pipelining: bool) -> None:
    async with at("500 to RCPT") as connection:
        outcome = await sent(connection, pipelining=pipelining)
        assert not outcome.is_delivered
        assert [reply.code for _, reply in outcome.recipients] == [500, 500]
        assert outcome.refusal is not None and outcome.refusal.code == 500
        if outcome.leaves_open:
            assert (await connection.run(reset(), 10)).is_positive


@pytest.mark.parametrize("pipelining", [True, False])
async def test_450_at_the_end_is_the_word_on_every_recipient(pipelining: bool) -> None:
    async with at("450 to the end of the message") as connection:
        outcome = await sent(connection, pipelining=pipelining)
        assert [reply.code for _, reply in outcome.outcomes if reply] == [450, 450]
        assert not outcome.is_delivered
        assert not outcome.leaves_open
        assert (await sent(connection, pipelining=pipelining)).refusal is not None


@pytest.mark.parametrize("pipelining", [True, False])
async def test_a_hang_up_at_data_tells_what_was_answered_before(pipelining: bool) -> None:
    async with at("hangs up at DATA") as connection:
        with pytest.raises(Disconnected) as caught:
            await sent(connection, pipelining=pipelining)
        assert [reply.code for reply in caught.value.replies][:1] in ([], [250])
        if not pipelining:
            assert [reply.code for reply in caught.value.replies] == [250, 250, 250]


async def test_a_server_that_knows_helo_only_gets_mail_all_the_same() -> None:
    async with at("HELO only") as connection:
        assert connection.session.capabilities.greeting
        assert not connection.session.capabilities.keywords
        assert (await sent(connection, pipelining=False)).is_delivered


async def test_a_slow_server_is_waited_for() -> None:
    async with at("slow") as connection:
        began = time.monotonic()
        assert (await sent(connection)).is_delivered
        assert time.monotonic() - began >= 1


async def test_without_pipelining_offered_all_goes_one_by_one() -> None:
    async with at("no PIPELINING") as connection:
        assert "PIPELINING" not in connection.session.capabilities
        assert (await sent(connection, pipelining=False)).is_delivered


async def test_lmtp_has_a_word_for_each_recipient() -> None:
    async with at("LMTP") as connection:
        outcome = await sent(connection, people=3)
        assert len(outcome.content) == 3


async def test_a_hundred_messages_go_in_one_exchange() -> None:
    async with at("none") as connection:
        letters = [
            (mail("a@client.test"), [rcpt(f"u{number}@example.test")], CONTENT)
            for number in range(100)
        ]
        outcomes = await connection.run(deliver_all(letters), 10)
        assert len(outcomes) == 100
        assert all(outcome.is_delivered for outcome in outcomes)


async def test_25_megabytes_are_streamed() -> None:
    async with at("none") as connection:
        stream = Stream((b"x" * 98 + b"\n") * 2**12 for _ in range(62))
        exchange = deliver(mail("a@client.test"), [rcpt("u1@example.test")], stream)
        assert (await connection.run(exchange, 10)).is_delivered
        assert stream.taken == 99 * 2**12 * 62
