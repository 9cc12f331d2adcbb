"""What real servers do that a client has to survive (`tests/quirks.toml`), and we survive it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import controllers
import dovecot
import exim
import nodemailer
import opensmtpd
import postfix
import pytest
from abilities import LIMIT, SENDER, met
from columns import COLUMNS, Column
from test_console import Person

from smtpconsole.console.console import Console
from smtpconsole.console.settings import Settings
from smtpconsole.net.dial import dial
from smtpconsole.net.route import Route
from smtpconsole.smtp.commands import CONTENT, Send, command, xclient
from smtpconsole.smtp.errors import Disconnected
from smtpconsole.smtp.events import Target
from smtpconsole.smtp.exchanges import ask, deliver_all, hello, quit
from smtpconsole.transcript.journal import Journal

pytestmark = pytest.mark.servers

RAW = Route(family=4)


def probe(target: str, ca: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "smtpconsole", "probe", target, "--no-dns", "--ca", str(ca)]
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)


# --- who we are, said twice


async def test_smuggling_is_probed_on_a_server_that_takes_no_other_ehlo(
    osmtpd: opensmtpd.OpenSmtpd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smtpconsole.net.smuggling.PATIENCE", 0.3)
    settings = Settings(name="client.example.test", ca=str(osmtpd.ca))
    person = Person("yes")
    console = Console(person, Journal(), settings=settings)
    console.suggestions.sender = SENDER
    await console.execute(f"/connect smtp://localhost:{osmtpd.port}")
    await console.execute(f"/smuggling u1@{opensmtpd.DOMAIN}")
    await console.end()
    assert person.answers[-1].title.startswith("VULNERABLE"), person.last


async def test_dovecot_dies_of_mail_ehlo_mail_and_the_next_connection_is_sound(
    mda: dovecot.Dovecot,
) -> None:
    """Dovecot 2.3.19: "Panic: file smtp-client-command.c: assertion failed"."""
    at = COLUMNS["Dovecot"][1](mda)
    async with met(at) as this:
        await this.ask("MAIL", f"FROM:<{SENDER}>")
        assert (await this.hello()).is_positive
        with pytest.raises(Disconnected):
            await this.ask("MAIL", f"FROM:<{SENDER}>")
    async with met(at) as this:
        assert (await this.deliver(at)).is_delivered


# --- what EHLO tells


async def test_dovecot_tells_its_backends_extensions_after_the_login_only(
    mda: dovecot.Dovecot,
) -> None:
    at = COLUMNS["Dovecot"][1](mda)
    async with met(at, log_in=False) as this:
        assert "DSN" not in this.known and this.known.mechanisms
        assert (await this.log_in("PLAIN", at)).is_logged_in
        await this.hello()
        assert "DSN" in this.known
        assert this.known.parameters("AUTH") == "" and this.known.mechanisms == ()
        assert (this.known.parameters("BURL") or "").startswith("imap imap://")


# --- greetings


async def test_postscreens_greeting_of_two_lines_is_one_and_its_450_is_told(
    mta: postfix.Postfix,
) -> None:
    connection = await dial(Target("localhost", mta.screened_port), timeout=LIMIT, route=RAW)
    greeting = connection.session.last_reply
    assert greeting is not None and greeting.code == 220
    assert greeting.lines[0].startswith(b"teaser") and greeting.lines[-1].endswith(b"Postfix")
    await connection.run(hello(b"client.example.test"), LIMIT)
    await connection.run(ask(command(b"MAIL", b"FROM:<a@client.test>")), LIMIT)
    reply = await connection.run(ask(command(b"RCPT", b"TO:<bob@example.test>")), LIMIT)
    assert reply.code == 450
    connection.close()
    await connection.wait_closed()


async def test_exim_greets_behind_a_wrong_proxy_header_and_refuses_what_follows(
    exim_server: exim.Exim,
) -> None:
    route = Route(family=4, header=b"PROXY NONSENSE\r\n")
    target = Target("localhost", exim_server.proxy_port)
    connection = await dial(target, timeout=LIMIT, route=route)
    assert connection.session.last_reply is not None
    assert connection.session.last_reply.code == 220
    reply = await connection.run(hello(b"client.example.test"), LIMIT)
    assert reply.code == 503 and "Proxy negotiation failed" in reply.text
    connection.close()
    await connection.wait_closed()


async def test_exims_goodbye_is_waited_for(exim_server: exim.Exim) -> None:
    at = COLUMNS["Exim"][1](exim_server)
    async with met(at) as this:
        reply = await this.connection.run(quit(), LIMIT)
        assert reply.code == 221 and "closing connection" in reply.text


# --- strictness


def test_a_strict_postfix_refuses_bare_line_feeds_and_takes_what_we_make_of_them(
    mta_with: Callable[..., AbstractContextManager[postfix.Postfix]],
) -> None:
    strict = (
        "smtpd_forbid_bare_newline = reject",
        "smtpd_forbid_bare_newline_exclusions =",
        "smtpd_forbid_unauth_pipelining = yes",
        "smtpd_helo_required = yes",
        "smtpd_delay_reject = no",
    )
    with mta_with(*strict) as mta:
        asyncio.run(_strictly(COLUMNS["Postfix"][1](mta)))


async def _strictly(at: Column) -> None:
    async with met(at, greet=False) as this:
        reply = await this.ask("MAIL", f"FROM:<{SENDER}>")
        assert reply.code == 503 and "send HELO/EHLO first" in reply.text
    async with met(at) as this:
        assert (await this.deliver(at, pipelining=True)).is_delivered
        for verb, path in (("MAIL", f"FROM:<{SENDER}>"), ("RCPT", f"TO:<{at.known}>")):
            await this.ask(verb, path)
        await this.ask("DATA")
        bare = Send(b"Subject: bare\n\nbare\n\r\n.\r\n", CONTENT)
        reply = await this.connection.run(ask(bare), LIMIT)
        assert reply.code == 550 and "bare <LF> received" in reply.text


async def test_postfix_lets_nobody_become_somebody_twice(mta: postfix.Postfix) -> None:
    at = COLUMNS["Postfix"][1](mta)
    async with met(at, port=mta.trusting_port) as this:
        claim = xclient(addr="192.0.2.7")
        assert (await this.connection.run(ask(claim), LIMIT)).code == 220
        assert "XCLIENT" not in this.known  # nothing is, before another EHLO
        await this.hello()
        assert "XCLIENT" not in this.known  # it trusts us, and no longer who we are now
        assert (await this.connection.run(ask(claim), LIMIT)).code == 550


async def test_many_messages_go_to_a_server_that_forbids_pipelining(
    osmtpd: opensmtpd.OpenSmtpd,
) -> None:
    at = COLUMNS["OpenSMTPD"][1](osmtpd)
    async with met(at) as this:
        letters = [this.letter(f"u{number}@{opensmtpd.DOMAIN}") for number in range(5)]
        ways = {"pipelining": "PIPELINING" in this.known}
        outcomes = await this.connection.run(deliver_all(letters, **ways), LIMIT)
        assert [each.is_delivered for each in outcomes] == [True] * 5


# --- a probe may not do harm


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
@pytest.mark.parametrize("is_trusted", [True, False], ids=["trusted", "untrusted"])
def test_a_probe_does_not_end_a_server_that_minds_connections_that_break_off(
    node: nodemailer.Nodemailer, mta: postfix.Postfix, scheme: str, is_trusted: bool
) -> None:
    with nodemailer.fragile(node) as server:
        port = server.port if scheme == "smtp" else server.tls_port
        told = probe(f"{scheme}://localhost:{port}", server.ca if is_trusted else mta.ca)
        assert told.returncode in (0, 2, 3), told
        again = probe(f"{scheme}://localhost:{port}", server.ca)
        assert again.returncode in (0, 2), again.stdout  # it still answers
        assert server.process.poll() is None


def test_the_other_servers_are_sound_when_probed(
    osmtpd: opensmtpd.OpenSmtpd,
    exim_server: exim.Exim,
    controllers_running: controllers.Controllers,
) -> None:
    for server in (osmtpd, exim_server, controllers_running):
        for target in (f"localhost:{server.port}", f"smtps://localhost:{server.tls_port}"):
            told = probe(target, server.ca)
            assert told.returncode == 0, told.stdout
