"""A session on real sockets, on servers that behave badly."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta

import pytest
import trustme
from peer import Peer, Play, connected, gone, of, server, turn

from smtpconsole.net.dial import dial
from smtpconsole.net.messages import Reader
from smtpconsole.net.policy import TlsPolicy
from smtpconsole.net.records import Sniffer
from smtpconsole.smtp import content
from smtpconsole.smtp.commands import command, mail, rcpt
from smtpconsole.smtp.errors import Disconnected, HandshakeFailed, Silence, Unreachable
from smtpconsole.smtp.events import Anomaly, Answered, Closed, Event, Phase, Target, Tried
from smtpconsole.smtp.exchanges import ask, deliver, hello, quit, start_tls

MS = 0.001
SOON = 60 * MS


# --- greeting


async def test_a_greeting_octet_by_octet_is_one_reply() -> None:
    def play(peer: Peer) -> None:
        for octet in b"220-one\r\n220 two\r\n":
            peer.say(bytes([octet]))
        peer.until_gone()

    with server(play) as (port, _):
        connection, events = await connected(port)
        assert len(of(events, Answered)) == 1
        assert connection.session.last_reply is not None
        assert connection.session.last_reply.lines == [b"one", b"two"]
        await gone(connection)


async def test_silence_at_the_greeting_ends_at_its_deadline() -> None:
    with server(Peer.until_gone) as (port, _):
        with pytest.raises(Silence, match=r"No greeting within 0\.06 seconds"):
            await connected(port, timeout=SOON)
        await turn()


async def test_a_server_that_drips_is_late_too() -> None:
    def play(peer: Peer) -> None:
        stop = threading.Event()
        for _ in range(500):
            peer.say(b"2")
            stop.wait(10 * MS)

    with server(play) as (port, _):
        async with asyncio.timeout(3):
            with pytest.raises(Silence):
                await connected(port, timeout=SOON)
        await turn()


@pytest.mark.parametrize("octets", [b"220 half a gree", b""])
async def test_a_server_that_leaves_before_its_greeting(octets: bytes) -> None:
    with server(lambda peer: peer.say(octets)) as (port, _):
        with pytest.raises(Disconnected):
            await connected(port)


async def test_a_port_where_nobody_listens_and_a_name_without_address() -> None:
    events: list[Event] = []
    with pytest.raises(Unreachable, match="refused: nothing listens"):
        await dial(Target("127.0.0.1", 1), observe=events.append)
    assert len(of(events, Tried)) == 1
    with pytest.raises(Unreachable, match="has no address"):
        await dial(Target("no-such-host.invalid", 25), observe=events.append)
    assert len(of(events, Tried)) == 2


async def test_every_address_is_tried_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def play(peer: Peer) -> None:
        peer.say(b"220 hi\r\n")
        peer.until_gone()

    with server(play) as (port, _):
        loop = asyncio.get_running_loop()

        async def resolve(*_: object, **__: object) -> list[object]:
            addresses = [("127.0.0.1", 1), ("127.0.0.2", 1), ("127.0.0.1", port)]
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", each) for each in addresses]

        monkeypatch.setattr(loop, "getaddrinfo", resolve)
        connection, events = await connected(port)
        assert [event.address for event in of(events, Tried)] == ["127.0.0.1:1", "127.0.0.2:1"]  # type: ignore[attr-defined]
        await gone(connection)
        monkeypatch.setattr(loop, "getaddrinfo", lambda *_, **__: _two())
        with pytest.raises(Unreachable, match="none of the 2 addresses"):
            await connected(port)


async def _two() -> list[object]:
    return [(socket.AF_INET, 1, 6, "", (host, 1)) for host in ("127.0.0.1", "127.0.0.2")]


# --- in the middle


async def test_silence_in_the_middle_names_what_was_asked() -> None:
    def play(peer: Peer) -> None:
        peer.say(b"220 hi\r\n")
        peer.hear()
        peer.say(b"250 ok\r\n")
        peer.until_gone()

    with server(play) as (port, _):
        connection, events = await connected(port)
        await connection.run(ask(command(b"NOOP")), 5)
        with pytest.raises(Silence, match="No reply to RSET within") as caught:
            await connection.run(ask(command(b"RSET")), SOON)
        assert caught.value.waiting_for is not None
        assert not connection.is_open
        assert of(events, Closed)[0].by == "client"  # type: ignore[attr-defined]
        await connection.lost


async def test_tasks_take_turns_and_a_cancelled_one_leaves_its_reply_to_nobody() -> None:
    def play(peer: Peer) -> None:
        peer.say(b"220 hi\r\n")
        peer.hear()
        go.wait(5)
        peer.say(b"250 to FIRST\r\n")
        while line := peer.hear():
            peer.say(b"250 to " + line)

    go = threading.Event()
    with server(play) as (port, _):
        connection, _ = await connected(port)
        first, second, third = (
            asyncio.create_task(connection.run(ask(command(verb)), 5))
            for verb in (b"FIRST", b"SECOND", b"THIRD")
        )
        while connection.session.waiting_for is None:
            await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait([first])
        go.set()
        assert (await second).text == "to SECOND"
        assert (await third).text == "to THIRD"
        await gone(connection)


@pytest.mark.parametrize("unit", [b"250-more\r\n", b"x" * 4000], ids=["continuation", "line"])
async def test_a_reply_without_end_is_ended(unit: bytes) -> None:
    def play(peer: Peer) -> None:
        peer.say(b"220 hi\r\n")
        peer.hear()
        for _ in range(20_000):
            peer.say(unit)

    with server(play) as (port, peers):
        connection, events = await connected(port)
        with pytest.raises(Disconnected, match="has no end"):
            await connection.run(ask(command(b"NOOP")), 5)
        await connection.lost
        assert len(events) < 300
    assert peers[0].errors


async def test_a_connection_reset_in_content_is_told() -> None:
    def play(peer: Peer) -> None:
        peer.say(b"220 hi\r\n")
        for reply in (b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"):
            peer.hear()
            peer.say(reply)
        peer.sock.recv(1000)
        peer.reset()

    with server(play) as (port, _):
        connection, _ = await connected(port)
        with pytest.raises(Disconnected, match=r"lost|closed"):
            await connection.run(deliver(mail("a@x"), [rcpt("b@x")], b"x\r\n" * 10**6), 5)
        await connection.lost


async def test_long_content_may_take_longer_than_a_deadline_while_it_moves() -> None:
    size = 8 * 2**20

    def play(peer: Peer) -> None:
        peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        peer.say(b"220 hi\r\n")
        for reply in (b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"):
            peer.hear()
            peer.say(reply)
        slow = threading.Event()
        got = 0
        tail = b""
        while not tail.endswith(b"\r\n.\r\n"):
            piece = peer.sock.recv(65536)
            got += len(piece)
            tail = (tail + piece)[-5:]
            slow.wait(2 * MS)
        peer.heard = b"%d" % got
        peer.say(b"250 queued\r\n")
        peer.until_gone()

    with server(play) as (port, peers):
        connection, _ = await connected(port)
        letter = b"x" * 62 + b"\r\n"
        octets = letter * (size // len(letter))
        outcome = await connection.run(deliver(mail("a@x"), [rcpt("b@x")], octets), 250 * MS)
        assert outcome.is_delivered
        assert peers[0].heard == b"%d" % (size + len(content.END))
        await gone(connection)


async def test_a_server_that_stops_reading_is_late() -> None:
    def play(peer: Peer) -> None:
        peer.say(b"220 hi\r\n")
        for reply in (b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"):
            peer.hear()
            peer.say(reply)
        stop.wait(5)

    stop = threading.Event()
    with server(play) as (port, _):
        connection, _ = await connected(port)
        with pytest.raises(Silence):
            await connection.run(
                deliver(mail("a@x"), [rcpt("b@x")], b"x" * 2**24 + b"\r\n"), 3 * SOON
            )
        stop.set()
        await connection.lost


async def test_cancelling_in_content_closes() -> None:
    def play(peer: Peer) -> None:
        peer.say(b"220 hi\r\n")
        for reply in (b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"):
            peer.hear()
            peer.say(reply)
        peer.until_gone()

    with server(play) as (port, _):
        connection, _ = await connected(port)
        task = asyncio.create_task(
            connection.run(deliver(mail("a@x"), [rcpt("b@x")], b"Hi\r\n"), 5)
        )
        while connection.session.phase is not Phase.CONTENT:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not connection.is_open
        await connection.lost


async def test_cancelling_while_data_is_unanswered_closes() -> None:
    """What is said next would be content, if the server agrees after all."""

    def play(peer: Peer) -> None:
        peer.say(b"220 hi\r\n")
        peer.until_gone()

    with server(play) as (port, _):
        connection, _ = await connected(port)
        letter = deliver(mail("a@x"), [rcpt("b@x")], b"Hi\r\n", pipelining=True)
        task = asyncio.create_task(connection.run(letter, 5))
        while not connection.session.unanswered:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not connection.is_open
        await connection.lost


# --- TLS


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    return str(file)


def tls_of(authority: trustme.CA, *names: str, expired: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    past = datetime.now(UTC) - timedelta(days=2)
    authority.issue_cert(*names, not_after=past if expired else None).configure_cert(context)
    return context


def greeting_then_tls(context: ssl.SSLContext, more: Play) -> Play:
    def play(peer: Peer) -> None:
        peer.say(b"220 hi\r\n")
        peer.hear()
        peer.say(b"220 go\r\n")
        peer.sock = context.wrap_socket(peer.sock, server_side=True)
        more(peer)

    return play


def answering(peer: Peer) -> None:
    while line := peer.hear():
        peer.say(b"221 bye\r\n" if line.startswith(b"QUIT") else b"250 ok\r\n")


@pytest.mark.parametrize("strict", [True, False])
async def test_starttls_with_a_trusted_certificate(
    authority: trustme.CA, ca_file: str, strict: bool
) -> None:
    with server(greeting_then_tls(tls_of(authority, "127.0.0.1"), answering)) as (port, _):
        policy = TlsPolicy(strict=strict, ca_file=ca_file)
        connection, _ = await connected(port, tls=policy)
        assert (await connection.run(start_tls(), 5)).code == 220
        assert connection.tls is not None and connection.tls.errors == ()
        assert (connection.tls.version, connection.tls.group) == ("TLSv1.3", "X25519")
        assert (await connection.run(hello(b"me"), 5)).code == 250
        assert (await connection.run(quit(), 5)).code == 221
        await gone(connection)


async def test_tls_1_2_from_the_first_octet(authority: trustme.CA, ca_file: str) -> None:
    context = tls_of(authority, "127.0.0.1")
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    def play(peer: Peer) -> None:
        peer.sock = context.wrap_socket(peer.sock, server_side=True)
        peer.say(b"220 hi\r\n")
        answering(peer)

    with server(play) as (port, _):
        policy = TlsPolicy(ca_file=ca_file)
        connection, _ = await connected(port, tls=policy, implicit=True)
        assert connection.tls is not None
        assert (connection.tls.version, connection.tls.group) == ("TLSv1.2", "X25519")
        assert connection.session.is_secure
        await gone(connection)


async def test_strict_refuses_tells_the_server_and_names_every_problem(
    authority: trustme.CA, ca_file: str
) -> None:
    context = tls_of(trustme.CA(), "elsewhere.example", expired=True)
    with server(greeting_then_tls(context, answering)) as (port, peers):
        connection, _ = await connected(port, tls=TlsPolicy(ca_file=ca_file))
        with pytest.raises(HandshakeFailed, match="CERTIFICATE_VERIFY_FAILED") as caught:
            await connection.run(start_tls(), 5)
        codes = {problem.code for problem in caught.value.facts.errors}
        assert codes == {"expired", "name-mismatch", "missing-issuer"}
        await connection.lost
    assert "alert" in str(peers[0].errors[0])


async def test_inspect_goes_on_and_names_them_too(authority: trustme.CA, ca_file: str) -> None:
    context = tls_of(authority, "elsewhere.example")
    with server(greeting_then_tls(context, answering)) as (port, _):
        connection, _ = await connected(port, tls=TlsPolicy(strict=False, ca_file=ca_file))
        await connection.run(start_tls(), 5)
        assert connection.tls is not None
        assert [problem.code for problem in connection.tls.errors] == ["name-mismatch"]
        assert (await connection.run(hello(b"me"), 5)).code == 250
        await gone(connection)


@pytest.mark.parametrize("octets", [b"220 go\r\n250 AUTH PLAIN\r\n", b"220 go\r\n250-AUTH PL"])
async def test_plaintext_behind_starttls_ends_it_before_a_hello(octets: bytes) -> None:
    def play(peer: Peer) -> None:
        peer.say(b"220 hi\r\n")
        peer.hear()
        peer.say(octets)
        peer.until_gone()

    with server(play) as (port, peers):
        connection, events = await connected(port)
        with pytest.raises(HandshakeFailed, match="injects"):
            await connection.run(start_tls(), 5)
        assert of(events, Anomaly)[0].kind == "plaintext after STARTTLS"  # type: ignore[attr-defined]
        await connection.lost
    assert peers[0].heard == b"STARTTLS\r\n"


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (b"500 5.5.1 what?\r\n", "does not speak TLS here; it said: 500 5.5.1 what?"),
        (b"\x15\x03\x01\x00\x02\x02\x28", "handshake failure"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "protocol version"),
        (b"", "closed the connection during the TLS handshake"),
    ],
)
async def test_a_handshake_that_fails_says_why(after: bytes, words: str) -> None:
    def play(peer: Peer) -> None:
        peer.say(b"220 hi\r\n")
        peer.hear()
        peer.say(b"220 go\r\n")
        peer.sock.recv(5)
        peer.say(after)

    with server(play) as (port, _):
        connection, _ = await connected(port)
        with pytest.raises(HandshakeFailed, match=words):
            await connection.run(start_tls(), 5)
        await connection.lost


async def test_a_handshake_that_hangs_ends_at_its_deadline() -> None:
    def play(peer: Peer) -> None:
        peer.say(b"220 hi\r\n")
        peer.hear()
        peer.say(b"220 go\r\n")
        peer.until_gone()

    with server(play) as (port, _):
        connection, _ = await connected(port)
        with pytest.raises(Silence, match="No TLS handshake within"):
            await connection.run(start_tls(), SOON)
        await connection.lost


async def test_an_end_without_close_notify_is_remarked(authority: trustme.CA, ca_file: str) -> None:
    def cut(peer: Peer) -> None:
        peer.hear()
        peer.say(b"250 ok\r\n")
        peer.sock = socket.socket(fileno=peer.sock.detach())
        peer.sock.close()

    with server(greeting_then_tls(tls_of(authority, "127.0.0.1"), cut)) as (port, _):
        connection, events = await connected(port, tls=TlsPolicy(ca_file=ca_file))
        await connection.run(start_tls(), 5)
        await connection.run(ask(command(b"NOOP")), 5)
        await connection.lost
    assert "closed without close_notify" in [event.kind for event in of(events, Anomaly)]  # type: ignore[attr-defined]


async def test_starttls_inside_of_tls_is_refused(authority: trustme.CA, ca_file: str) -> None:
    def again(peer: Peer) -> None:
        peer.hear()
        peer.say(b"220 once more\r\n")
        peer.until_gone()

    with server(greeting_then_tls(tls_of(authority, "127.0.0.1"), again)) as (port, _):
        connection, _ = await connected(port, tls=TlsPolicy(ca_file=ca_file))
        await connection.run(start_tls(), 5)
        with pytest.raises(HandshakeFailed, match="inside of TLS"):
            await connection.run(start_tls(), 5)
        await connection.lost


async def test_a_file_without_certificates_is_told(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "ca.pem").write_text("nothing")

    def play(peer: Peer) -> None:
        peer.say(b"220 hi\r\n")
        peer.hear()
        peer.say(b"220 go\r\n")
        peer.until_gone()

    with server(play) as (port, _):
        connection, _ = await connected(port, tls=TlsPolicy(ca_file=str(tmp_path / "ca.pem")))
        with pytest.raises(HandshakeFailed, match="TLS cannot be prepared"):
            await connection.run(start_tls(), 5)
        await connection.lost


def test_the_sniffer_is_total_bounded_and_does_not_mind_segments(authority: trustme.CA) -> None:
    from hypothesis import given
    from hypothesis import strategies as st

    @given(st.binary(max_size=300), st.integers(0, 300))
    def check(data: bytes, cut: int) -> None:
        readers = Reader(), Reader()
        whole, parts = Sniffer("server", readers[0]), Sniffer("server", readers[1])
        whole.feed(data)
        parts.feed(data[:cut])
        parts.feed(data[cut:])
        assert readers[0].alerts == readers[1].alerts
        assert readers[0].messages == readers[1].messages
        assert whole.stranger[:5] == parts.stranger[:5]
        assert len(whole.stranger) <= 200

    check()
