"""The ways to a server: sockets, programs, proxies, and what is said before the greeting."""

from __future__ import annotations

import asyncio
import socket
import sys
from pathlib import Path

import pytest
from hostile import Flood, Hear, Say, serve
from hostile import Silence as HearAll
from proxy import proxy
from scripted import Scripted, scripted

from smtpconsole.net import child
from smtpconsole.net.connection import Connection
from smtpconsole.net.dial import dial
from smtpconsole.net.proxies import Proxy
from smtpconsole.net.proxy_header import SIGNATURE, ProxyHeader
from smtpconsole.net.route import Route
from smtpconsole.smtp.commands import command, mail, rcpt
from smtpconsole.smtp.errors import Disconnected, Silence, Unreachable
from smtpconsole.smtp.events import Connected, Dialling, Event, Noted, Sent, Target, Tried
from smtpconsole.smtp.exchanges import ask, deliver, hello

MS = 0.001


def of(events: list[Event], kind: type) -> list[Event]:
    return [event for event in events if isinstance(event, kind)]


def notes(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Noted)]


async def gone(connection: Connection) -> None:
    connection.close()
    await connection.wait_closed()


async def works(target: Target, route: Route | None = None) -> list[Event]:
    """Dial, say EHLO, go; what happened."""
    events: list[Event] = []
    connection = await dial(target, observe=events.append, timeout=5, route=route)
    assert (await connection.run(hello(b"me"), 5)).is_positive
    await gone(connection)
    return events


# --- what a route may be


@pytest.mark.parametrize(
    "ways",
    [
        {"path": "/run/x", "command": "sendmail -bs"},
        {"path": "/run/x", "source": ("127.0.0.1", 0)},
        {"command": "sendmail -bs", "proxy": "socks5://proxy"},
        {"family": 5},
        {"command": "  "},
        {"proxy": "ftp://proxy"},
        {"proxy": "socks5://"},
        {"proxy": "socks5://proxy:port"},
    ],
    ids=lambda ways: "+".join(ways),
)
def test_ways_that_cannot_be_are_refused_before_anything_is_done(ways: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        Route(**ways)  # type: ignore[arg-type]


def test_the_password_of_a_proxy_is_not_shown() -> None:
    url = "socks5://user:topsecret@proxy.example:99"
    assert "topsecret" not in repr(Route(proxy=url)) + repr(Proxy.parse(url)) + str(
        Proxy.parse(url)
    )
    with pytest.raises(ValueError) as caught:
        Route(proxy="socks5://user:topsecret@proxy:port/")
    assert "topsecret" not in str(caught.value)


# --- sockets


async def test_from_a_source_address_and_port() -> None:
    with socket.create_server(("127.0.0.9", 0)) as free:
        port = free.getsockname()[1]
    async with scripted() as server:
        target = Target("127.0.0.1", server.port)
        events = await works(target, Route(source=("127.0.0.9", port)))
        assert of(events, Connected)[0].local == f"127.0.0.9:{port}"  # type: ignore[attr-defined]


async def test_a_source_of_one_family_asks_for_no_address_of_the_other() -> None:
    with pytest.raises(Unreachable, match="::1 has no IPv4 address"):
        await dial(Target("::1", 25), route=Route(source=("127.0.0.1", 0)))


async def test_to_a_unix_socket(tmp_path: Path) -> None:
    script, path = Scripted({}), tmp_path / "smtp"
    server = await asyncio.start_unix_server(script.converse, path)
    try:
        for way in (path, str(path), bytes(path)):
            events = await works(Target("", 0), Route(path=way))
            assert of(events, Dialling)[0].target.path == str(path)  # type: ignore[attr-defined]
        await works(Target("", 0, path=str(path)))
    finally:
        server.close()


async def test_a_unix_socket_that_is_not_there_or_not_listened_to(tmp_path: Path) -> None:
    path = tmp_path / "smtp"
    with pytest.raises(Unreachable, match=f"{path} cannot be reached: no such file") as caught:
        await dial(Target("", 0), route=Route(path=path))
    assert len(caught.value.attempts) == 1
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(path))
    with pytest.raises(Unreachable, match="nothing listens on this socket"):
        await dial(Target("", 0), route=Route(path=path))


