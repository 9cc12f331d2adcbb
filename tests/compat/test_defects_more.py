"""What aiosmtplib 5.1.3 does badly: names, certificates, AUTH, messages, and what EHLO offers."""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
from email import message_from_bytes, policy
from email.header import Header
from email.message import EmailMessage, Message
from typing import Any

import aiosmtplib
import pytest
import trustme
from hostile import Hear, HearContent, Say, Silence, StartTls, serve
from test_defects import EHLO, NAME, OK, TAKEN, answered, offering, tried, used

import smtpconsole.client as ours
from smtpconsole.client.email import extract_recipients, flatten_message, parse_address
from smtpconsole.smtp.events import Answered, Event, Sent

AUTHORITY = trustme.CA()


def server_context(*names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert(*names).configure_cert(context)
    return context


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return context


# --- certificates -----------------------------------------------------------------------------


async def test_c0_a_certificate_is_verified_for_a_name_or_not_at_all() -> None:
    steps = (Say(b"220 hi\r\n"), *offering("STARTTLS"), Hear(b"STARTTLS"), Say(b"220 go\r\n"))
    with serve(*steps[:3], Silence()) as server:
        sock = socket.create_connection(("127.0.0.1", server.port))
        client = ours.SMTP(sock=sock, start_tls=True, local_hostname=NAME)
        with pytest.raises(ValueError, match="name"):
            await client.connect()
        await client.wait_closed()
        assert b"\x16\x03" not in bytes(server.heard)
    with serve(*steps, StartTls(server_context("mail.example"))) as server:
        sock = socket.create_connection(("127.0.0.1", server.port))
        client = ours.SMTP(sock=sock, start_tls=False, local_hostname=NAME, tls_context=trusting())
        await client.connect()
        with pytest.raises(ssl.SSLError, match="CERTIFICATE"):
            await client.starttls(server_hostname="other.example")
        await client.wait_closed()


async def test_c17_a_bad_certificate_is_an_smtp_error_whatever_the_way_to_tls() -> None:
    for library, is_caught in ((aiosmtplib, False), (ours, True)):
        steps = (*offering("STARTTLS"), Hear(b"STARTTLS"), Say(b"220 go\r\n"))
        context = server_context("127.0.0.1")
        with serve(Say(b"220 hi\r\n"), *steps, StartTls(context)) as server:
            client: Any = library.SMTP(
                hostname="127.0.0.1", port=server.port, start_tls=True, local_hostname=NAME
            )
            with pytest.raises(ssl.SSLError) as caught:
                await client.connect()
            assert isinstance(caught.value, library.SMTPException) == is_caught
            assert "CERTIFICATE" in str(caught.value)
            assert not client.is_connected
            await asyncio.sleep(0)


# --- AUTH -------------------------------------------------------------------------------------


def test_c11_a_challenge_that_makes_no_sense_is_cancelled() -> None:
    async def use(client: Any) -> Any:
        return await tried(client.login("u", "p"))

    steps = (
        *offering("AUTH CRAM-MD5 PLAIN"),
        *answered((b"AUTH CRAM-MD5", b"334 abc\r\n"), (b"", b"501 cancelled\r\n")),
        *answered(
            (b"", b"235 welcome\r\n"),
        ),
        Silence(),
    )
    _, theirs = asyncio.run(used(aiosmtplib, use, *steps))
    outcome, mine = asyncio.run(used(ours, use, *steps))
    assert b"\r\n*\r\n" not in bytes(theirs.heard)
    assert bytes(mine.heard).splitlines()[1:] == [b"AUTH CRAM-MD5", b"*", b"AUTH PLAIN AHUAcA=="]
    assert outcome == (235, "welcome")


def test_c11_login_gives_the_user_when_the_user_is_asked_for() -> None:
    def asked(text: bytes) -> bytes:
        return b"334 " + base64.b64encode(text) + b"\r\n"

    async def use(client: Any) -> Any:
        return await tried(client.auth_login("user", "secret"))

    steps = (
        *answered((b"AUTH LOGIN", asked(b"Username:")), (b"", asked(b"Password:"))),
        *answered(
            (b"", b"235 welcome\r\n"),
        ),
    )
    _, theirs = asyncio.run(used(aiosmtplib, use, *steps[:4], Silence()))
    outcome, mine = asyncio.run(used(ours, use, *steps))
    assert bytes(theirs.heard).splitlines()[1] == base64.b64encode(b"secret")
    assert bytes(mine.heard).splitlines()[1:] == [
        base64.b64encode(b"user"),
        base64.b64encode(b"secret"),
    ]
    assert outcome == (235, "welcome")


def test_c12_credentials_do_not_go_out_in_the_clear_where_that_is_not_allowed() -> None:
    async def use(client: Any) -> Any:
        return await tried(client.login("u", "p"))

    steps = (*offering("AUTH PLAIN LOGIN"), Silence())
    outcome, server = asyncio.run(used(ours, use, *steps, allow_cleartext=False))
    assert isinstance(outcome, ours.SMTPException) and "allow_cleartext" in str(outcome)
    assert b"AUTH" not in bytes(server.heard)


def test_c12_a_refused_password_is_not_sent_again_where_that_is_wished() -> None:
    async def use(client: Any) -> Any:
        return await tried(client.login("u", "p"))

    refused = answered(*(((b"AUTH", b"535 5.7.8 no\r\n"),) * 3))
    steps = (*offering("AUTH PLAIN LOGIN"), *refused[:4], Silence())
    _, again = asyncio.run(used(ours, use, *steps))
    steps = (*offering("AUTH PLAIN LOGIN"), *refused[:2], Silence())
    outcome, once = asyncio.run(used(ours, use, *steps, stop_on_refusal=True))
    assert bytes(again.heard).count(b"AUTH") == 2
    assert bytes(once.heard).count(b"AUTH") == 1 and outcome.code == 535


def test_c12_starttls_can_be_required_of_a_server_that_hides_it() -> None:
    async def use(client: Any) -> Any:
        return client.is_connected

    steps = (
        *EHLO,
        *answered(
            (b"STARTTLS", b"502 what?\r\n"),
        ),
        Silence(),
    )
    outcome, server = asyncio.run(
        used(ours, use, *steps, start_tls="require", username="u", password="p")
    )
    assert isinstance(outcome, ours.SMTPResponseException) and outcome.code == 502
    assert b"AUTH" not in bytes(server.heard)


# --- messages ---------------------------------------------------------------------------------


def test_c9_no_recipient_of_a_header_is_lost_or_invented() -> None:
    def recipients(value: Any, library: Any) -> Any:
        message = Message()
        message["To"] = value
        extract = extract_recipients if library is ours else aiosmtplib.email.extract_recipients
        return extract(message)

    chunks = Header("Ünï", "utf-8")
    chunks.append("<a@x>, b@x", "us-ascii")
    for value, expected in (
        (Header("a@x, b@x"), ["a@x", "b@x"]),
        (chunks, ["a@x", "b@x"]),
        ("undisclosed-recipients:;", []),
        ("friends: a@x, b@x;", ["a@x", "b@x"]),
    ):
        assert recipients(value, ours) == expected
    try:
        assert recipients(Header("a@x, b@x"), aiosmtplib) == ["a@x"]
    except ValueError as error:  # with a newer Python
        assert "not permitted" in str(error)


def test_c10_a_message_is_not_altered() -> None:
    legacy = Message()
    legacy["Subject"] = "x"
    legacy.set_payload("From me\n")
    assert b">From" in aiosmtplib.email.flatten_message(legacy)
    assert b"\r\nFrom me" in flatten_message(legacy)
    own = EmailMessage(policy=policy.SMTP.clone(max_line_length=900))
    own["Subject"] = long = "word " * 40 + "end"
    own.set_content("x\n")
    assert f"Subject: {long}\r\n".encode() in flatten_message(own)
    assert f"Subject: {long}\r\n".encode() not in aiosmtplib.email.flatten_message(own)


def test_c10_a_parsed_message_keeps_its_octets_where_its_policy_says_so() -> None:
    source = b"From: a@x\r\nSubject: one\r\n\ttwo  words\r\nX: " + b"y" * 200
    source += b"\r\n\r\nFrom x\r\n"
    parsed = message_from_bytes(source, policy=policy.SMTP.clone(refold_source="none"))
    assert flatten_message(parsed) == source
    assert aiosmtplib.email.flatten_message(parsed) != source


# --- what the server offers -------------------------------------------------------------------


def test_c14_what_is_too_large_for_the_server_is_not_sent() -> None:
    async def use(client: Any) -> Any:
        return await tried(client.sendmail("a@x", "b@x", "x" * 5000))

    steps = (
        *offering("SIZE 1000"),
        *answered(
            (b"MAIL", b"552 too big\r\n"),
        ),
        Silence(),
    )
    _, theirs = asyncio.run(used(aiosmtplib, use, *steps, timeout=0.1))  # RSET is not answered
    outcome, mine = asyncio.run(used(ours, use, *offering("SIZE 1000"), Silence()))
    assert b"MAIL" in bytes(theirs.heard) and b"MAIL" not in bytes(mine.heard)
    assert isinstance(outcome, ours.SMTPSenderRefused) and outcome.code == 552
    assert "5002 octets" in outcome.message and "1000" in outcome.message


def test_c14_a_hundred_recipients_take_one_round_trip() -> None:
    people = [f"b{number}@x" for number in range(100)]

    async def use(client: Any) -> Any:
        await client.ehlo()
        return await tried(client.sendmail("a@x", people, "x", timeout=1))

    # The server answers nothing before it has heard all of it.
    heard = (Hear(b"MAIL"), *(Hear(b"RCPT") for _ in people), Hear(b"DATA"))
    said = Say(OK * 101 + b"354 go\r\n")
    steps = (*offering("PIPELINING"), *heard, said, HearContent(), Say(b"250 all\r\n"))
    assert asyncio.run(used(ours, use, *steps, Silence()))[0] == ({}, "all")


def test_c15_a_domain_of_other_letters_is_sent_as_a_labels() -> None:
    async def use(client: Any) -> Any:
        return await tried(client.sendmail("a@x", "user@bücher.example", "x"))

    steps = (*EHLO, *TAKEN, HearContent(), Say(OK), Silence())
    theirs, _ = asyncio.run(
        used(
            aiosmtplib,
            use,
            *EHLO,
            *answered(
                (b"MAIL", OK),
            ),
            Silence(),
        )
    )
    outcome, server = asyncio.run(used(ours, use, *steps))
    assert isinstance(theirs, UnicodeEncodeError)
    assert outcome == ({}, "ok")
    assert b"RCPT TO:<user@xn--bcher-kva.example>" in bytes(server.heard)


def test_c16_all_that_happens_can_be_observed() -> None:
    seen: list[Event] = []

    async def use(client: Any) -> Any:
        return await client.noop()

    asyncio.run(
        used(
            ours,
            use,
            *EHLO,
            *answered(
                (b"NOOP", OK),
            ),
            Silence(),
            observe=seen.append,
        )
    )
    assert [each.send.line for each in seen if isinstance(each, Sent)][-1] == b"NOOP"
    assert [each.reply.code for each in seen if isinstance(each, Answered)] == [220, 250, 250]


def test_c21_every_reply_is_kept_and_the_null_sender_is_one() -> None:
    async def use(client: Any) -> Any:
        receipt = await client.sendmail("a@x", ["b@x", "no@x", "no@x"], "x")
        refused, text = receipt
        assert refused == {"no@x": (550, "who? (2)")} and text == "queued"
        assert receipt.recipients == [
            ("b@x", (250, "fine")),
            ("no@x", (550, "who?")),
            ("no@x", (550, "who? (2)")),
        ]
        assert receipt.mail == (250, "ok") and receipt.content == [(250, "queued")]
        return receipt.delivered

    steps = (
        *EHLO,
        *answered((b"MAIL", OK), (b"RCPT", b"250 fine\r\n"), (b"RCPT", b"550 who?\r\n")),
        *answered((b"RCPT", b"550 who? (2)\r\n"), (b"DATA", b"354 go\r\n")),
        *(HearContent(), Say(b"250 queued\r\n"), Silence()),
    )
    assert asyncio.run(used(ours, use, *steps))[0] == {"b@x": (250, "queued")}


@pytest.mark.parametrize(
    "address", ["a@x> AUTH=<b@x", "a@x>", "a@x >", "a@x\r\nRCPT TO:<b@x>", "a@x> NOTIFY=NEVER <b"]
)
def test_c22_and_the_follow_up_no_address_is_cut_or_breaks_out(address: str) -> None:
    async def use(client: Any) -> Any:
        calls = (client.mail, client.rcpt, client.vrfy, client.expn)
        found = [await tried(call(address)) for call in calls]
        found += [
            await tried(client.sendmail(*pair, "x"))
            for pair in ((address, "c@x"), ("c@x", address))
        ]
        return found

    outcome, server = asyncio.run(used(ours, use, Silence()))
    assert all(isinstance(each, ValueError) for each in outcome)
    assert bytes(server.heard) == b""
    with pytest.raises(ValueError):
        parse_address(address)


# --- advisories -------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", ["a\r\nMAIL FROM:<x>", "a b", "a\0", ""])
def test_the_first_report_no_line_end_reaches_ehlo(bad: str) -> None:
    with pytest.raises(ValueError):
        ours.SMTP(local_hostname=bad)

    async def use(client: Any) -> Any:
        return await tried(client.ehlo(hostname=bad)), await tried(client.helo(hostname=bad))

    outcome, server = asyncio.run(used(ours, use, Silence()))
    assert all(isinstance(each, ValueError) for each in outcome) and bytes(server.heard) == b""


def test_cve_2026_53533_no_control_character_reaches_a_command() -> None:
    async def use(client: Any) -> Any:
        return [
            await tried(client.execute_command(b"NOOP", bytes([octet])))
            for octet in (*range(32), 127)
        ] + [await tried(client.mail("a@x", options=["X\r\nRSET"]))]

    outcome, server = asyncio.run(used(ours, use, *EHLO, Silence()))
    assert all(isinstance(each, ValueError) for each in outcome)
    assert bytes(server.heard) in (b"", b"EHLO client.example\r\n")


async def test_ghsa_vxj7_what_is_injected_behind_the_220_is_not_read_under_tls() -> None:
    steps = (*offering("STARTTLS"), Hear(b"STARTTLS"), Say(b"220 go\r\n250 injected\r\n"))
    with serve(Say(b"220 hi\r\n"), *steps, Silence()) as server:
        client = ours.SMTP(
            hostname="127.0.0.1", port=server.port, start_tls=False, local_hostname=NAME
        )
        await client.connect()
        with pytest.raises(ours.SMTPServerDisconnected, match="plaintext"):
            await client.starttls()
        assert not client.is_connected
        await client.wait_closed()
        assert b"\x16\x03" not in bytes(server.heard)
