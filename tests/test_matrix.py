"""The MX matrix, on several addresses of the loopback, with servers that behave and that do not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import jsonschema
import pexpect
import program
import pytest
import zone
from street import HOUSES, LAB, Street, street

from smtpconsole.console.dns import matrix as matrices
from smtpconsole.console.dns.matrix import STAGES, Matrix, Row, survey
from smtpconsole.console.dns.matrixtext import OUTCOMES, as_json, details, outcome, schema, table
from smtpconsole.console.probe.visit import Errand
from smtpconsole.net.dns.resolver import Resolver
from smtpconsole.net.dns.servers import Server as NameServer
from smtpconsole.net.dns.servers import Servers
from smtpconsole.net.policy import TlsPolicy
from smtpconsole.visible import visible

VALIDATOR = jsonschema.Draft202012Validator(schema())


@pytest.fixture(scope="module")
def houses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    with street(tmp_path_factory.mktemp("street"), HOUSES) as found:
        yield found


@pytest.fixture
def names() -> Iterator[zone.Names]:
    with zone.serve(zone.zone("lab.test", LAB)) as running:
        yield running


def errand(houses: Street, *, timeout: float = 1.0) -> Errand:
    return Errand("client.lab.test", TlsPolicy(strict=False, ca_file=str(houses.ca)), timeout)


def resolver(names: zone.Names) -> Resolver:
    return Resolver(Servers((NameServer(zone.HOST, names.port),)), lifetime=2)


async def surveyed(
    houses: Street,
    names: zone.Names,
    domain: str = "lab.test",
    tell: Callable[[Matrix], None] = lambda _: None,
) -> Matrix:
    found = Matrix(domain)
    await survey(found, resolver(names), errand(houses), tell=tell, port=houses.port)
    VALIDATOR.validate(as_json(found))
    for line in (*table(found), *details(found)):
        assert visible(line).isprintable()
    return found


def states(row: Row) -> list[str]:
    return [row.cell(stage).state for stage in STAGES]


async def test_every_address_of_every_server_is_visited(houses: Street, names: zone.Names) -> None:
    houses.heard.clear()
    found = await surveyed(houses, names)
    assert {row.address: states(row) for row in found.rows} == {
        "127.0.0.2": ["good"] * 6,
        "127.0.0.3": ["good"] * 6,
        "127.0.0.4": ["good", "bad", "none", "none", "none", "none"],
        "127.0.0.5": ["good", "good", "good", "bad", "none", "none"],
        "127.0.0.6": ["good", "good", "good", "fair", "none", "fair"],
        "127.0.0.7": ["good", "bad", "none", "none", "none", "none"],
        "127.0.0.8": ["bad", "none", "none", "none", "none", "none"],
    }
    assert outcome(found).name == "faulty"
    verbs = {line.split()[0] for _, line in houses.heard}
    assert verbs == {b"EHLO", b"STARTTLS", b"QUIT"}, "it is polite, and sends no mail"


async def test_a_server_is_asked_for_by_its_name(houses: Street, names: zone.Names) -> None:
    houses.names.clear()
    found = await surveyed(houses, names, "sound.lab.test")
    assert houses.names == ["mail.lab.test", "mail.lab.test"]
    assert found.is_sound and outcome(found).name == "sound"
    assert found.rows[0].cell("certificate").text == "it proves mail.lab.test"


async def test_a_matrix_fills_in_while_it_is_looked_at(houses: Street, names: zone.Names) -> None:
    seen: list[str] = []
    await surveyed(
        houses,
        names,
        "sound.lab.test",
        tell=lambda matrix: seen.append(" ".join(states(matrix.rows[0])) if matrix.rows else ""),
    )
    assert seen[0] == " ".join(["waiting"] * 6)
    assert "good now waiting waiting waiting waiting" in seen
    assert "good good good now waiting waiting" in seen
    assert seen[-1] == " ".join(["good"] * 6)


async def test_it_is_polite(houses: Street, names: zone.Names) -> None:
    most: dict[str, int] = {}

    def count(matrix: Matrix) -> None:
        under_way = [row.exchanger.name for row in matrix.rows if row.visit and not row.is_done]
        for name in (*under_way, "all"):
            now = under_way.count(name) if name != "all" else len(under_way)
            most[name] = max(most.get(name, 0), now)

    await surveyed(houses, names, tell=count)
    everything = most.pop("all")
    assert set(most.values()) == {1}, "one visit at a time to each server"
    assert 1 < everything <= matrices.AT_ONCE and matrices.PAUSE >= 0.5


async def test_pauses_are_kept_outside_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrices, "PAUSE", 0.05)
    turn = matrices._Turns()
    for address in ("192.0.2.1", "192.0.2.2", "127.0.0.1"):
        await turn.pause(address)
    assert turn._next > 0
    before = turn._next
    await turn.pause("127.0.0.1")
    assert turn._next == before


@pytest.mark.parametrize(
    ("domain", "name"),
    [
        ("nullmx.lab.test", "null-mx"),
        ("nope.lab.test", "nowhere"),
        ("fail.lab.test", "unknown"),
        ("silent.lab.test", "undeliverable"),
    ],
)
async def test_a_survey_comes_to_an_outcome(
    houses: Street, names: zone.Names, domain: str, name: str
) -> None:
    names.faults["fail.lab.test"] = "servfail"
    found = await surveyed(houses, names, domain)
    assert outcome(found).name == name


async def test_dane_that_does_not_match_is_bad(houses: Street, names: zone.Names) -> None:
    names.has_ad = True
    pin = f"_{houses.port}._tcp.mail TLSA 3 1 1 {'ab' * 32}\n"
    names.zones[0] = zone.zone("lab.test", LAB + pin)
    found = await surveyed(houses, names, "sound.lab.test")
    cell = found.rows[0].cell("policy")
    assert cell.state == "bad" and cell.text.startswith("DANE: none of 1")
    assert outcome(found).name == "undeliverable"


async def test_the_table_reads_without_colour(houses: Street, names: zone.Names) -> None:
    found = await surveyed(houses, names)
    lines = list(table(found))
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    assert "  10 mail.lab.test" in text
    good = next(line for line in lines if line.startswith("  127.0.0.2 "))
    silent = next(line for line in lines if line.startswith("  127.0.0.4 "))
    assert good.endswith("ok      ok") and "!" not in good
    assert "!" in silent and silent.endswith("-     -       -")
    told = "\n".join(details(found))
    assert "! odd.lab.test 127.0.0.4, greeting: No greeting" in told
    assert "v=DMARC1; p=reject" in told


def run(names: zone.Names, houses: Street, *arguments: str) -> subprocess.CompletedProcess[str]:
    return program.run("mx", *arguments, *words(names, houses))


def words(names: zone.Names, houses: Street) -> list[str]:
    where = ["--dns", f"127.0.0.1:{names.port}", "--port", str(houses.port)]
    return [*where, "--ca", str(houses.ca), "--timeout", "1"]


def test_the_program_prints_a_table_or_json(houses: Street, names: zone.Names) -> None:
    done = run(names, houses, "sound.lab.test")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == "" and "sound: every server takes mail" in done.stdout
    told = json.loads(run(names, houses, "postmaster@sound.lab.test", "--json").stdout)
    VALIDATOR.validate(told)
    assert told["outcome"] == "sound" and len(told["rows"]) == 2
    assert run(names, houses, "nullmx.lab.test").returncode == 3
    assert run(names, houses, "a..b").returncode == 2
    assert run(names, houses).returncode == 2
    assert json.loads(run(names, houses, "--schema").stdout) == schema()


@pytest.mark.screens
def test_on_a_terminal_the_table_is_drawn_as_it_fills(houses: Street, names: zone.Names) -> None:
    arguments = ["-m", "smtpconsole", "mx", "sound.lab.test", *words(names, houses)]
    environment = {**os.environ, "TERM": "xterm", "LINES": "24", "COLUMNS": "80"}
    child = pexpect.spawn(
        sys.executable,
        arguments,
        encoding="utf-8",
        timeout=60,
        dimensions=(24, 80),
        env=environment,  # type: ignore[arg-type]
    )
    child.expect("asking the DNS")
    child.expect(r"\x1b\[1A\x1b\[J")
    child.expect("sound: every server takes mail")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_every_outcome_is_in_the_help_and_in_the_schema() -> None:
    from smtpconsole.cli.mx import command

    for each in OUTCOMES.values():
        assert f"{each.status:3}  {each.name:14} {each.sentence}" in str(command.epilog)
    assert set(schema()["properties"]["outcome"]["enum"]) == set(OUTCOMES)
