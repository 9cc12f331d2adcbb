"""`/sandbox` and `/fault`: a server for the session, and its ways to fail."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from test_console import Person

from smtpconsole.console.completion import complete
from smtpconsole.console.console import Console
from smtpconsole.console.settings import Settings
from smtpconsole.sandbox import Sandbox
from smtpconsole.sandbox.faults import known
from smtpconsole.transcript.journal import Journal


@asynccontextmanager
async def session(*lines: str) -> AsyncIterator[tuple[Console, Person]]:
    """A console with nothing, and what it was told."""
    person = Person()
    console = Console(person, Journal(), settings=Settings(name="client.example"))
    for line in lines:
        await console.execute(line)
    try:
        yield console, person
    finally:
        await console.end()


def running(console: Console) -> Sandbox:
    assert console.sandbox is not None
    return console.sandbox


async def test_a_sandbox_is_started_connected_to_and_told() -> None:
    async with session("/sandbox") as (console, person):
        sandbox = running(console)
        assert str(console.target) == f"localhost:{sandbox.port}"
        for word in (sandbox.port, sandbox.tls_port, sandbox.lmtp_port, sandbox.proxy_port):
            assert str(word) in person.last
        for word in (sandbox.user, sandbox.password, sandbox.token, str(sandbox.ca_file)):
            assert word in person.last
        assert console.draft.sender == sandbox.user and console.settings.ca == ""
        await console.execute("/starttls")
        assert console.connected().tls is not None and not console.connected().tls.errors
        await console.execute("/sandbox show")
        assert person.answers[-1].title == "the sandbox is yours"
    assert not sandbox.is_running


@pytest.mark.parametrize("option", ["--tls", "--lmtp"])
async def test_it_is_connected_to_on_the_port_that_is_wished(option: str) -> None:
    async with session(f"/sandbox {option}") as (console, _):
        session_ = console.connected().session
        assert session_.is_secure == (option == "--tls")
        assert session_.lmtp == (option == "--lmtp")


async def test_a_second_one_takes_the_place_of_the_first_even_its_port() -> None:
    async with session("/sandbox") as (console, person):
        first = running(console)
        port = first.port
        await console.execute(f"/sandbox --port {port}")
        assert running(console) is not first and not first.is_running
        assert running(console).port == port and console.connected()
        await console.execute("/sandbox stop")
        assert console.sandbox is None and console.connection is None
        assert person.answers[-1].title == "the sandbox has ended"
        for line in ("/sandbox stop", "/sandbox show", "/fault drip on"):
            await console.execute(line)
            assert person.answers[-1].title == "there is no sandbox"
            assert person.answers[-1].next == ("/sandbox",)


async def test_it_has_rules_of_ones_own_and_says_what_is_wrong_in_them(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text('domain = "other.example"\n[users]\n"eve@other.example" = "apple"\n')
    bad.write_text('relay = "perhaps"\n')
    async with session(f"/sandbox --house {good}") as (console, person):
        assert "eve@other.example with apple" in person.last
        assert console.recipient == "bob@other.example"
        await console.execute(f"/sandbox --house {bad}")
        assert "relay is one of" in person.last
        assert running(console).is_running, "the one before lives on"
        await console.execute(f"/sandbox --house {tmp_path}/none.toml")
        assert "cannot be read" in person.last


async def test_a_port_that_is_taken_is_told_with_a_way_on() -> None:
    with Sandbox() as other:
        async with session(f"/sandbox --port {other.port}") as (console, person):
            assert "address already in use" in person.last and person.answers[-1].is_trouble
            assert console.sandbox is None and person.answers[-1].next == ("/sandbox",)


async def test_faults_are_on_from_the_start_if_wished() -> None:
    async with session("/sandbox --fault mail-refused,421@RCPT --fault bidi%20") as (console, _):
        on = running(console).faults.on
        assert [each.written for each in on] == ["mail-refused", "421@RCPT", "bidi%20"]
    async with session("/sandbox --fault no-such") as (console, person):
        assert "there is no fault 'no-such'" in person.last and console.sandbox is None


async def test_faults_are_listed_by_group_with_their_state() -> None:
    async with session("/fault") as (console, person):
        lines = person.answers[-1].lines
        assert sum(" F" in line for line in lines) == len(known())
        assert person.answers[-1].title == "no fault is on"
        await console.execute("/sandbox")
        await console.execute("/fault drip on")
        await console.execute("/fault lines")
        title, lines = person.answers[-1].title, person.answers[-1].lines
        assert title == "drip is on" and lines[0] == "lines: lines and octets"
        (marked,) = (line for line in lines if line.startswith("  on"))
        assert marked.split()[1] == "drip" and marked.endswith(" F24")
        assert not any("banner" in line for line in lines)


async def test_one_is_explained() -> None:
    async with session("/sandbox", "/fault drip") as (console, person):
        assert person.answers[-1].title.startswith("drip (F24) is off: The reply to MAIL comes")
        assert "when the time for the reply is over" in person.last and "5 seconds" in person.last
        assert person.answers[-1].next == ("/fault drip on",)
        await console.execute("/fault drip --at RCPT --count 22 --chance 40")
        assert "at the reply to RCPT, the 22nd time only, in 40 of 100 cases" in person.last
        assert person.answers[-1].next == ("/fault drip@RCPT#22%40 on",)


async def test_they_are_switched_while_connected_and_combine() -> None:
    async with session("/sandbox", "EHLO client.example") as (console, person):
        await console.execute("/fault mail-later escape-bomb --at RCPT on")
        assert person.answers[-1].title == "mail-later, escape-bomb are on"
        await console.execute("/fault mail-later --count 1 on")
        await console.execute("MAIL FROM:<a@example.org>")
        assert console.connected().session.last_reply.code == 451  # type: ignore[union-attr]
        await console.execute("MAIL FROM:<a@example.org>")
        await console.execute("RCPT TO:<bob@sandbox.example>")
        assert b"owned" in console.connected().session.last_reply.octets  # type: ignore[union-attr]
        await console.execute("/fault off")
        assert person.answers[-1].title == "no fault is on"
        await console.execute("/fault banner-554 on")
        assert person.answers[-1].next[0] == console.connect_line
        await console.execute("/fault on")
        assert person.answers[-1].title == "which fault?"


async def test_a_count_begins_anew_with_each_connection_and_each_switching() -> None:
    async with session("/sandbox", "/fault rcpt-mixed on") as (console, _):
        for line in (None, console.connect_line, "/fault rcpt-mixed on"):
            if line:
                await console.execute(line)
            await console.execute("EHLO client.example")
            await console.execute("MAIL FROM:<a@example.org>")
            codes = []
            for name in ("bob", "carol", "dave"):
                await console.execute(f"RCPT TO:<{name}@sandbox.example>")
                codes.append(console.connected().session.last_reply.code)  # type: ignore[union-attr]
            assert codes == [250, 452, 250]


async def test_names_of_faults_are_completed() -> None:
    async with session() as (console, _):
        for line, wanted in (
            ("/fault rcpt-m", "rcpt-mixed"),
            ("/fault drip bid", "bidi"),
            ("/fault imap", "banner-imap"),
            ("/fault drip o", "off"),
            ("/sandbox --fault drip,bid", "drip,bidi"),
        ):
            assert wanted in [each.text for each in complete(console, line)], line


async def test_a_fault_that_needs_a_port_somebody_has_is_refused_in_words() -> None:
    async with session("/sandbox") as (console, person):
        with socket.create_server(("::1", running(console).port), family=socket.AF_INET6):
            await console.execute("/fault deaf-address on")
        assert person.answers[-1].is_trouble and person.answers[-1].next
        assert "deaf-address cannot be had here: address already in use" in person.last
        await console.execute("/fault deaf-address on")
        assert person.answers[-1].title == "deaf-address is on"
