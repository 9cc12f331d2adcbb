"""Of many addresses the first that answers, and all attempts told."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from smtpconsole.net import eyeballs
from smtpconsole.net.dial import dial
from smtpconsole.net.eyeballs import Address, Race, interleaved
from smtpconsole.net.route import Route
from smtpconsole.smtp.errors import Unreachable
from smtpconsole.smtp.events import Connected, Event, Resolved, Target, Tried

MS = 0.001
SOON = 60 * MS
V4, V6 = socket.AF_INET, socket.AF_INET6


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eyeballs, "STAGGER", SOON)


@contextmanager
def listening(host: str, port: int = 0) -> Iterator[int]:
    with socket.create_server((host, port)) as listener:
        yield int(listener.getsockname()[1])


@contextmanager
def black_hole(host: str) -> Iterator[int]:
    """A port that does not even refuse: its queue is full."""
    with socket.socket() as listener, socket.socket() as first:
        listener.bind((host, 0))
        listener.listen(0)
        first.connect(listener.getsockname())
        yield int(listener.getsockname()[1])


def race(events: list[Event], **options: float) -> Race:
    return Race("mail.example", 25, events.append, **options)  # type: ignore[arg-type]


def tried(events: list[Event]) -> list[tuple[str, bool]]:
    return [(event.address, event.was_needed) for event in events if isinstance(event, Tried)]


def test_families_take_turns_beginning_with_the_first() -> None:
    six: list[Address] = [(V6, (f"::{n}", 25, 0, 0)) for n in range(3)]
    four: list[Address] = [(V4, ("10.0.0.1", 25))]
    assert interleaved(six + four) == [six[0], four[0], six[1], six[2]]
    assert interleaved(four + six) == [four[0], six[0], six[1], six[2]]
    assert interleaved([]) == []


async def test_a_refused_address_is_followed_by_the_next_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(eyeballs, "STAGGER", 5)
    events: list[Event] = []
    with listening("127.0.0.1") as port:
        sock = await race(events).first([(V6, ("::1", 1, 0, 0)), (V4, ("127.0.0.1", port))])
        sock.close()
    assert tried(events) == [("[::1]:1", True)]
    assert [type(event) for event in events] == [Tried, Connected]


async def test_an_address_that_drops_packets_costs_a_moment_and_is_told() -> None:
    events: list[Event] = []
    with black_hole("127.0.0.2") as hole, listening("127.0.0.1") as port:
        began = time.monotonic()
        sock = await race(events).first([(V4, ("127.0.0.2", hole)), (V4, ("127.0.0.1", port))])
        assert SOON * 0.9 < time.monotonic() - began < 1
        sock.close()
    assert tried(events) == [(f"127.0.0.2:{hole}", False)]
    connected = [event for event in events if isinstance(event, Connected)]
    assert connected[0].peer == f"127.0.0.1:{port}"
    assert "answered first" in events[-1].error  # type: ignore[union-attr]
    assert events[-1].seconds >= SOON * 0.9  # type: ignore[union-attr]


async def test_where_none_answers_the_error_lists_every_attempt_with_its_reason() -> None:
    events: list[Event] = []
    with black_hole("127.0.0.2") as hole:
        with pytest.raises(Unreachable) as caught:
            await race(events, timeout=100 * MS).first(
                [(V4, ("127.0.0.2", hole)), (V4, ("127.0.0.1", 1)), (V6, ("::1", 1, 0, 0))]
            )
    assert sorted(each.address for each in caught.value.attempts) == [
        "127.0.0.1:1",
        f"127.0.0.2:{hole}",
        "[::1]:1",
    ]
    assert "none of the 3 addresses of mail.example" in str(caught.value)
    assert "no answer within 0.1 seconds" in str(caught.value)
    assert all(needed for _, needed in tried(events))


async def test_two_that_connect_at_once_leave_one_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(eyeballs, "STAGGER", 0.0)
    pairs, both = [socket.socketpair(), socket.socketpair()], asyncio.Barrier(2)

    async def connect(self: Race, attempt: object) -> socket.socket:
        ours = pairs[both.n_waiting][0]
        await both.wait()
        return ours

    monkeypatch.setattr(Race, "_try", connect)
    events: list[Event] = []
    won = await race(events).first([(V4, ("127.0.0.1", 1)), (V4, ("127.0.0.2", 1))])
    assert [ours.fileno() >= 0 for ours, _ in pairs].count(True) == 1
    assert won.fileno() >= 0
    assert [needed for _, needed in tried(events)] == [False]
    for ours, theirs in pairs:
        ours.close()
        theirs.close()


async def test_a_race_that_is_given_up_leaves_nothing_behind() -> None:
    events: list[Event] = []
    with black_hole("127.0.0.2") as hole:
        hopeless = asyncio.create_task(race(events).first([(V4, ("127.0.0.2", hole))] * 2))
        await asyncio.sleep(SOON * 1.5)
        hopeless.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hopeless
        assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_name_is_looked_up_in_one_family_if_one_is_asked_for() -> None:
    events: list[Event] = []
    with pytest.raises(Unreachable, match="refused"):
        await dial(Target("localhost", 1), observe=events.append, route=Route(family=4))
    assert [event.addresses for event in events if isinstance(event, Resolved)] == [("127.0.0.1",)]
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1 has no IPv6 address"):
        await dial(Target("127.0.0.1", 1), route=Route(family=6))
