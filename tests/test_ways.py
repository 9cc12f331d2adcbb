"""How to connect, as a person says it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st
from proxy import proxy
from scripted import Scripted, scripted
from test_console import Person

from smtpconsole.console import headers, language, ways
from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.arguments import duration
from smtpconsole.console.coach import advise
from smtpconsole.console.completion import complete
from smtpconsole.console.console import Console
from smtpconsole.console.settings import SETTINGS, Settings
from smtpconsole.net.proxy_header import ProxyHeader
from smtpconsole.net.timeouts import Timeouts
from smtpconsole.sandbox import Sandbox
from smtpconsole.smtp.events import Connected, Dialling, Entered, Event, Target
from smtpconsole.transcript.formats import exported
from smtpconsole.transcript.journal import Journal
from smtpconsole.transcript.turns import turns

LONG = 9.0  # seconds


@asynccontextmanager
async def console(*replies: str, **settings: object) -> AsyncIterator[tuple[Console, Person]]:
    person = Person(*replies)
    own = Settings(name="me.example", timeout=LONG, **settings)  # type: ignore[arg-type]
    running = Console(person, Journal(), settings=own)
    try:
        yield running, person
    finally:
        await running.end()


def told(running: Console) -> str:
    return "\n".join(line for turn in turns(running.journal) for line in turn.lines)


def events(running: Console, kind: type) -> list[Event]:
    return [entry.event for entry in running.journal.entries if isinstance(entry.event, kind)]


# --- words


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30", 30), ("30s", 30), ("1.5m", 90), ("1h", 3600), ("500ms", 0.5), ("5 M", 300)],
)
def test_a_time_is_written_with_its_unit(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "-1", "soon", "1d", "1e9", "nan", "99999h", "\u0661s"])
def test_what_is_no_time_is_told(text: str) -> None:
    with pytest.raises(ConsoleError, match="is not a time"):
        duration(text)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.7", ("192.0.2.7", 0)),
        ("192.0.2.7:2525", ("192.0.2.7", 2525)),
        (":2525", ("", 2525)),
        ("[2001:db8::1]:25", ("2001:db8::1", 25)),
        ("2001:db8::1", ("2001:db8::1", 0)),
        ("", None),
    ],
)
def test_a_source_is_an_address_and_a_port(text: str, address: object) -> None:
    assert ways.source(text) == address


def test_timers_are_those_of_the_rfc_or_named() -> None:
    assert ways.timers("", 30.0) == 30.0
    assert ways.timers("rfc", 30.0) == Timeouts()
    assert ways.timers("rfc, end=10s", 30.0) == Timeouts(end=10)
    assert ways.timers("total=1h,block=none", 30.0) == Timeouts(
        **{
            **{name: 30.0 for name in Timeouts.__dataclass_fields__},
            "total": 3600.0,
            "block": None,
        }
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("source", "1.2.3.4:port"),
        ("family", "5"),
        ("proxy", "ftp://x"),
        ("proxy-header", "v3"),
        ("timers", "lunch=1h"),
        ("timers", "end"),
        ("timers", "end=soon"),
        ("pin", "sha256//nonsense"),
        ("client-cert", "/no/such"),
        ("tls-min", "1.4"),
        ("ciphers", "CAESAR"),
        ("keylog", "/no/such/folder/keys"),
        ("ca", "/no/such"),
        ("resume", "perhaps"),
    ],
)
def test_what_cannot_be_set_is_told_with_the_remedy(name: str, text: str) -> None:
    settings = Settings()
    before = settings.shown(name)
    with pytest.raises(ConsoleError) as caught:
        settings.set(name, text)
    assert caught.value.text
    assert settings.shown(name) == before


def test_an_empty_word_takes_a_setting_back() -> None:
    settings = Settings()
    for name in ways.WAYS:
        if isinstance(getattr(settings, name.replace("-", "_")), str):
            settings.set(name, "")
            assert settings.shown(name) == "-"
    settings.set("tls-min", "TLSv1.2")
    assert (settings.tls_min, settings.shown("tls-min")) == ("1.2", "1.2")


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("v1", ProxyHeader(version=1)),
        ("V2", ProxyHeader()),
        ("v1:unknown", ProxyHeader(version=1, kind="local")),
        ("v2:local", ProxyHeader(kind="local")),
        ("v2:192.0.2.7:52000", ProxyHeader(source=("192.0.2.7", 52000))),
        (
            "v2:[2001:db8::7]:1/[::1]:25,authority=mail.x,0xE1=\\x00\\xff",
            ProxyHeader(
                source=("2001:db8::7", 1),
                destination=("::1", 25),
                tlvs=((2, b"mail.x"), (0xE1, b"\0\xff")),
            ),
        ),
        ("raw:PROXY WRONG\\r\\n\\\\", b"PROXY WRONG\r\n\\"),
    ],
)
def test_a_proxy_header_is_written_in_a_word(text: str, header: object) -> None:
    assert headers.parse(text) == header


@pytest.mark.parametrize(
    "text",
    [
        *("", "v3", "v1:1.2.3.4", "v1:1.2.3.4:99999", "v1:1.2.3.4:1,authority=x", "v2:,x"),
        *("v2:,x=1", "raw:\u20ac", "v2:1.2.3.4:1/[::1]:1", "v2:,300=1"),
    ],
)
def test_what_is_no_proxy_header_is_told(text: str) -> None:
    with pytest.raises(ConsoleError):
        headers.parse(text)


@given(st.sampled_from(sorted(ways.WAYS)), st.text(max_size=30))
def test_no_word_is_too_strange_for_a_setting(name: str, text: str) -> None:
    settings = Settings()
    try:
        settings.set(name, text)
    except ConsoleError as error:
        assert error.text
    else:
        settings.shown(name)
        _ = settings.patience, ways.route(settings, Target("x", 25))


def test_each_way_is_a_setting_with_a_sentence_and_an_option() -> None:
    from smtpconsole.console import commands

    commands.COMMANDS.bring_all()
    options = commands.find("connect").options
    for name, way in ways.WAYS.items():
        assert way.sentence and SETTINGS[name].sentence == way.sentence
        assert options[f"--{name}"].kind is way.kind
    assert {"--lmtp", "--no-sni"} <= set(options)


# --- connecting


async def test_options_hold_for_their_server_and_settings_for_all() -> None:
    async with scripted() as one, scripted() as two, console() as (running, _):
        here, there = (f"127.0.0.1:{server.port}" for server in (one, two))
        await running.execute(f"/connect {here} --source 127.0.0.9 --timeout 7s")
        assert running.how.timeout == 7
        await running.execute(f"/connect {there}")
        assert (running.how.timeout, running.how.source) == (LONG, "")
        await running.execute(f"/connect {here}")
        await running.execute("/connect")
        await running.execute("/set source 127.0.0.8")
        await running.execute(f"/connect {there}")
        locals_ = [event.local for event in events(running, Connected)]  # type: ignore[attr-defined]
        numbers = [re.match(r"127\.0\.0\.(\d)", local)[1] for local in locals_]  # type: ignore[index]
        assert numbers == ["9", "1", "9", "9", "8"]


async def test_a_proxy_is_used_and_its_password_kept_from_everybody(tmp_path: Path) -> None:
    async with scripted() as server, proxy(login=("me", "hush-7291")) as between:
        url = f"socks5h://me:hush-7291@127.0.0.1:{between.port}"
        async with console() as (running, person):
            line = f"/connect localhost:{server.port} --proxy {url}"
            assert running.is_secret(line)
            await running.execute(line)
            assert between.asked == [("localhost", server.port)]
            await running.execute(f"/set proxy {url}")
            await running.execute("/set")
            shown = "\n".join(str(answer) for answer in person.answers)
            lines = [event.line for event in events(running, Entered)]  # type: ignore[attr-defined]
            assert "hush-7291" not in shown + told(running) + "".join(lines)
            assert "hush-7291" not in repr(running.settings)
            assert "me:[not shown]@" in shown


async def test_a_password_in_a_target_is_refused_and_not_kept() -> None:
    async with console() as (running, person):
        line = "/connect smtp://me:hush-7291@mail.example"
        assert running.is_secret(line)
        await running.execute(line)
        assert "a password has no place" in person.last
        lines = [event.line for event in events(running, Entered)]  # type: ignore[attr-defined]
        assert lines == ["/connect smtp://me:[not shown]@mail.example"]


async def test_a_user_in_the_target_is_who_to_log_in_as() -> None:
    with Sandbox() as sandbox:
        async with console(ca=str(sandbox.ca_file)) as (running, _):
            await running.execute(f"/connect carol@localhost:{sandbox.port}")
            await running.execute("EHLO me")
            await running.execute("STARTTLS")
            await running.execute("EHLO me")
            assert advise(running).line == "/login carol"


async def test_a_proxy_header_is_seen_in_the_transcript() -> None:
    answers = {b"": b"", b"PROXY": b"220 hi\r\n"}
    async with scripted(answers) as server, console() as (running, _):
        target = f"127.0.0.1:{server.port}"
        await running.execute(f"/connect {target} --proxy-header v1:192.0.2.7:1/192.0.2.1:25")
        await running.execute("NOOP")
        assert server.heard == [b"PROXY TCP4 192.0.2.7 192.0.2.1 1 25", b"NOOP"]
        assert "PROXY TCP4 192.0.2.7 192.0.2.1 1 25" in told(running)
        assert "PROXY protocol 1: 192.0.2.7:1 to 192.0.2.1:25" in told(running)
        script = exported(running.journal, "script")
        line = next(line for line in script.splitlines() if line.startswith("/connect"))
        await running.execute(line)
        await running.execute("NOOP")
        assert server.heard == [b"PROXY TCP4 192.0.2.7 192.0.2.1 1 25", b"NOOP"] * 2


async def test_a_unix_socket_and_lmtp(tmp_path: Path) -> None:
    path = tmp_path / "a socket"
    server = await asyncio.start_unix_server(Scripted({b"LHLO": b"250 me\r\n"}).converse, path)
    async with console() as (running, person):
        await running.execute(f"/connect '{path}' --lmtp")
        assert not person.answers
        assert advise(running).line == "LHLO me.example"
        assert f"connecting to {path}, LMTP" in told(running)
        await running.execute("LHLO me.example")
        assert running.connection is not None and running.connection.session.lmtp
        assert running.connect_line == f"/connect lmtp+unix://{str(path).replace(' ', '%20')}"
        await running.execute("/close")
        await running.execute(running.connect_line)
        assert [event.target.path for event in events(running, Dialling)] == [str(path)] * 2  # type: ignore[attr-defined]
        assert running.targets_seen == (f"lmtp+unix://{str(path).replace(' ', '%20')}",)
    server.close()


async def test_a_program_is_connected_to_and_what_goes_wrong_is_told(tmp_path: Path) -> None:
    async with console() as (running, person):
        await running.execute("""/connect "exec:sh -c 'echo 220 hi; cat >/dev/null; exit 3'" """)
        assert running.phase is not None and running.phase.value == "ready"
        line = running.connect_line
        await running.execute("/close")
        assert "sh ended with status 3" in told(running)
        await running.execute(line)
        assert running.phase is not None and running.phase.value == "ready"
        await running.execute("/connect exec:/no/such")
        assert "cannot be run: no such file" in person.last
        assert "no shell in between" in person.last
        await running.execute("/connect /no/such.sock")
        assert "no such file" in person.last and "is that its path" in person.last
        await running.execute("/connect localhost --proxy socks5h://127.0.0.1:1")
        assert "the proxy socks5h://127.0.0.1:1 cannot be reached" in person.last
        assert "/set proxy ''" in person.last


async def test_a_silent_program_suggests_no_other_port() -> None:
    async with console(timers="greeting=50ms") as (running, person):
        await running.execute('/connect "exec:sleep 60"')
        assert "No greeting within 0.05 seconds" in person.last
        assert "smtps" not in person.last


async def test_timers_are_used_and_the_silence_names_its_own(tmp_path: Path) -> None:
    async with scripted({b"NOOP": b"250-and"}) as server, console() as (running, person):
        await running.execute(f"/connect 127.0.0.1:{server.port} --timers other=50ms")
        await running.execute("NOOP")
        assert "No reply to NOOP within 0.05 seconds" in person.last


def _locked(leaf: trustme.LeafCert, folder: Path, password: bytes) -> tuple[Path, Path]:
    cert, key = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(leaf.cert_chain_pems[0].bytes())
    private = serialization.load_pem_private_key(leaf.private_key_pem.bytes(), None)
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    lock = serialization.BestAvailableEncryption(password)
    key.write_bytes(private.private_bytes(pem, form, lock))
    return cert, key


async def test_the_password_of_a_clients_key_is_asked_for_once(tmp_path: Path) -> None:
    cert, key = _locked(trustme.CA().issue_cert("me@x"), tmp_path, b"hush-7291")
    async with scripted() as server, console("hush-7291", "wrong") as (running, person):
        line = f"/connect 127.0.0.1:{server.port} --client-cert {cert} --client-key {key}"
        await running.execute(line)
        await running.execute(line)
        assert person.questions == [(f"Password of the key {key}:", True)]
        assert not person.answers
        other = tmp_path / "other"
        other.mkdir()
        cert, key = _locked(trustme.CA().issue_cert("me@x"), other, b"else")
        await running.execute(f"/connect x --client-cert {cert} --client-key {key}")
        assert "the client certificate" in person.last and "cannot be used" in person.last


async def test_pins_versions_and_the_key_log_reach_the_handshake(tmp_path: Path) -> None:
    log = tmp_path / "keys.log"
    with Sandbox() as sandbox:
        async with console("no", ca=str(sandbox.ca_file), strict=True) as (running, person):
            target = f"localhost:{sandbox.port}"
            await running.execute(f"/connect {target} --tls-max 1.2 --keylog {log} --no-sni")
            await running.execute("/starttls")
            assert running.connection is not None and running.connection.tls is not None
            facts = running.connection.tls
            assert (facts.version, facts.server_name, facts.key_log) == ("TLSv1.2", None, str(log))
            assert f"written to {log}" in told(running)
            pin = "cert:" + "00" * 32
            await running.execute(f"/connect {target} --pin {pin}")
            await running.execute("/starttls")
            assert "does not match the pin" in person.last
            assert running.connection is None or not running.connection.is_open


async def test_a_session_is_resumed_if_asked_for() -> None:
    with Sandbox() as sandbox:
        async with console(ca=str(sandbox.ca_file)) as (running, _):
            seen = []
            for _ in range(2):
                await running.execute(f"/connect localhost:{sandbox.port} --resume")
                await running.execute("/starttls")
                await running.execute("NOOP")
                assert running.connection is not None and running.connection.tls is not None
                seen.append(running.connection.tls.is_resumed)
                await running.execute("QUIT")
            assert seen == [False, True]


async def test_options_are_completed() -> None:
    async with console() as (running, _):
        found = [each.text for each in complete(running, "/connect x --tls")]
        assert found == ["--tls-min", "--tls-max"]
        assert [each.text for each in complete(running, "/connect x --family ")] == ["4", "6"]
        meaning = language.parse("/connect x --tls-min 1.2")
        assert isinstance(meaning, language.Call)


async def test_a_server_behind_a_local_proxy_is_not_on_this_machine() -> None:
    async with scripted({b"EHLO": b"250-x\r\n250 AUTH PLAIN\r\n"}) as server, proxy() as between:
        async with console("no", "secret") as (running, person):
            url = f"http://127.0.0.1:{between.port}"
            await running.execute(f"/connect localhost:{server.port} --proxy {url}")
            await running.execute("AUTH PLAIN AGEAYg==")
            assert "not encrypted" in person.questions[0][0]
            assert not [line for line in server.heard if line.startswith(b"AUTH")]
