"""Ends of connections whose other end takes nothing more: none of them hangs."""

from __future__ import annotations

import asyncio
import gc
from dataclasses import replace

import pytest
from brittle import descriptors
from hostile import Close, Deaf, HalfClose, HearSome, ReceiveBuffer, Say, Step, serve

from smtpconsole.net import pulling
from smtpconsole.net.connection import Connection
from smtpconsole.net.dial import dial
from smtpconsole.net.policy import TlsPolicy
from smtpconsole.sandbox import Sandbox
from smtpconsole.smtp.commands import raw
from smtpconsole.smtp.errors import Disconnected, HandshakeFailed
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


async def test_a_tls_session_costs_no_descriptor_but_that_of_its_socket() -> None:
    """The memory for its secrets is let go with the handshake, not when memory is collected."""
    gc.disable()
    try:
        with Sandbox() as sandbox:
            policy = TlsPolicy(ca_file=str(sandbox.ca_file))
            assert sandbox.tls_port is not None
            target = Target("localhost", sandbox.tls_port, implicit_tls=True)
            connection = await dial(target, tls=policy, timeout=10)
            assert memories() == []
            connection.close()
            await connection.wait_closed()
            with pytest.raises(HandshakeFailed):
                other = replace(policy, server_name="elsewhere.example")
                await dial(target, tls=other, timeout=10)
            assert memories() == []
        with serve(HearSome(10), Close()) as server:
            with pytest.raises(HandshakeFailed):
                await dial(replace(target, port=server.port), tls=policy, timeout=10)
            assert memories() == []
    finally:
        gc.enable()


def memories() -> list[str]:
    """Descriptors of memory that has no name."""
    return [each for each in descriptors() if "memfd" in each]
