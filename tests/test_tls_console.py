"""TLS at the prompt: what `/tls` tells of servers, sound and faulty, and what it probes."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import lab
import pytest
from test_console import Person
from tlsserver import Behaviour, running

from smtpconsole.console.console import Console
from smtpconsole.console.known import Known
from smtpconsole.console.settings import Settings
from smtpconsole.net import scan, smuggling
from smtpconsole.sandbox import Sandbox
from smtpconsole.smtp.events import Dialling, Target
from smtpconsole.smtp.facts import Demands, StsPolicy
from smtpconsole.transcript.journal import Journal


def server_context(name: str = "sound") -> ssl.SSLContext:
    return lab.server_context(lab.entry(name))


@pytest.fixture(scope="module")
def ca_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("lab") / "root.pem"
    file.write_bytes(lab.pem(lab.authority("root")[0]))
    return file


@asynccontextmanager
async def at(
    port: int, ca_file: Path, *replies: str, known: Known | None = None, scheme: str = "smtp"
) -> AsyncIterator[tuple[Console, Person]]:
    """A console connected to a port of this machine, that asks for the lab's server."""
    person = Person(*replies)
    settings = Settings(name="client.example", ca=str(ca_file), servername=lab.HOST, timeout=5)
    console = Console(person, Journal(), settings=settings, known=known)
    try:
        await console.execute(f"/connect {scheme}://127.0.0.1:{port}")
        yield console, person
    finally:
        await console.end()


# --- looking ----------------------------------------------------------------------------------


async def test_tls_tells_session_chain_problems_and_verdicts(ca_file: Path) -> None:
    with running(Behaviour(server_context("wrong name"))) as port:
        async with at(port, ca_file) as (console, person):
            await console.execute("/starttls")
            await console.execute("/tls")
            told = person.last
    assert "TLS 1.3 · TLS_AES_256_GCM_SHA384 · X25519 · ECDSA P-256 with SHA-256 · 1 round" in told
    assert "asked for    mail.lab.test (SNI)" in told
    assert "resumption   2 tickets" in told
    assert "! the certificate does not prove the server: 1 problem" in told
    assert "! name-mismatch" in told
    assert "asked for mail.lab.test; made for www.lab.test, lab.test" in told
    assert f"judged by the file {ca_file}" in told
    assert "sent by the server: 2 certificates" in told
    assert "Lab Root, Lab  in the store, not sent" in told
    assert "verified       no   1 problem: name-mismatch" in told
    assert "opportunistic  yes  encrypted" in told


async def test_a_chain_is_told_in_full(ca_file: Path) -> None:
    with running(Behaviour(server_context())) as port:
        async with at(port, ca_file) as (console, person):
            await console.execute("/starttls")
            await console.execute("/tls chain")
            told = person.last
    for words in ("0 mail.lab.test", "1 Lab Issuing CA", "days left", "key      EC P-256, signed"):
        assert words in told
    assert "use      TLS servers, signing" in told
    assert "use      a CA, signing certificates, signing CRLs" in told
    assert told.count("SHA-256  ") == told.count("key hash ") == 2


async def test_a_handshake_is_told_message_by_message(ca_file: Path) -> None:
    with running(Behaviour(server_context())) as port:
        async with at(port, ca_file) as (console, person):
            await console.execute("/starttls")
            await console.execute("EHLO me")
            await console.execute("/tls handshake")
            lines = person.answers[-1].lines
    named = [line.strip().split(",")[0] for line in lines if line.startswith("  -> ")]
    assert named == ["-> ClientHello", "-> Finished"] or "-> ChangeCipherSpec" in named
    server = [line.strip().split(",")[0] for line in lines if line.startswith("  <- ")]
    assert [name for name in server if "Cipher" not in name] == [
        "<- ServerHello",
        "<- EncryptedExtensions",
        "<- Certificate",
        "<- CertificateVerify",
        "<- Finished",
        "<- NewSessionTicket",
        "<- NewSessionTicket",
    ]