async def test_a_unix_socket_with_a_full_queue_is_waited_for_and_told(tmp_path: Path) -> None:
    path = str(tmp_path / "smtp")
    with socket.socket(socket.AF_UNIX) as busy, socket.socket(socket.AF_UNIX) as other:
        busy.bind(path)
        busy.listen(0)
        other.connect(path)
        with pytest.raises(Unreachable, match=r"no answer within 0\.05 seconds"):
            await dial(Target("", 0), route=Route(path=path), timeout=50 * MS)


async def test_on_a_given_socket_which_is_owned_from_then_on() -> None:
    async with scripted() as server:
        given = socket.create_connection(("127.0.0.1", server.port))
        await works(Target("", 0), Route(sock=given))
        assert given.fileno() == -1
    unconnected = socket.socket()
    with pytest.raises(Unreachable, match="the given socket is not connected"):
        await dial(Target("", 0), route=Route(sock=unconnected))
    assert unconnected.fileno() == -1


# --- programs

SPEAKS = """
import os, sys
say = lambda line: os.write(1, line + b"\\r\\n")
print("a remark", file=sys.stderr, flush=True)
say(b"220 child")
size = 0
for line in sys.stdin.buffer:
    verb = line[:4].upper()
    if verb == b"DATA":
        say(b"354 go")
        for line in sys.stdin.buffer:
            if line == b".\\r\\n":
                break
            size += len(line)
        say(b"250 took %d" % size)
    elif verb == b"FILL":
        os.write(1, b"250-" + b"x" * 60 + b"\\r\\n") and [
            os.write(1, (b"250-" + b"x" * 60 + b"\\r\\n")) for _ in range(400)]
        say(b"250 end")
    elif verb == b"QUIT":
        say(b"221 bye")
        sys.exit(7)
    else:
        say(b"250 ok")
"""


def python(script: str) -> list[str]:
    return [sys.executable, "-c", script]


async def test_a_program_is_spoken_to_on_its_stdin_and_stdout() -> None:
    events: list[Event] = []
    route = Route(command=python(SPEAKS))
    connection = await dial(Target("", 0), observe=events.append, timeout=9, route=route)
    octets = b"x" * 62 + b"\r\n"
    outcome = await connection.run(deliver(mail("a@b"), [rcpt("c@d")], octets * 2**15), 9)
    assert outcome.content[0].text == f"took {2**21}"
    assert len((await connection.run(ask(command(b"FILL")), 9)).lines) == 402
    await connection.run(ask(command(b"QUIT")), 9)
    await connection.wait_closed()
    name = Path(sys.executable).name
    assert notes(events) == [f"{name}: a remark", f"{name} ended with status 7"]


async def test_a_program_does_not_outlive_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "GRACE", 100 * MS)
    stubborn = (
        "import signal, sys, time, os\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "os.write(1, b'220 %d\\r\\n' % os.getpid())\n"
        "while True: time.sleep(9)\n"
    )
    events: list[Event] = []
    connection = await dial(
        Target("", 0), observe=events.append, timeout=9, route=Route(command=python(stubborn))
    )
    assert connection.session.last_reply is not None
    number = int(connection.session.last_reply.text)
    await gone(connection)
    assert notes(events)[-1].endswith("was ended by SIGKILL")
    assert not Path(f"/proc/{number}").exists()


