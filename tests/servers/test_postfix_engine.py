"""What the engine says beyond the base protocol, to a real Postfix."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import postfix
import pytest

from smtpconsole.net.connection import Connection
from smtpconsole.net.dial import dial
from smtpconsole.smtp.commands import Send, command, xclient
from smtpconsole.smtp.content import canonical
from smtpconsole.smtp.envelope import wished
from smtpconsole.smtp.events import Target
from smtpconsole.smtp.exchanges import ask, deliver, deliver_all, hello
from smtpconsole.smtp.parameters import Unfit
from smtpconsole.smtp.streams import Content, Stream, file_size

pytestmark = pytest.mark.servers

SENDER = "sender@client.test"
BOB = f"bob@{postfix.DOMAIN}"


@asynccontextmanager
async def at(mta: postfix.Postfix) -> AsyncIterator[Connection]:
    """A connection to the port that trusts us, greeted."""
    connection = await dial(Target("127.0.0.1", mta.trusting_port), timeout=10)
    await connection.run(hello(b"client.example.test"), 10)
    try:
        yield connection
    finally:
        connection.close()
        await connection.lost


def letter(connection: Connection, content: Content, *people: str, **wishes: object):  # type: ignore[no-untyped-def]
    known = connection.session.capabilities
    return (*wished(known, SENDER, people or (BOB,), content, **wishes), content)  # type: ignore[arg-type]


def received(mta: postfix.Postfix, subject: bytes) -> bytes:
    """Bob's letter with that subject."""
    for count in range(1, 100):
        for found in mta.wait_for_letters("bob", count):
            if b"\nSubject: " + subject + b"\n" in found:
                return found
    raise AssertionError(f"there is no letter {subject!r}")


def body(found: bytes) -> bytes:
    return found.partition(b"\n\n")[2]


def message(subject: bytes, text: bytes) -> bytes:
    return canonical(b"Subject: " + subject + b"\n\n" + text)


@pytest.mark.parametrize("pipelining", [True, False])
async def test_chunks_are_put_together_again(mta: postfix.Postfix, pipelining: bool) -> None:
    name = b"chunks-%d" % pipelining
    content = message(name, b".\n..dots\n" * 5000)
    async with at(mta) as connection:
        exchange = deliver(
            *letter(connection, content), pipelining=pipelining, chunking=True, chunk=1000
        )
        outcome = await connection.run(exchange, 10)
        assert outcome.is_delivered
        assert len(outcome.content) == 1
    assert body(received(mta, name)) == b".\n..dots\n" * 5000


async def test_transactions_in_chunks_go_in_one_round_trip_with_a_refusal_in_between(
    mta: postfix.Postfix,
) -> None:
    async with at(mta) as connection:
        nobody = f"nobody@{postfix.DOMAIN}"
        letters = [
            letter(connection, message(b"group-%d" % number, b"x\n"), who)
            for number, who in enumerate((BOB, nobody, BOB))
        ]
        outcomes = await connection.run(deliver_all(letters, chunking=True), 10)
        assert [outcome.is_delivered for outcome in outcomes] == [True, False, True]
        assert outcomes[1].outcomes[0][1].code == 550  # type: ignore[union-attr]
    assert body(received(mta, b"group-2")) == b"x\n"


async def test_messages_in_data_go_on_after_a_refusal(mta: postfix.Postfix) -> None:
    async with at(mta) as connection:
        people = (BOB, f"nobody@{postfix.DOMAIN}", f"no@{postfix.DOMAIN}", BOB)
        letters = [letter(connection, message(b"in-data", b"x\n"), who) for who in people]
        outcomes = await connection.run(deliver_all(letters), 10)
        assert [outcome.is_delivered for outcome in outcomes] == [True, False, False, True]


async def test_a_report_of_success_comes_with_our_envelope_id(mta: postfix.Postfix) -> None:
    """RFC 3461: NOTIFY, RET, ENVID and ORCPT, and the report that Postfix makes of them."""
    async with at(mta) as connection:
        content = message(b"asks-for-a-report", b"x\n")
        mail, rcpts = wished(
            connection.session.capabilities,
            f"alice@{postfix.DOMAIN}",
            [BOB],
            content,
            mail_wishes={"ret": "HDRS", "envid": "QQ+314=159"},
            rcpt_wishes={"notify": "SUCCESS", "orcpt": "robert+x@elsewhere.test"},
        )
        outcome = await connection.run(deliver(mail, rcpts, content, pipelining=True), 10)
        assert outcome.is_delivered
    for count in range(1, 100):
        reports = [each for each in mta.wait_for_letters("alice", count) if b"QQ+314=159" in each]
        if reports:
            break
    (report,) = reports
    assert b"Original-Envelope-Id: QQ+314=159" in report
    assert b"Original-Recipient: rfc822;robert+x@elsewhere.test" in report
    assert b"Action: " in report


