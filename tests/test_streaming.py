"""Messages of any size on real sockets: pulled, bounded, refused, broken, cancelled."""

from __future__ import annotations

import asyncio
import contextlib
import io
import ssl
import threading
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import trustme
from peer import Peer, connected, gone, of, server, turn

from smtpconsole.net.policy import TlsPolicy
from smtpconsole.smtp.commands import CONTENT, command, mail, rcpt
from smtpconsole.smtp.content import canonical, stuffed
from smtpconsole.smtp.errors import Disconnected, Silence
from smtpconsole.smtp.events import Anomaly, Closed, Phase, Sent
from smtpconsole.smtp.exchanges import Delivery, ask, deliver
from smtpconsole.smtp.session import Exchange
from smtpconsole.smtp.streams import Stream

MS = 0.001
LINE = b"x" * 62 + b"\r\n"
MEGA = LINE * 2**14
Source = Callable[[], object]


def sending(source: object, **options: bool) -> Exchange[Delivery]:
    stream = source if isinstance(source, Stream) else Stream(source)  # type: ignore[arg-type]
    return deliver(mail("a@x"), [rcpt("b@x")], stream, **options)  # type: ignore[arg-type]


def until_content(peer: Peer) -> None:
    """Speak up to 354."""
    peer.say(b"220 hi\r\n")
    for reply in (b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"):
        peer.hear()
        peer.say(reply)
    peer.heard = b""


def take_all(peer: Peer) -> None:
    """Take a whole message."""
    until_content(peer)
    while not peer.heard.endswith(b"\r\n.\r\n"):
        peer.heard += peer.sock.recv(65536)
    peer.say(b"250 queued\r\n")
    peer.until_gone()


async def slowly(octets: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(octets), 50_000):
        await asyncio.sleep(0)
        yield octets[at : at + 50_000]


def by_line(octets: bytes) -> Iterator[bytes]:
    yield from octets.splitlines(keepends=True)


TEXT = b"\n".join(b"." * (number % 3) + b"line %d" % number for number in range(40_000))


@pytest.mark.parametrize(
    "source",
    [bytes, bytearray, memoryview, io.BytesIO, by_line, slowly, lambda octets: [octets]],
    ids=["bytes", "bytearray", "memoryview", "file", "lines", "asynchronous", "list"],
)
async def test_every_kind_of_source_arrives_octet_for_octet(
    source: Callable[[bytes], object],
) -> None:
    with server(take_all) as (port, peers):
        connection, events = await connected(port)
        outcome = await connection.run(sending(source(TEXT)), 5)
        assert outcome.is_delivered
        assert peers[0].heard == stuffed(canonical(TEXT))
        told = [event.send for event in of(events, Sent)]  # type: ignore[attr-defined]
        assert b"".join(each.data for each in told if each.verb == CONTENT) == peers[0].heard
        await gone(connection)


async def test_a_file_on_disk_is_sent_with_progress(tmp_path: Path) -> None:
    path = tmp_path / "message.eml"
    path.write_bytes(MEGA)
    progress: list[int] = []
    with server(take_all) as (port, peers):
        connection, _ = await connected(port)
        with path.open("rb") as file:
            stream = Stream(file, progress=progress.append)
            assert (await connection.run(sending(stream), 5)).is_delivered
        assert len(peers[0].heard) == len(MEGA) + 3
        assert progress[-1] == stream.taken == len(MEGA)
        assert len(progress) >= 8
        await gone(connection)


@pytest.mark.parametrize("how", ["plain", "TLS", "asynchronous", "BDAT"])
async def test_memory_does_not_grow_with_the_message(how: str) -> None:
    """The server reads nothing until we have stopped pulling: then all that is kept is ours."""

    def play(peer: Peer) -> None:
        until_content(peer)
        may_read.wait(10)
        while peer.sock.recv(1 << 20):
            pass

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield MEGA

    def chunks(peer: Peer) -> None:
        peer.say(b"220 hi\r\n")
        may_read.wait(10)
        peer.until_gone()

    def secure(peer: Peer) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        peer.sock = context.wrap_socket(peer.sock, server_side=True)
        play(peer)

    authority = trustme.CA()
    may_read = threading.Event()
    plays = {"TLS": secure, "BDAT": chunks}
    with server(plays.get(how, play)) as (port, _):
        options: dict[str, object] = {}
        if how == "TLS":
            options = {"implicit": True, "tls": TlsPolicy(strict=False)}
        connection, _ = await connected(port, **options)
        connection.session.observe = None
        stream = Stream(endless() if how == "asynchronous" else iter(lambda: MEGA, b""))
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        exchange = sending(stream, pipelining=how == "BDAT", chunking=how == "BDAT")
        task = asyncio.create_task(connection.run(exchange))
        taken = -1
        while taken != stream.taken or not taken:
            taken = stream.taken
            await asyncio.sleep(30 * MS)  # nothing tells that nothing happens
        peak = tracemalloc.get_traced_memory()[1] - before
        tracemalloc.stop()
        task.cancel()
        may_read.set()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        connection.abort()
        await connection.lost
    assert peak < 4 * 2**20


@pytest.mark.parametrize("closes", ["stays", "closes", "resets"])
async def test_an_early_refusal_is_the_outcome_whatever_the_server_does_next(closes: str) -> None:
    def play(peer: Peer) -> None:
        until_content(peer)
        peer.sock.recv(65536)
        peer.say(b"552 5.3.4 too big\r\n")
        if closes == "stays":
            peer.until_gone()
        elif closes == "resets":
            peer.sock.close()  # with octets unread, which is a reset

    with server(play) as (port, _):
        connection, events = await connected(port)
        outcome = await connection.run(sending(iter(lambda: MEGA, b"")), 5)
        assert [str(reply) for reply in outcome.content] == ["552 5.3.4 too big"]
        assert not connection.is_open
        await connection.lost
        assert len(of(events, Closed)) == 1


async def test_a_source_that_fails_never_makes_half_a_message_whole() -> None:
    def broken() -> Iterator[bytes]:
        yield LINE
        raise OSError("disk on fire")

    with server(lambda peer: (until_content(peer), peer.until_gone())[0]) as (port, peers):
        connection, events = await connected(port)
        with pytest.raises(OSError, match="disk on fire"):
            await connection.run(sending(broken()), 5)
        await connection.lost
        assert of(events, Closed)[0].error == "the content could not be read: disk on fire"  # type: ignore[attr-defined]
    assert b"." not in peers[0].heard


async def test_an_asynchronous_source_that_fails_does_so_too() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield LINE
        raise LookupError("no such part")

    with server(lambda peer: (until_content(peer), peer.until_gone())[0]) as (port, peers):
        connection, _ = await connected(port)
        with pytest.raises(LookupError):
            await connection.run(sending(broken()), 5)
        await connection.lost
    assert b"." not in peers[0].heard


@pytest.mark.parametrize("source", ["text", ["text"]])
async def test_text_instead_of_octets_is_an_error_before_anything_is_sent(source: object) -> None:
    with server(lambda peer: (until_content(peer), peer.until_gone())[0]) as (port, peers):
        connection, _ = await connected(port)
        with pytest.raises(TypeError, match="content must be bytes"):
            await connection.run(sending(source), 5)
        await connection.lost
    assert peers[0].heard == b""


async def test_a_slow_source_is_not_the_servers_fault() -> None:
    async def dawdling() -> AsyncIterator[bytes]:
        yield LINE
        await asyncio.sleep(150 * MS)
        yield LINE

    with server(take_all) as (port, peers):
        connection, _ = await connected(port)
        outcome = await connection.run(sending(dawdling()), 50 * MS)
        assert outcome.is_delivered
        assert peers[0].heard == LINE * 2 + b".\r\n"
        await gone(connection)


async def test_a_server_that_stops_reading_is_late_and_the_source_is_let_go() -> None:
    async def endless() -> AsyncIterator[bytes]:
        try:
            while True:
                yield MEGA
        finally:
            closed.set()

    closed, stop = asyncio.Event(), threading.Event()
    with server(lambda peer: (until_content(peer), stop.wait(5))[0]) as (port, _):
        connection, _ = await connected(port)
        with pytest.raises(Silence):
            await connection.run(sending(endless()), 60 * MS)
        await asyncio.wait_for(closed.wait(), 5)
        stop.set()
        await connection.lost


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_cancelling_in_the_middle_closes_and_lets_the_source_go(asynchronous: bool) -> None:
    async def waiting() -> AsyncIterator[bytes]:
        try:
            yield LINE
            started.set()
            await asyncio.Event().wait()
        finally:
            closed.set()

    def endless() -> Iterator[bytes]:
        try:
            while True:
                started.set()
                yield MEGA
        finally:
            closed.set()

    closed, started = asyncio.Event(), asyncio.Event()
    with server(lambda peer: (until_content(peer), peer.until_gone())[0]) as (port, peers):
        connection, _ = await connected(port)
        source = waiting() if asynchronous else endless()
        task = asyncio.create_task(connection.run(sending(source), 5))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not connection.is_open
        del source, task
        await asyncio.wait_for(closed.wait(), 5)
        await connection.lost
    assert not peers[0].heard.endswith(b"\r\n.\r\n")


async def test_cancelling_between_chunks_leaves_a_session_that_can_go_on() -> None:
    async def waiting() -> AsyncIterator[bytes]:
        yield MEGA
        started.set()
        await asyncio.Event().wait()

    def play(peer: Peer) -> None:
        peer.say(b"220 hi\r\n")
        peer.hear(), peer.hear()
        peer.say(b"250 ok\r\n" * 2)
        for _ in range(3):
            size = int(peer.hear().split()[1])
            while size:
                size -= len(peer.sock.recv(size))
            peer.say(b"250 chunk\r\n")
        assert peer.hear() == b"RSET\r\n"
        peer.say(b"250 reset\r\n")
        peer.until_gone()

    started = asyncio.Event()
    with server(play) as (port, peers):
        connection, events = await connected(port)
        exchange = sending(waiting(), pipelining=True, chunking=True)
        task = asyncio.create_task(connection.run(exchange, 5))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert connection.is_open
        assert str(await connection.run(ask(command(b"RSET")), 5)) == "250 reset"
        assert of(events, Anomaly) == []
        await gone(connection)
    assert peers[0].errors == []


async def test_what_the_server_said_before_it_reset_the_connection_is_heard() -> None:
    def play(peer: Peer) -> None:
        peer.say(b"220 hi\r\n")
        peer.sock.recv(1)
        peer.say(b"421 4.3.2 going down\r\n")
        peer.sock.close()  # with octets unread, which is a reset

    with server(play) as (port, _):
        connection, _ = await connected(port)
        reply = await connection.run(ask(command(b"NOOP", b"x" * 400)), 5)
        assert str(reply) == "421 4.3.2 going down"
        with pytest.raises(Disconnected):
            await connection.run(ask(command(b"NOOP")), 5)
        await connection.lost
        assert connection.session.phase is Phase.CLOSED
        await turn()