async def test_verdicts_take_in_what_was_looked_up(ca_file: Path) -> None:
    with running(Behaviour(server_context("wrong name"))) as port:
        async with at(port, ca_file) as (console, person):
            console.demands["127.0.0.1"] = Demands(sts=StsPolicy("enforce", (lab.HOST,), 1))
            await console.execute("EHLO me")
            await console.execute("/tls verdicts")
            assert "verified       ?    STARTTLS was not said" in person.last
            await console.execute("/starttls")
            await console.execute("/tls verdicts")
    assert "MTA-STS        no   mode enforce: 1 problem: name-mismatch" in person.last
    assert "DANE           ?    not looked up" in person.last


async def test_certificates_are_saved_as_openssl_reads_them(ca_file: Path, tmp_path: Path) -> None:
    file = tmp_path / "chain.pem"
    with running(Behaviour(server_context())) as port:
        async with at(port, ca_file) as (console, person):
            await console.execute("/tls save")
            assert "there is no TLS in this session yet" in person.last
            await console.execute("/starttls")
            await console.execute(f"/tls save {file}")
            assert "2 certificates" in person.last
            await console.execute(f"/tls save {file}")
            assert "is there already" in person.last
            await console.execute("/tls save /nowhere/at/all.pem")
            assert "cannot be written" in person.last
    command = ["openssl", "verify", "-CAfile", ca_file, "-untrusted", file, file]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout.strip() == f"{file}: OK"


async def test_tls_is_told_of_a_session_that_failed_and_is_gone(ca_file: Path) -> None:
    context = server_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(ca_file)
    with running(Behaviour(context)) as port:
        async with at(port, ca_file) as (console, person):
            await console.execute("/starttls")
            assert "certificate required (alert 116)" in person.last
            assert "wants a client certificate" in person.last
            assert "/connect 127.0.0.1:587" in person.last
            await console.execute("/tls")
            assert "· client-certificate" in person.last
            assert "the server asks for a certificate" in person.last
            assert "alerts       certificate required, from the server (116)" in person.last


async def test_without_a_connection_there_is_nothing_to_tell(ca_file: Path) -> None:
    person = Person()
    console = Console(person, Journal())
    for line in ("/tls", "/tls scan", "/tls verdicts"):
        await console.execute(line)
        assert "there is no connection to tell of" in person.last
    await console.execute("/tls stop")
    assert "no probe is under way" in person.last
    await console.execute("/tls nonsense")
    assert "is not among chain, verdicts" in person.last


# --- changes ----------------------------------------------------------------------------------


async def test_what_has_changed_since_the_last_visit_is_told(ca_file: Path, tmp_path: Path) -> None:
    file = tmp_path / "known.json"
    behaviour = Behaviour(server_context())
    when = f"{datetime.now(UTC):%-d %B %Y}"
    with running(behaviour) as port:
        for visit in range(3):
            if visit == 2:
                behaviour.context = server_context("sound, one CA more")
                behaviour.secure = ("server.lab.test", "SIZE 2000000")
            async with at(port, ca_file, known=Known(file)) as (console, person):
                await console.execute("/starttls")
                changes = console.watch.changes
                await console.execute("/tls")
                if visit < 2:
                    assert changes == ()
    assert changes == (
        'new certificate with a new key and issuer "Lab CA Below, Lab", was '
        f'"Lab Issuing CA, Lab", since {when}',
        f"no longer offered under TLS: SIZE 1000000, AUTH PLAIN, since {when}",
        f"newly offered under TLS: SIZE 2000000, since {when}",
    )
    assert "changed\n  new certificate with a new key" in person.last
    assert file.stat().st_mode & 0o777 == 0o600


