"""What servers do that a client has to survive: the register, and what needs a socket to show.

`quirks.toml` names for each where it is held: a test, a conversation, or a row of the table of
abilities x servers.  The servers here are scripts with the octets that the real ones were heard
to say.
"""

from __future__ import annotations

import ast
import importlib.util
import tomllib
from pathlib import Path
from typing import Any

import pytest
from peer import Peer, Play, server, turn
from test_console import Person

from smtpconsole.client import SMTP, Letter, SMTPException
from smtpconsole.console.coach import advise
from smtpconsole.console.console import Console
from smtpconsole.console.settings import Settings
from smtpconsole.net.dial import dial
from smtpconsole.smtp.errors import Silence
from smtpconsole.smtp.events import Target
from smtpconsole.smtp.login import attempt
from smtpconsole.smtp.sasl import MECHANISMS, credentials
from smtpconsole.transcript.formats import exported
from smtpconsole.transcript.journal import Journal

TESTS = Path(__file__).parent
QUIRKS = tomllib.loads((TESTS / "quirks.toml").read_text("utf-8"))["quirk"]
ROWS = tomllib.loads((TESTS / "servers" / "abilities.toml").read_text("utf-8"))["rows"]


# --- the register -----------------------------------------------------------------------------


@pytest.mark.parametrize("quirk", QUIRKS, ids=[each["what"] for each in QUIRKS])
def test_a_quirk_is_held(quirk: dict[str, Any]) -> None:
    assert quirk["who"] and quirk["held"]
    for place in quirk["held"]:
        kind, _, name = place.partition(" ")
        match kind:
            case "row":
                assert name in ROWS, place
            case "conversation":
                assert (TESTS / "conversations" / f"{name}.txt").exists(), place
            case _:
                file, _, function = place.partition("::")
                tree = ast.parse((TESTS / file).read_text("utf-8"))
                assert function in {getattr(node, "name", None) for node in tree.body}, place