async def test_a_program_that_is_not_there_or_says_nothing_sensible() -> None:
    with pytest.raises(Unreachable, match="/no/such cannot be run: no such file") as caught:
        await dial(Target("", 0, command="/no/such -bs"))
    assert caught.value.attempts[0].address == "/no/such"
    events: list[Event] = []
    with pytest.raises(Disconnected):
        await dial(Target("", 0, command="sh -c 'echo broken >&2; exit 3'"), observe=events.append)
    assert notes(events) == ["sh: broken", "sh ended with status 3"]


async def test_a_program_that_keeps_silent_is_ended_with_its_own_children(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(child, "GRACE", 100 * MS)
    events: list[Event] = []
    with pytest.raises(Silence):
        await dial(
            Target("", 0, command="sh -c 'sleep 77; true'"), observe=events.append, timeout=50 * MS
        )
    assert notes(events)[-1] == "sh was ended by SIGTERM"


# --- proxies


@pytest.mark.parametrize("glued", [False, True], ids=["apart", "glued"])
@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "http"])
async def test_through_a_proxy(scheme: str, glued: bool) -> None:
    async with scripted() as server, proxy(glued=glued) as between:
        route = Route(proxy=f"{scheme}://127.0.0.1:{between.port}")
        events = await works(Target("localhost", server.port, False), route)
        host = "127.0.0.1" if scheme == "socks5" else "localhost"
        assert between.asked[-1] == (host, server.port)
        connected = of(events, Connected)[0]
        assert connected.peer == f"{host}:{server.port} through {route.proxy}"  # type: ignore[attr-defined]
        assert "connected to the proxy" in notes(events)[0]


@pytest.mark.parametrize("scheme", ["socks5h", "http"])
async def test_a_proxy_that_wants_a_login(scheme: str) -> None:
    async with scripted() as server, proxy(login=("me@x", "top:secret")) as between:
        target, where = Target("localhost", server.port), f"127.0.0.1:{between.port}"
        await works(target, Route(proxy=f"{scheme}://me%40x:top%3Asecret@{where}"))
        events: list[Event] = []
        with pytest.raises(Unreachable, match="user and") as caught:
            await dial(target, observe=events.append, route=Route(proxy=f"{scheme}://{where}"))
        assert caught.value.attempts == of(events, Tried)
        wrong = Route(proxy=f"{scheme}://me:wrongsecret@{where}")
        with pytest.raises(Unreachable, match="user and") as caught:
            await dial(target, route=wrong)
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("scheme", "answer", "words"),
    [
        ("socks5h", 5, "the connection was refused"),
        ("socks5h", 2, "its rules do not allow"),
        ("socks5h", 99, "it answers 99"),
        ("http", 503, "it answers 503 No Way"),
    ],
)
async def test_a_proxy_that_does_not_connect_gives_its_reason(
    scheme: str, answer: int, words: str
) -> None:
    async with proxy(refuses=answer) as between:
        route = Route(proxy=f"{scheme}://127.0.0.1:{between.port}")
        with pytest.raises(Unreachable, match=words) as caught:
            await dial(Target("mail.example", 25), route=route)
        assert str(route.proxy) in str(caught.value)


@pytest.mark.parametrize("scheme", ["socks5h", "http"])
async def test_a_proxy_that_is_none(scheme: str) -> None:
    async with scripted() as server:
        route = Route(proxy=f"{scheme}://127.0.0.1:{server.port}")
        with pytest.raises(Unreachable, match="does not speak"):
            await dial(Target("mail.example", 25), route=route)
    with pytest.raises(Unreachable, match=r"the proxy .* cannot be reached: refused"):
        await dial(Target("mail.example", 25), route=route)


