"""Ends of connections whose other end takes nothing more: none of them hangs."""

from __future__ import annotations

import asyncio

import pytest
from hostile import Deaf, HalfClose, HearSome, ReceiveBuffer, Say, Step, serve

from smtpconsole.net import pulling
from smtpconsole.net.connection import Connection
from smtpconsole.net.dial import dial
from smtpconsole.smtp.commands import raw
from smtpconsole.smtp.errors import Disconnected
from smtpconsole.smtp.events import Target
from smtpconsole.smtp.exchanges import ask

MORE_THAN_THE_KERNEL_TAKES = raw(b"x" * 8_000_000)
FULL: tuple[Step, ...] = (Say(b"220 hi\r\n"), ReceiveBuffer(4096), HearSome(1000))


async def dialled(port: int) -> Connection:
    return await dial(Target("127.0.0.1", port), timeout=5)


async def test_a_server_that_says_no_more_and_reads_no_more_is_left() -> None:
    with serve(*FULL, HalfClose(), Deaf()) as server:
        connection = await dialled(server.port)
        with pytest.raises(Disconnected) as caught:
            await connection.run(ask(MORE_THAN_THE_KERNEL_TAKES), 5)
        assert caught.value.is_cut_short
        async with asyncio.timeout(5):
            await connection.wait_closed()


async def test_a_good_end_is_given_up_after_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulling, "LAST_WORD", 0.05)
    with serve(*FULL, Deaf()) as server:
        connection = await dialled(server.port)
        running = asyncio.ensure_future(connection.run(ask(MORE_THAN_THE_KERNEL_TAKES), 5))
        while not connection.is_uploading:
            await asyncio.sleep(0)
        connection.close()
        with pytest.raises(Disconnected):
            await running
        async with asyncio.timeout(5):
            await connection.wait_closed()


async def test_who_waits_for_the_end_and_is_cancelled_leaves_it_to_the_others() -> None:
    with serve(Say(b"220 hi\r\n"), Deaf()) as server:
        connection = await dialled(server.port)
        one, other = (asyncio.ensure_future(connection.wait_closed()) for _ in range(2))
        await asyncio.sleep(0)
        one.cancel()
        await asyncio.wait([one])
        connection.close()
        await other
        assert one.cancelled()
