"""The slow link of the tests is as slow as it says."""

from __future__ import annotations

import time

import pytest
from link import Link, Way
from scripted import scripted

from smtpconsole.net.dial import dial
from smtpconsole.smtp.commands import command, mail, rcpt
from smtpconsole.smtp.errors import Disconnected
from smtpconsole.smtp.events import Target
from smtpconsole.smtp.exchanges import ask, deliver, hello

MS = 0.001


async def test_a_link_delays_and_counts_round_trips() -> None:
    async with scripted() as server:
        with Link(server.port, delay=20 * MS) as link:
            began = time.monotonic()
            connection = await dial(Target("127.0.0.1", link.port), timeout=5)
            await connection.run(hello(b"me"), 5)
            await connection.run(ask(command(b"NOOP")), 5)
            assert link.round_trips == 2  # the greeting comes by itself
            assert time.monotonic() - began > 4 * 20 * MS
            connection.close()
            await connection.lost


async def test_a_link_in_pieces_carries_every_octet() -> None:
    async with scripted() as server:
        with Link(server.port, piece=1) as link:
            connection = await dial(Target("127.0.0.1", link.port), timeout=5)
            assert (await connection.run(hello(b"me"), 5)).is_positive
            connection.close()
            await connection.lost
            assert server.heard == [b"EHLO me"]
            assert link.octets["up"] == len(b"EHLO me\r\n")


async def test_a_link_breaks_where_it_is_told_to() -> None:
    async with scripted() as server:
        with Link(server.port, up=Way(cut=9), down=Way()) as link:
            connection = await dial(Target("127.0.0.1", link.port), timeout=5)
            await connection.run(hello(b"a"), 5)
            with pytest.raises(Disconnected):
                await connection.run(ask(command(b"NOOP")), 5)
            await connection.lost
            assert link.octets["up"] == 9


async def test_a_narrow_link_takes_its_time() -> None:
    async with scripted() as server:
        with Link(server.port, up=Way(rate=200_000)) as link:
            connection = await dial(Target("127.0.0.1", link.port), timeout=5)
            await connection.run(hello(b"me"), 5)
            began = time.monotonic()
            content = b"x" * 60 + b"\r\n"
            await connection.run(deliver(mail("a@b"), [rcpt("c@d")], content * 1000), 5)
            assert time.monotonic() - began > 0.2
            connection.close()
            await connection.lost
