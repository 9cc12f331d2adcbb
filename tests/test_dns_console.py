"""/dns, /mx, /probe and mx: targets, with a person who watches."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import zone
from program import run
from street import HOUSES, LAB, Street, street
from test_console import Person

from smtpconsole.console.completion import complete
from smtpconsole.console.console import Console
from smtpconsole.console.settings import Settings
from smtpconsole.console.targets import parse_target, written
from smtpconsole.sandbox import Sandbox
from smtpconsole.smtp.events import Target
from smtpconsole.transcript.journal import Journal
from smtpconsole.transcript.turns import turns

MORE = """
s1._domainkey TXT "v=DKIM1; p="
_mta-sts TXT "v=STSv1; id=1"
"""


@pytest.fixture(scope="module")
def houses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    with street(tmp_path_factory.mktemp("street"), HOUSES) as found:
        yield found


@pytest.fixture
def names() -> Iterator[zone.Names]:
    back = zone.zone("0.0.127.in-addr.arpa", "1 PTR localhost.\n2 PTR mail.lab.test.\n")
    local = zone.zone("localhost", "@ A 127.0.0.1\n")
    with zone.serve(zone.zone("lab.test", LAB + MORE), back, local) as running:
        yield running


@asynccontextmanager
async def console_at(names: zone.Names, *, ca: str = "") -> AsyncIterator[tuple[Console, Person]]:
    person = Person()
    settings = Settings(name="client.lab.test", ca=ca, timeout=2, remember=False)
    settings.set("dns", f"127.0.0.1:{names.port}")
    console = Console(person, Journal(), settings=settings)
    try:
        yield console, person
    finally:
        await console.end()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/dns sound.lab.test", ["its MX records name", "mail.lab.test", "v=spf1 mx -all", "/mx"]),
        ("/dns mx lab.test", ["10 mail.lab.test  127.0.0.", "RFC 6890"]),
        ("/dns mx nullmx.lab.test", ["takes no mail"]),
        ("/dns spf lab.test", ["SPF of lab.test", "v=spf1 mx -all"]),
        ("/dns dmarc lab.test", ["v=DMARC1; p=reject", "at _dmarc.lab.test"]),
        ("/dns tlsrpt lab.test", ["v=TLSRPTv1"]),
        ("/dns sts lab.test", ["v=STSv1; id=1", "mta-sts.lab.test has no address"]),
        ("/dns dkim s1 lab.test", ["revoked"]),
        ("/dns tlsa mail.lab.test", ["TLSA records of mail.lab.test, port 25", "none"]),
        ("/dns ptr 127.0.0.2", ["mail.lab.test  leads back"]),
        ("/dns a mail.lab.test", ["A of mail.lab.test", "127.0.0.2", "TTL 300", "not validated"]),
        ("/dns txt nope.lab.test", ["the name does not exist"]),
        ("/dns", ["not connected"]),
        ("/dns mx", ["of which name?", "/dns mx example.com"]),
        ("/dns mx a..b", ["no mail domain"]),
        ("/dns frob lab.test", ["frob is nothing that can be asked for", "tlsrpt"]),
        ("/dns ptr x", ["x is not an address"]),
        ("/dns tlsa mail.lab.test x", ["x is not a port"]),
        ("/dns dkim s1", ["which selector"]),
        ("/mx", ["of which domain?"]),
        ("/mx open 1", ["of which domain?"]),
        ("/mx a..b", ["no mail domain"]),
        ("/probe", ["probe which server?"]),
    ],
)
async def test_a_question_gets_an_answer(names: zone.Names, line: str, words: list[str]) -> None:
    async with console_at(names) as (console, person):
        await console.execute(line)
    for each in words:
        assert each in person.last, person.last
    assert "bug" not in person.last


async def test_what_can_be_asked_for_is_completed(names: zone.Names) -> None:
    async with console_at(names) as (console, _):
        assert "dmarc" in {each.text for each in complete(console, "/dns d")}
        assert "example.com" in {each.text for each in complete(console, "/dns mx exa")}


async def test_questions_are_in_the_transcript(names: zone.Names) -> None:
    async with console_at(names) as (console, _):
        await console.execute("/dns spf lab.test")
        told = [line for turn in turns(console.journal) for line in turn.lines]
    assert any(line.startswith("DNS TXT lab.test: v=spf1 mx -all (") for line in told)


async def test_the_server_at_hand_is_asked_about(names: zone.Names) -> None:
    with Sandbox() as sandbox:
        async with console_at(names, ca=str(sandbox.ca_file)) as (console, person):
            await console.execute(f"/connect localhost:{sandbox.port}")
            await console.execute("/dns")
            for each in ("127.0.0.1 is called", "localhost  leads back", "TLSA     localhost"):
                assert each in person.last
            assert "EHLO client.lab.test" in person.last
            await console.execute("/starttls")
            await console.execute("/tls verdicts")
            assert "no TLSA records: as opportunistic" in person.last
            await console.execute("/dns helo")
            assert "we come from 127.0.0.1" in person.last


async def test_a_matrix_is_walked_and_a_row_opened(houses: Street, names: zone.Names) -> None:
    async with console_at(names, ca=str(houses.ca)) as (console, person):
        await console.execute(f"/mx sound.lab.test --port {houses.port}")
        assert console.matrix is not None and console.matrix.is_sound
        assert "127.0.0.2" in person.last and "/mx open 1" in person.last
        told = [line for turn in turns(console.journal) for line in turn.lines]
        assert "mail.lab.test (127.0.0.2): good" in told
        houses.names.clear()
        await console.execute("/mx open 2")
        assert console.target == Target("127.0.0.3", houses.port)
        await console.execute("EHLO client.lab.test")
        await console.execute("STARTTLS")
        assert houses.names == ["mail.lab.test"] and console.connection is not None
        facts = console.connection.tls
        assert facts is not None and not facts.errors
        assert console.settings.servername == ""
        await console.execute("/mx open 9")
        assert "there is no row 9" in person.last
        await console.execute("/mx")
        assert "127.0.0.3" in person.last


async def test_a_probe_reports(names: zone.Names) -> None:
    with Sandbox() as sandbox:
        async with console_at(names, ca=str(sandbox.ca_file)) as (console, person):
            await console.execute(f"/connect localhost:{sandbox.port}")
            await console.execute("/probe")
            assert "sound, nothing is wrong" in person.last
            assert console.connection is not None and console.connection.is_open
            assert console.demands["localhost"].tlsa is not None


# --- mx: as a target --------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["mx:lab.test", "mx:lab.test:587"])
def test_a_mail_domain_is_written_as_it_is_read(text: str) -> None:
    assert written(parse_target(text)) == text


async def test_the_servers_of_a_domain_are_tried_in_their_order(
    houses: Street, names: zone.Names
) -> None:
    names.zones[2] = zone.zone(
        "localhost", "@ MX 10 gone\n@ MX 20 localhost.\n@ A 127.0.0.1\ngone A 127.0.0.99\n"
    )
    with Sandbox() as sandbox:
        async with console_at(names) as (console, person):
            await console.execute(f"/connect mx:localhost:{sandbox.port}")
            assert not person.answers, person.last
            assert console.target == Target("localhost", sandbox.port)
            told = " ".join(line for turn in turns(console.journal) for line in turn.lines)
            assert "on to the next" in told


@pytest.mark.parametrize(
    ("domain", "words"),
    [("nullmx.lab.test", "takes no mail"), ("nope.lab.test", "does not exist")],
)
async def test_a_domain_without_servers_is_told(names: zone.Names, domain: str, words: str) -> None:
    async with console_at(names) as (console, person):
        await console.execute(f"/connect mx:{domain}")
        assert words in person.last and f"/dns {domain}" in person.last
        await console.execute(f"/probe mx:{domain}")
        assert words in person.last


def test_the_program_opens_the_server_of_a_domain(names: zone.Names, tmp_path: Path) -> None:
    names.zones[2] = zone.zone("localhost", "@ MX 10 localhost.\n@ A 127.0.0.1\n")
    with Sandbox() as sandbox:
        done = run(
            *(f"mx:localhost:{sandbox.port}", "--dns", f"127.0.0.1:{names.port}"),
            *("--no-journal", "--lines"),
            typed="QUIT\n",
            state=tmp_path,
        )
    assert done.returncode == 0, done.stderr
    assert "*: DNS MX localhost: 10 localhost" in done.stdout
    assert "S: 220 sandbox.example" in done.stdout