def test_the_page_about_servers_is_current() -> None:
    page = TESTS.parent / "docs" / "servers.md"
    spec = importlib.util.spec_from_file_location("servers", page.with_suffix(".py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert page.read_text("utf-8") == module.page(), "run python docs/servers.py"


def test_every_conversation_of_a_quirk_is_in_the_register() -> None:
    there = {file.stem for file in (TESTS / "conversations").glob("quirk-*.txt")}
    held = {name for each in QUIRKS for name in each["held"]}
    assert {f"conversation {name}" for name in there} <= held


# --- what needs a socket ----------------------------------------------------------------------


def answering(greeting: bytes, answers: dict[bytes, bytes]) -> Play:
    """A server that answers by verb, and has 500 for all others."""

    def play(peer: Peer) -> None:
        peer.say(greeting)
        while line := peer.hear():
            verb = line.split()[0].upper() if line.split() else b""
            peer.say(answers.get(verb, b"500 5.5.1 Unknown command\r\n"))

    return play


async def console_at(port: int, *lines: str) -> tuple[Console, Person]:
    person = Person()
    console = Console(person, Journal(), settings=Settings(name="client.example.test"))
    for line in (f"/connect smtp://127.0.0.1:{port}", *lines):
        await console.execute(line)
    return console, person


async def test_nothing_is_said_before_the_greeting_has_come() -> None:
    """Sendmail, smtp-server and Postfix from 3.10 on send away who speaks before it."""
    early = b"?"

    def play(peer: Peer) -> None:
        nonlocal early
        peer.sock.settimeout(0.2)
        try:
            early = peer.sock.recv(100)
        except TimeoutError:
            early = b""
        peer.sock.settimeout(10)
        answering(b"220 mail.example.test ESMTP\r\n", {b"EHLO": b"250 mail\r\n"})(peer)

    with server(play) as (port, _):
        smtp = SMTP(hostname="127.0.0.1", port=port, start_tls=False, timeout=10)
        await smtp.connect()
        await smtp.ehlo()
        smtp.close()
        await turn()
    assert early == b""


async def test_what_a_server_loses_behind_a_message_is_not_taken_for_sent() -> None:
    """chasquid obeys nothing that comes in one go with the end of a message, nor answers it."""

    def play(peer: Peer) -> None:
        peer.say(b"220 mail.example.test ESMTP chasquid\r\n")
        peer.hear()
        peer.say(b"250-mail.example.test\r\n250 PIPELINING\r\n")
        for _ in range(3):
            peer.hear()
        peer.say(b"250 2.1.5 watched\r\n250 2.1.5 eerie\r\n354 unnaturally quiet\r\n")
        while peer.hear() != b".\r\n":
            pass
        peer.say(b"250 2.0.0 I thought I saw a tree\r\n")
        peer.until_gone()

    with server(play) as (port, _):
        smtp = SMTP(hostname="127.0.0.1", port=port, start_tls=False, timeout=10)
        await smtp.connect()
        letters = [Letter("Subject: x\n\nx\n", "a@x.test", "b@x.test") for _ in range(2)]
        first, second = await smtp.deliver_all(letters, timeout=1.0)
        smtp.close()
        await turn()
    assert not isinstance(first, SMTPException) and list(first.delivered) == ["b@x.test"]
    assert isinstance(second, SMTPException) and not getattr(second, "is_in_doubt", False)


async def test_who_goes_silent_at_a_cancelled_login_is_waited_for_no_longer_than_told() -> None:
    """qpsmtpd answers nothing to "*" at the password prompt of AUTH LOGIN."""

    def play(peer: Peer) -> None:
        peer.say(b"220 mail.example.test ESMTP qpsmtpd 0.94 ready\r\n")
        peer.hear()
        peer.say(b"334 not base64!\r\n")
        assert peer.hear() == b"*\r\n"
        peer.until_gone()

    with server(play) as (port, _):
        connection = await dial(Target("127.0.0.1", port), timeout=10)
        exchange = attempt(MECHANISMS["CRAM-MD5"], credentials("alice", "secret"))
        with pytest.raises(Silence, match="No reply to AUTH"):
            await connection.run(exchange, 1.0)
        await connection.wait_closed()


async def test_a_server_for_lmtp_is_found_out_step_by_step() -> None:
    """Dovecot and Cyrus have 500 for EHLO and HELO there."""
    play = answering(b"220 mail.example.test Dovecot ready.\r\n", {b"LHLO": b"250 mail\r\n"})
    with server(play) as (port, _):
        console, _ = await console_at(port, "EHLO client.example.test")
        advice = advise(console)
        assert advice.line == "HELO client.example.test"
        await console.execute(advice.line)
        advice = advise(console)
        assert advice.line == f"/connect lmtp://127.0.0.1:{port}" and "LMTP" in advice.text
        await console.end()


async def test_a_word_of_imap_for_a_greeting_is_shown_and_remarked_on() -> None:
    """smtp-server answers a PROXY header that it does not know as an IMAP server would."""
    with server(lambda peer: peer.say(b"* BAD Invalid PROXY header\r\n")) as (port, _):
        console, person = await console_at(port)
        assert "the greeting has no reply code" in person.last
        assert "* BAD Invalid PROXY header" in exported(console.journal, "text")
        await console.end()


def test_doubled_mechanisms_are_one_each() -> None:
    """Postfix doubles them where a plug-in of Cyrus SASL lies in two folders."""
    from smtpconsole.smtp.capabilities import parse
    from smtpconsole.smtp.replies import Reply

    known = parse(Reply(250, [b"mail", b"AUTH PLAIN PLAIN LOGIN LOGIN", b"AUTH=PLAIN LOGIN"]))
    assert known.mechanisms == ("PLAIN", "LOGIN")


def test_the_order_of_mechanisms_is_ours() -> None:
    """qpsmtpd's is another at each connection."""
    from smtpconsole.smtp.sasl import usable

    orders = [("LOGIN", "CRAM-MD5", "PLAIN"), ("PLAIN", "LOGIN", "CRAM-MD5")]
    assert len({tuple(each.name for each in usable(order)) for order in orders}) == 1