async def test_nothing_is_remembered_against_ones_will(ca_file: Path, tmp_path: Path) -> None:
    file = tmp_path / "known.json"
    with running(Behaviour(server_context())) as port:
        async with at(port, ca_file, known=Known(file)) as (console, _):
            assert not file.exists()
            await console.execute("EHLO me")
            assert file.exists()
            await console.execute("/tls forget")
            assert "127.0.0.1" not in file.read_text()
            await console.execute("/set remember no")
            await console.execute(f"/connect 127.0.0.1:{port}")
            await console.execute("EHLO me")
            assert "127.0.0.1" not in file.read_text()


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"smtpconsole known": 1, "servers": 7}'])
async def test_a_broken_memory_is_no_trouble(ca_file: Path, tmp_path: Path, text: str) -> None:
    file = tmp_path / "known.json"
    file.write_text(text)
    with running(Behaviour(server_context())) as port:
        async with at(port, ca_file, known=Known(file)) as (console, _):
            await console.execute("/starttls")
            assert console.watch.changes == ()
    assert f"127.0.0.1:{port}" in file.read_text()


# --- comparing and scanning -------------------------------------------------------------------


async def test_compare_shows_what_a_server_has_for_whom_names_it(ca_file: Path) -> None:
    behaviour = Behaviour(server_context("wrong name"), {lab.HOST: server_context()})
    with running(behaviour) as port:
        async with at(port, ca_file) as (console, person):
            await console.execute("/tls compare")
            assert person.answers[-1].title == "different certificates"
            assert "with the name mail.lab.test" in person.last
            behaviour.contexts = {}
            await console.execute("/tls compare")
            assert person.answers[-1].title == "the same certificates"
            with running(Behaviour(server_context())) as other:
                await console.execute(f"/tls compare {other}")
                assert person.answers[-1].title == "different certificates"
            with running(Behaviour(server_context(), is_implicit=True)) as other:
                await console.execute(f"/tls compare smtps://127.0.0.1:{other}")
                assert person.answers[-1].title == "different certificates"


async def test_scan_finds_versions_suites_and_groups(ca_file: Path) -> None:
    context = server_context("sound, RSA")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE-RSA-AES256-GCM-SHA384:AES128-SHA:@SECLEVEL=0")
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    context.set_ecdh_curve("secp384r1")
    with running(Behaviour(context)) as port:
        async with at(port, ca_file) as (console, person):
            await console.execute("/tls scan")
    lines = [" ".join(line.split()) for line in person.answers[-1].lines]
    assert "no TLS 1.0 protocol version" in lines or "no TLS 1.0 protocol version" in str(lines)
    assert "yes TLS 1.2 ECDHE-RSA-AES256-GCM-SHA384, P-384" in lines
    assert "no TLS 1.3 protocol version" in lines
    at_suites = lines.index("suites, in its order")
    assert lines[at_suites + 1].startswith("yes ECDHE-RSA-AES256-GCM-SHA384")
    assert lines[at_suites + 2] == "yes AES128-SHA 128 bits, RSA"
    assert "yes P-384" in lines
    assert any(line.startswith("no X25519") for line in lines)
    assert any("Heartbleed" in line for line in lines)


async def test_a_scan_ends_when_the_server_has_had_enough(ca_file: Path) -> None:
    behaviour = Behaviour(server_context(), most=3)
    with running(behaviour) as port:
        async with at(port, ca_file) as (console, person):
            await console.execute("/tls scan")
    assert behaviour.clients == 4
    assert "ended early: the server does not want to talk: 421" in person.answers[-1].title