@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "http"])
async def test_a_proxy_that_keeps_silent_or_never_ends_is_told(scheme: str) -> None:
    with serve(HearAll()) as silent:
        route = Route(proxy=f"{scheme}://127.0.0.1:{silent.port}")
        with pytest.raises(Unreachable, match=r"no answer within 0\.06 seconds") as caught:
            await dial(Target("127.0.0.1", 25), timeout=60 * MS, route=route)
        assert len(caught.value.attempts) == 1
    octets = {"http": b"HTTP/1.1 200 ok\r\nX: " + b"x" * 9999}.get(scheme, b"\5\0\5\0\0\3\xff")
    with serve(Hear(), Flood(octets)) if scheme == "http" else serve(Say(octets)) as endless:
        route = Route(proxy=f"{scheme}://127.0.0.1:{endless.port}")
        with pytest.raises(
            Unreachable, match=r"does not speak HTTP|closed the connection|reset|broken pipe"
        ):
            await dial(Target("127.0.0.1", 25), timeout=5, route=route)


# --- the PROXY header

V1 = ProxyHeader(version=1, source=("192.0.2.7", 52000), destination=("198.51.100.1", 25))
V2 = ProxyHeader(
    source=("2001:db8::7", 52000), destination=("2001:db8::1", 25), tlvs=((2, b"mail.example"),)
)


@pytest.mark.parametrize(
    ("header", "octets", "told"),
    [
        (V1, b"PROXY TCP4 192.0.2.7 198.51.100.1 52000 25\r\n", "192.0.2.7:52000 to 198.51.100.1"),
        (ProxyHeader(version=1, kind="local"), b"PROXY UNKNOWN\r\n", "unknown"),
        (ProxyHeader(kind="local"), SIGNATURE + b"\x20\0\0\0", "local"),
        (
            V2,
            SIGNATURE
            + b"\x21\x21\0\x33"
            + bytes.fromhex("20010db8000000000000000000000007 20010db8000000000000000000000001")
            + b"\xcb\x20\0\x19"
            + b"\2\0\x0cmail.example",
            "[2001:db8::7]:52000 to [2001:db8::1]:25, authority mail.example",
        ),
    ],
    ids=["v1", "v1 unknown", "v2 local", "v2"],
)
async def test_a_proxy_header_is_the_first_thing_said(
    header: ProxyHeader, octets: bytes, told: str
) -> None:
    heard, events = bytearray(), list[Event]()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.readexactly(len(octets)))
        writer.write(b"220 hi\r\n")
        await reader.read()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    connection = await dial(
        Target("127.0.0.1", port), observe=events.append, timeout=5, route=Route(header=header)
    )
    await gone(connection)
    server.close()
    assert bytes(heard) == octets
    assert [event.send.data for event in events if isinstance(event, Sent)] == [octets]
    assert told in notes(events)[0]


async def test_a_proxy_header_without_addresses_has_those_of_the_connection() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert ProxyHeader(version=1).octets(ours) == b"PROXY UNKNOWN\r\n"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with socket.create_connection(listener.getsockname()) as sock:
            (_, mine), (_, its) = sock.getsockname(), sock.getpeername()
            expected = b"PROXY TCP4 127.0.0.1 127.0.0.1 %d %d\r\n" % (mine, its)
            assert ProxyHeader(version=1).octets(sock) == expected


async def test_a_wrong_header_goes_out_as_it_is() -> None:
    async with scripted({b"PROXY": b""}) as server:
        with pytest.raises(Disconnected):
            connection = await dial(
                Target("127.0.0.1", server.port), route=Route(header=b"PROXY WRONG\r\n"), timeout=5
            )
            await connection.run(ask(command(b"NOOP")), 5)
        assert server.heard == [b"PROXY WRONG"]


@pytest.mark.parametrize(
    "fields",
    [
        {"version": 3},
        {"kind": "other"},
        {"version": 1, "tlvs": ((1, b""),)},
        {"tlvs": ((256, b""),)},
        {"source": ("mail.example", 25)},
        {"source": ("192.0.2.1", 70000)},
        {"source": ("192.0.2.1", 1), "destination": ("::1", 1)},
    ],
    ids=str,
)
def test_headers_that_cannot_be_are_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        ProxyHeader(**fields)  # type: ignore[arg-type]