async def test_an_address_of_other_letters_needs_smtputf8_and_gets_it(
    mta: postfix.Postfix,
) -> None:
    async with at(mta) as connection:
        content = message(b"utf8", "ünïcode\n".encode())
        people = (f"jörg@{postfix.DOMAIN}", BOB)
        mail, rcpts = wished(
            connection.session.capabilities,
            "zoë@client.test",
            people,
            content,
            mail_wishes={"smtputf8": True, "body": "8BITMIME"},
        )
        outcome = await connection.run(deliver(mail, rcpts, content, pipelining=True), 10)
        assert outcome.mail.is_positive
        assert [reply.code for _, reply in outcome.recipients] == [550, 250]
        assert outcome.is_delivered
    assert "zoë@client.test".encode() in received(mta, b"utf8")


async def test_xclient_makes_us_somebody_else_and_begins_anew(mta: postfix.Postfix) -> None:
    async with at(mta) as connection:
        assert "XCLIENT" in connection.session.capabilities
        claim = xclient(name="spam.example.invalid", addr="2001:db8::7", helo="b+c=d")
        reply = await connection.run(ask(claim), 10)
        assert reply.code == 220
        assert not connection.session.capabilities.keywords
        await connection.run(hello(b"client.example.test"), 10)
        content = message(b"xclient", b"x\n")
        assert (await connection.run(deliver(*letter(connection, content)), 10)).is_delivered
    assert b"2001:db8::7" in received(mta, b"xclient")


async def test_a_thousand_recipients_are_answered_one_by_one_in_order(
    mta: postfix.Postfix,
) -> None:
    async with at(mta) as connection:
        people = [
            f"nobody{number}@{postfix.DOMAIN}" if number % 250 == 0 else f"u{number}@elsewhere.test"
            for number in range(1000)
        ]
        content = message(b"many", b"x\n")
        exchange = deliver(*letter(connection, content, *people), pipelining=True)
        outcome = await connection.run(exchange, 60)
        assert len(outcome.recipients) == 1000
        assert [who for who, _ in outcome.recipients] == people
        assert outcome.refused == [
            (people[n], outcome.recipients[n][1]) for n in range(0, 1000, 250)
        ]
        assert len(outcome.accepted) == 996
        assert outcome.is_delivered


async def test_too_many_errors_are_a_421_whose_reason_is_the_outcome(mta: postfix.Postfix) -> None:
    async with at(mta) as connection:
        people = [f"nobody{number}@{postfix.DOMAIN}" for number in range(60)]
        content = message(b"errors", b"x\n")
        outcome = await connection.run(
            deliver(*letter(connection, content, *people), pipelining=True), 60
        )
        assert outcome.refusal is not None
        assert outcome.refusal.code == 421
        assert "too many errors" in outcome.refusal.text


async def test_what_is_too_large_is_told_before_it_is_said_and_refused_if_insisted_on(
    mta: postfix.Postfix,
) -> None:
    async with at(mta) as connection:
        size = connection.session.capabilities.size
        assert size is not None
        line = b"x" * 998 + b"\r\n"
        large = Stream(iter(lambda: line * 100, b""), size=size + 1)
        with pytest.raises(Unfit, match="octets, and the server takes"):
            letter(connection, large)
        mail, rcpts, _ = letter(connection, large, insist=True)
        outcome = await connection.run(deliver(mail, rcpts, large), 10)
        assert outcome.mail.code == 552


async def test_25_megabytes_from_a_file_arrive_octet_for_octet(
    mta: postfix.Postfix, tmp_path: Path
) -> None:
    path = tmp_path / "large.eml"
    text = b"".join(b".%06d " % number + b"y" * 90 + b"\n" for number in range(260_000))
    path.write_bytes(b"Subject: large\n\n" + text)
    async with at(mta) as connection:
        with path.open("rb") as file:
            content = Stream(file, size=file_size(file))
            outcome = await connection.run(
                deliver(*letter(connection, content), pipelining=True), 30
            )
        assert outcome.is_delivered
        assert content.taken == path.stat().st_size
    arrived = body(received(mta, b"large"))
    assert len(arrived) == len(text)
    assert hashlib.sha256(arrived).digest() == hashlib.sha256(text).digest()


async def test_bdat_refused_for_want_of_recipients_leaves_the_session_paired(
    mta: postfix.Postfix,
) -> None:
    async with at(mta) as connection:
        content = message(b"none", b"x\n")
        exchange = deliver(
            *letter(connection, content, f"nobody@{postfix.DOMAIN}"),
            pipelining=True,
            chunking=True,
        )
        outcome = await connection.run(exchange, 10)
        assert outcome.leaves_open
        assert outcome.content[0].code == 554
        answers = [await connection.run(ask(command(verb)), 10) for verb in (b"RSET", b"NOOP")]
        assert [answer.code for answer in answers] == [250, 250]


async def test_octets_that_are_no_command_are_answered_and_paired(mta: postfix.Postfix) -> None:
    async with at(mta) as connection:
        replies = await connection.run(_both(Send(b"\x00\xff what\r\n"), command(b"NOOP")), 10)
        assert [reply.code for reply in replies] == [502, 250] or replies[0].code >= 500


def _both(*sends: Send):  # type: ignore[no-untyped-def]
    return (yield sends)


def test_the_trusting_port_is_on_the_loopback(mta: postfix.Postfix) -> None:
    with socket.create_connection(("127.0.0.1", mta.trusting_port), 5) as sock:
        assert sock.recv(4) == b"220 "