async def test_a_scan_can_be_stopped(ca_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(Behaviour(server_context())) as port:
        async with at(port, ca_file) as (console, person):
            began = asyncio.Event()
            real = scan.knock

            async def slow(*given: object, **named: object) -> object:
                facts = await real(*given, **named)  # type: ignore[arg-type]
                if began.is_set():
                    await asyncio.sleep(60)
                began.set()
                return facts

            monkeypatch.setattr(scan, "knock", slow)
            task = asyncio.ensure_future(console.execute("/tls scan"))
            await began.wait()
            await console.execute("/tls compare")
            assert "a probe is under way" in person.last
            await console.execute("/tls stop")
            await task
    assert person.answers[-1].title.endswith("(stopped)")


async def test_what_is_no_tls_cannot_be_scanned(ca_file: Path) -> None:
    with running(Behaviour(plain=("server.lab.test",))) as port:
        async with at(port, ca_file) as (console, person):
            await console.execute("/tls scan")
            assert "does not offer STARTTLS" in person.last
            console.target = None
    with running(Behaviour()) as port:
        async with at(port, ca_file, scheme="smtps") as (console, person):
            assert "does not speak TLS here; it said: 220" in person.last
            await console.execute("/tls scan")
            assert "does not speak TLS here" in person.last


# --- probes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        (Behaviour(obeys_injected=True), "VULNERABLE"),
        (Behaviour(), "a command behind STARTTLS is ignored"),
        (Behaviour(refuses_injected=True), "a command behind STARTTLS is refused"),
        (Behaviour(answers_injected=True), "a command behind STARTTLS is answered in the clear"),
    ],
)
async def test_injection_is_found_where_it_is(
    ca_file: Path, behaviour: Behaviour, words: str
) -> None:
    behaviour.context = server_context()
    with running(behaviour) as port:
        async with at(port, ca_file) as (console, person):
            await console.execute("/tls injection")
    assert person.answers[-1].title.startswith(words)
    assert "this proves: " in person.last


async def test_aiosmtpd_does_not_obey_what_was_injected() -> None:
    with Sandbox() as sandbox:
        async with at(sandbox.port, Path(sandbox.ca_file)) as (console, person):
            await console.execute("/tls injection")
            assert "VULNERABLE" not in person.last
            assert person.answers[-1].title == "a command behind STARTTLS is ignored"


async def test_probes_are_for_servers_of_ones_own(ca_file: Path) -> None:
    with running(Behaviour(server_context())) as port:
        async with at(port, ca_file) as (console, person):
            console.journal(Dialling(Target("mail.example.com", 25)))
            console.target = Target("mail.example.com", 25)
            await console.execute("/tls injection")
            assert "mail.example.com is not this machine" in person.last
            assert "/tls injection --i-own-this" in person.last
            await console.execute("/smuggling me@example.com")
            assert "/smuggling me@example.com --i-own-this" in person.last


LAX = {
    "strict": ((b"\r\n.\r\n",), set()),
    "lax": (
        (b"\r\n.\r\n", b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r"),
        {"LF . LF", "LF . CR LF", "CR LF . LF", "CR . CR", "CR . CR LF"},
    ),
}


@pytest.mark.parametrize("kind", LAX)
async def test_false_ends_are_found_where_they_are_taken(
    ca_file: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smuggling, "PATIENCE", 0.1)
    ends, wanted = LAX[kind]
    behaviour = Behaviour(server_context(), ends=ends)
    with running(behaviour) as port:
        async with at(port, ca_file, "yes") as (console, person):
            await console.execute("/smuggling me@lab.test")
    assert "11 messages" in person.questions[0][0]
    taken = {line[:20].strip() for line in person.answers[-1].lines if " taken " in line[20:32]}
    taken -= {line[:20].strip() for line in person.answers[-1].lines if "not taken" in line}
    assert taken == wanted
    assert person.answers[-1].title.startswith("VULNERABLE") == bool(wanted)
    assert len(behaviour.messages) == 11
    assert all(b"X-SMTP-Probe" in message for message in behaviour.messages)


async def test_a_probe_that_nobody_agreed_to_sends_nothing(ca_file: Path) -> None:
    behaviour = Behaviour(server_context())
    with running(behaviour) as port:
        async with at(port, ca_file, "no") as (console, person):
            await console.execute("/smuggling me@lab.test")
            assert "nothing was sent" in person.last
    assert behaviour.clients == 1
