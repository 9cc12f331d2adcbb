"""Faults F31 to F46: whatever a server does around TLS has a named outcome, and nothing hangs.

Each is played to the console, and so to the engine below it.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import lab
import pytest
from hostile import (
    Close,
    EndTls,
    Hear,
    HearRecord,
    Reset,
    Say,
    Server,
    Silence,
    StartTls,
    Step,
    serve,
)
from test_console import Person
from tlsserver import Behaviour, running

from smtpconsole.console.console import Console
from smtpconsole.console.known import Known
from smtpconsole.console.sessions.inspection import Inspection
from smtpconsole.console.settings import Settings
from smtpconsole.net.connection import Connection
from smtpconsole.net.dial import dial
from smtpconsole.net.policy import TlsPolicy
from smtpconsole.net.registries import ALERTS
from smtpconsole.smtp.errors import HandshakeFailed
from smtpconsole.smtp.events import Event, Received, Secured, Target, Traced
from smtpconsole.smtp.exchanges import start_tls
from smtpconsole.transcript.journal import Journal

EHLO = b"250-server.lab.test\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n"
OPENING = (Say(b"220 hi\r\n"), Hear(b"EHLO"), Say(EHLO), Hear(b"STARTTLS"))
GO = (*OPENING, Say(b"220 go\r\n"))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("lab") / "root.pem"
    file.write_bytes(lab.pem(lab.authority("root")[0]))
    return file


@asynccontextmanager
async def at(
    port: int, root: Path, *, strict: bool = False, timeout: float = 3, known: Known | None = None
) -> AsyncIterator[tuple[Console, Person]]:
    person = Person()
    settings = Settings(
        name="client.example",
        ca=str(root),
        servername=lab.HOST,
        strict=strict,
        timeout=timeout,
    )
    console = Console(person, Journal(), settings=settings, known=known)
    try:
        async with asyncio.timeout(8):
            await console.execute(f"/connect smtp://127.0.0.1:{port}")
            yield console, person
    finally:
        await console.end()


async def outcome(root: Path, *steps: Step, timeout: float = 3) -> tuple[str, str, Server]:
    """The code of the failure, what the person was told, and the server."""
    with serve(*steps) as server:
        async with at(server.port, root, timeout=timeout) as (console, person):
            await console.execute("/starttls")
            facts = Inspection.of(console.journal).facts
    return (facts.failure if facts is not None else ""), person.last, server


# --- F31 to F39: before there is TLS ----------------------------------------------------------


@pytest.mark.parametrize("behind", [b"250 AUTH PLAIN\r\n", b"250-AUTH PLA"])
async def test_f31_f32_plaintext_behind_the_220_ends_it(root: Path, behind: bytes) -> None:
    steps = (*OPENING, Say(b"220 go\r\n" + behind), Silence())
    code, told, server = await outcome(root, *steps)
    assert code == "injected"
    assert f"{len(behind)} octets of plaintext came behind the reply to STARTTLS" in told
    assert "CVE-2011-0411" in told and "/connect 127.0.0.1:465" in told
    assert bytes(server.heard).endswith(b"STARTTLS\r\n")  # and no ClientHello


async def test_f33_late_plaintext_is_shown(root: Path) -> None:
    code, told, _ = await outcome(root, *GO, HearRecord(), Say(b"500 5.5.1 what?\r\n"), Silence())
    assert code == "not-tls"
    assert "it said: 500 5.5.1 what?" in told
    assert "agreed to STARTTLS and then went on in the clear" in told


@pytest.mark.parametrize("reply", ["454 4.7.0 not now", "501 5.5.4 no", "503 5.5.1 no", "421 bye"])
async def test_f34_a_refusal_leaves_it_in_the_clear_and_says_so(root: Path, reply: str) -> None:
    with serve(*OPENING, Say(reply.encode() + b"\r\n"), Silence()) as server:
        async with at(server.port, root) as (console, person):
            await console.execute("/starttls")
            assert f"the server refuses STARTTLS: {reply}" in person.last
            assert "stays in the clear" in person.last
            assert console.connection is not None and not console.connection.session.is_secure


async def test_f35_starttls_that_vanishes_is_remarked(root: Path, tmp_path: Path) -> None:
    known = Known(tmp_path / "known.json")
    behaviour = Behaviour()
    with running(behaviour) as port:
        async with at(port, root, known=known) as (console, _):
            await console.execute("EHLO me")
            behaviour.plain = ("server.lab.test", "AUTH PLAIN")
            await console.execute("EHLO me")
            kinds = [getattr(entry.event, "kind", "") for entry in console.journal.entries]
            assert "STARTTLS no longer offered" in kinds
        behaviour.plain = ("server.lab.test", "AUTH PLAIN", "STARTTLS")
        async with at(port, root, known=known) as (console, _):
            await console.execute("EHLO me")
        behaviour.plain = ("server.lab.test", "AUTH PLAIN")
        async with at(port, root, known=known) as (console, _):
            await console.execute("EHLO me")
            (change,) = console.watch.changes
            assert change.startswith("no longer offered in the clear: STARTTLS, since")


@pytest.mark.parametrize("end", [Close(), Reset()])
async def test_f36_a_server_that_goes_instead_is_named(root: Path, end: Step) -> None:
    code, told, _ = await outcome(root, *GO, HearRecord(), end)
    assert code == "closed"
    assert "the server closed the connection during the TLS handshake" in told
    assert "/tls scan" in told


async def test_f37_silence_ends_at_its_deadline(root: Path) -> None:
    _, told, _ = await outcome(root, *GO, Silence(), timeout=0.3)
    assert "No TLS handshake within 0.3 seconds" in told
    assert "says nothing in TLS" in told and "/connect " in told


FATAL = (10, 20, 22, 40, 42, 47, 48, 50, 70, 71, 80, 112, 116)


@pytest.mark.parametrize("number", FATAL)
async def test_f38_each_alert_is_in_words(root: Path, number: int) -> None:
    alert = b"\x15\x03\x03\x00\x02\x02" + bytes([number])
    code, told, _ = await outcome(root, *GO, HearRecord(), Say(alert), Silence())
    assert code not in ("", "garbage", "broken")
    assert f"the server ended the TLS handshake: {ALERTS[number]} (alert {number})" in told
    assert "sslv3" not in told.lower() and "tlsv1 alert" not in told.lower()
    assert len(told.splitlines()) >= 3  # what it means, and a way on


GARBAGE = {
    "noise": b"\x99\x31\x07\xfe\x00" * 40,
    "an oversized record": b"\x16\x03\x03\xff\xff" + bytes(300),
    "an endless handshake message": b"\x16\x03\x03\x00\x08\x02\xff\xff\xff\x03\x03\x00\x00",
    "application data first": b"\x17\x03\x03\x00\x05hello",
    "an unknown record": b"\x19\x03\x03\x00\x05hello",
    "a cut ServerHello": b"\x16\x03\x03\x00\x06\x02\x00\x00\x02\x03\x03",
}


@pytest.mark.parametrize("kind", GARBAGE)
async def test_f39_what_is_no_tls_is_named(root: Path, kind: str) -> None:
    code, told, _ = await outcome(root, *GO, HearRecord(), Say(GARBAGE[kind]), Close())
    assert code in ("garbage", "not-tls", "closed")
    assert told.startswith(("the server ", "what the server sent during the TLS handshake"))


# --- F40 to F42: TLS of many kinds ------------------------------------------------------------


def context(
    name: str = "sound, RSA", suites: str = "ALL", low: int = 0x301, high: int = 0x304
) -> ssl.SSLContext:
    made = lab.server_context(lab.entry(name))
    made.set_ciphers(f"{suites}:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning) if low < 0x303 else contextmanager(_nothing)():
        made.minimum_version = ssl.TLSVersion(low)
    with pytest.warns(DeprecationWarning) if high < 0x303 else contextmanager(_nothing)():
        made.maximum_version = ssl.TLSVersion(high)
    return made


def _nothing() -> Iterator[None]:
    yield


async def inspected(root: Path, made: ssl.SSLContext) -> Inspection:
    with running(Behaviour(made)) as port:
        async with at(port, root) as (console, _):
            await console.execute("/starttls")
            return Inspection.of(console.journal)


async def test_f40_old_versions_are_shown_and_remarked(root: Path) -> None:
    for high, version in ((0x301, "TLSv1"), (0x302, "TLSv1.1")):
        seen = await inspected(root, context(low=high, high=high))
        assert seen.facts is not None and seen.facts.version == version
        assert "old-version" in {one.code for one in seen.problems}


async def test_f40_tls_1_2_tells_group_signature_and_master_secret(root: Path) -> None:
    seen = await inspected(root, context(high=0x303, suites="ECDHE"))
    facts = seen.facts
    assert facts is not None and (facts.version, facts.group) == ("TLSv1.2", "X25519")
    assert facts.signature == "RSA-PSS with SHA-256"
    assert facts.extended_master_secret and facts.round_trips == 2
    assert facts.client_certificate_requested is False
    assert facts.downgraded_from is None  # the server does not know better


async def test_f40_a_key_exchange_without_forward_secrecy_is_remarked(root: Path) -> None:
    seen = await inspected(root, context(high=0x303, suites="AES128-SHA"))
    assert seen.facts is not None and seen.facts.group is None
    assert "no-forward-secrecy" in {one.code for one in seen.problems}


async def test_f40_a_group_that_was_not_offered_first_costs_a_round_trip(root: Path) -> None:
    made = context(low=0x304)
    made.set_ecdh_curve("secp521r1")
    seen = await inspected(root, made)
    facts = seen.facts
    assert facts is not None and (facts.group, facts.is_retried) == ("P-521", True)
    assert facts.round_trips == 2
    assert "HelloRetryRequest" in [message.name for message in seen.messages]


async def test_f40_a_weak_diffie_hellman_group_is_remarked(root: Path, tmp_path: Path) -> None:
    parameters = tmp_path / "dh.pem"
    parameters.write_text(WEAK_GROUP)
    made = context(high=0x303, suites="DHE")
    made.load_dh_params(str(parameters))
    seen = await inspected(root, made)
    assert seen.facts is not None and seen.facts.group == "DHE 1024"
    assert "weak-group" in {one.code for one in seen.problems}


# RFC 2409, 6.2: the second Oakley group.
WEAK_GROUP = """\
-----BEGIN DH PARAMETERS-----
MIGHAoGBAP//////////yQ/aoiFowjTExmKLgNwc0SkCTgiKZ8x0Agu+pjsTmyJR
Sgh5jjQE3e+VGbPNOkMbMCsKbfJfFDdP4TVtbVHCReSFtXZiXn7G9ExC6aY37WsL
/1y29Aa37e44a/taiZ+lrp8kEXxLH+ZJKGZR7OZTgf//////////AgEC
-----END DH PARAMETERS-----
"""


async def test_f41_the_whole_lab_is_judged_over_a_socket(root: Path) -> None:
    unspoken = set()
    for name, kind in lab.KINDS.items():
        entry = lab.entry(name)
        try:
            behaviour = Behaviour(lab.server_context(entry))
        except ssl.SSLError:  # OpenSSL does not even load it
            unspoken.add(name)
            continue
        file = root.with_name("store.pem")
        file.write_bytes(lab.pem(*entry.roots))
        policy = TlsPolicy(strict=False, ca_file=str(file), server_name=kind.host)
        with running(behaviour) as port:
            try:
                connection = await secured(port, policy)
            except HandshakeFailed:  # the two find no suite for such a key
                unspoken.add(name)
                continue
            assert connection.tls is not None
            codes = {one.code for one in connection.tls.problems if one.depth >= 0}
            assert codes == set(kind.codes.split()), name
            connection.close()
            await connection.lost
    assert unspoken == {"P-192", "unreadable extension"}


async def secured(port: int, policy: TlsPolicy) -> Connection:
    connection = await dial(Target("127.0.0.1", port), observe=Journal(), tls=policy, timeout=5)
    await connection.run(start_tls(), 5)
    return connection


async def test_f41_a_chain_of_a_hundred_is_cut_short(root: Path) -> None:
    entry = lab.entry("sound")
    many = lab.Entry(entry.kind, (*entry.chain, *[entry.chain[1]] * 100), entry.key, entry.roots)
    seen = await inspected(root, lab.server_context(many))
    assert seen.facts is not None
    assert any("the server sends 102 certificates" in one.text for one in seen.problems)


async def test_f41_a_malformed_certificate_is_named(root: Path) -> None:
    def record(kind: int, body: bytes) -> bytes:
        message = bytes([kind]) + len(body).to_bytes(3, "big") + body
        return b"\x16\x03\x03" + len(message).to_bytes(2, "big") + message

    # RFC 5746: an extension block of five octets.
    renegotiation = b"\x00\x05\xff\x01\x00\x01\x00"
    hello = record(2, b"\x03\x03" + bytes(32) + b"\x00" + b"\xc0\x2f" + b"\x00" + renegotiation)
    rubbish = b"\x30\x82\x01\x00rubbish"
    inner = len(rubbish).to_bytes(3, "big") + rubbish
    certificate = record(11, len(inner).to_bytes(3, "big") + inner)
    code, told, _ = await outcome(root, *GO, HearRecord(), Say(hello + certificate), Silence())
    assert code == "garbage"
    assert "what the server sent during the TLS handshake is unsound" in told


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_f42_a_demand_for_a_certificate_is_stated(
    root: Path, version: ssl.TLSVersion
) -> None:
    made = context()
    made.minimum_version = made.maximum_version = version
    made.verify_mode = ssl.CERT_REQUIRED
    made.load_verify_locations(root)
    with running(Behaviour(made)) as port:
        async with at(port, root) as (console, person):
            await console.execute("/starttls")
            told, seen = person.last, Inspection.of(console.journal)
    assert seen.facts is not None and seen.facts.failure == "client-certificate"
    assert seen.facts.client_certificate_requested
    assert "it demands a client certificate" in told
    assert "client-certificate" in {one.code for one in seen.problems}


async def test_f42_a_certificate_that_is_only_wished_for_holds_nothing_up(root: Path) -> None:
    made = context()
    made.verify_mode = ssl.CERT_OPTIONAL
    made.load_verify_locations(root)
    seen = await inspected(root, made)
    assert seen.is_secure and seen.secure is not None
    assert "client-certificate" in {one.code for one in seen.problems}


# --- F43 to F46: once there is TLS ------------------------------------------------------------

SECURE = (Hear(b"EHLO"), Say(b"250 server.lab.test\r\n"))


@pytest.mark.parametrize("last", [b"250 ok\r\n", b"250 hal"])
async def test_f43_an_end_without_close_notify_is_noted(root: Path, last: bytes) -> None:
    steps = (*GO, StartTls(context()), *SECURE, Hear(b"NOOP"), Say(last), Close())
    with serve(*steps) as server:
        async with at(server.port, root) as (console, person):
            await console.execute("/starttls")
            await console.execute("NOOP")
            assert console.connection is not None
            await console.connection.lost
            seen = Inspection.of(console.journal)
            await console.execute("/tls")
    assert seen.is_cut_off
    assert "cut off, without close_notify" in person.last
    assert "no-close-notify" in person.last


async def test_f44_plain_text_after_close_notify_is_not_believed(root: Path) -> None:
    steps = (*GO, StartTls(context()), *SECURE, Hear(b"NOOP"), EndTls(b"250 in the clear\r\n"))
    with serve(*steps, Silence()) as server:
        async with at(server.port, root) as (console, person):
            await console.execute("/starttls")
            await console.execute("NOOP")
            told = person.last
            replies = [getattr(entry.event, "reply", None) for entry in console.journal.entries]
    assert not any("in the clear" in str(reply) for reply in replies if reply is not None)
    assert "closed" in told.lower() or "went on in the clear" in told


def name_of(event: Event) -> str:
    return event.message.name if isinstance(event, Traced) else ""


async def until(journal: Journal, is_so: Callable[[Event], bool]) -> None:
    """Wait until something has happened."""
    news = asyncio.Event()
    journal.subscribe(news.set)
    while not any(is_so(entry.event) for entry in journal.entries):
        news.clear()
        await news.wait()


@contextmanager
def openssl_server(entry: lab.Entry, folder: Path, *options: str) -> Iterator[tuple[int, object]]:
    """OpenSSL's own server: what is typed there is said, and some letters make it act."""
    certificate = folder / "server.pem"
    certificate.write_bytes(lab.pem(*entry.chain) + lab.private(entry.key))
    chain = folder / "chain.pem"
    chain.write_bytes(lab.pem(*entry.chain[1:]))
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-crlf", *options]
    command += ["-cert", str(certificate), "-key", str(certificate), "-cert_chain", str(chain)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        for line in process.stdout:
            if b"ACCEPT" in line:
                break
        yield port, process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("letter", "message", "options"),
    [("K", "KeyUpdate", ("-tls1_3",)), ("r", "HelloRequest", ("-tls1_2",))],
)
async def test_f45_new_keys_in_the_middle_are_survived(
    root: Path, tmp_path: Path, letter: str, message: str, options: tuple[str, ...]
) -> None:
    with openssl_server(lab.entry("sound"), tmp_path, *options) as (port, process):
        stdin = process.stdin  # type: ignore[attr-defined]

        def say(line: str) -> None:
            stdin.write(line.encode() + b"\n")
            stdin.flush()

        policy = TlsPolicy(strict=False, ca_file=str(root), server_name=lab.HOST)
        journal = Journal()
        target = Target("127.0.0.1", port, implicit_tls=True)
        task = asyncio.ensure_future(dial(target, observe=journal, tls=policy, timeout=5))
        await until(journal, lambda event: isinstance(event, Secured))
        say("220 hi")
        connection = await task
        say(letter)
        await until(journal, lambda event: name_of(event) == message)
        say("250 after the new keys")
        await until(journal, lambda event: isinstance(event, Received) and b"250" in event.data)
        seen = Inspection.of(journal)
        connection.close()
        await connection.lost
    assert message in [each.name for each in seen.messages]


async def test_f45_a_thousand_tickets_are_survived_and_not_kept(root: Path) -> None:
    made = context(low=0x304)
    made.num_tickets = 1000
    seen = await inspected(root, made)
    assert seen.is_secure and seen.secure is not None
    assert seen.tickets <= 400


async def test_f46_what_is_offered_less_under_tls_is_shown(root: Path) -> None:
    behaviour = Behaviour(context(), secure=("server.lab.test", "SIZE 5"))
    with running(behaviour) as port:
        async with at(port, root) as (console, person):
            await console.execute("/starttls")
            await console.execute("/tls")
    assert "? offered in the clear and not under TLS: AUTH" in person.last
