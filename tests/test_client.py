"""The library: aiosmtplib's names, none of its defects."""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import socket
import ssl
import subprocess
import sys
from email.message import EmailMessage, Message

import pytest
from scripted import scripted

import smtpconsole
from smtpconsole import SMTP, send
from smtpconsole.client import SMTPResponse, errors
from smtpconsole.client import email as messages
from smtpconsole.sandbox import Sandbox
from smtpconsole.smtp.events import NotSecured, Secured, Sent
from smtpconsole.transcript.journal import Journal

NAME = "client.example"
MESSAGE = b"Subject: x\r\n\r\nHi\n.dot"


def client(port: int, **options: object) -> SMTP:
    options = {"start_tls": False, "timeout": 5, "local_hostname": NAME, **options}
    return SMTP(hostname="127.0.0.1", port=port, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("pipelining", [True, False])
async def test_a_message_and_a_refused_recipient(pipelining: bool) -> None:
    async with scripted({b"RCPT TO:<no@x>": b"550 5.1.1 who?\r\n"}) as server:
        async with client(server.port, pipelining=pipelining) as smtp:
            result = await smtp.sendmail("a@x", ["b@x", "no@x"], MESSAGE)
    assert result == ({"no@x": SMTPResponse(550, "5.1.1 who?")}, "queued as 7")
    assert server.heard == [
        *(b"EHLO client.example", b"MAIL FROM:<a@x> size=24", b"RCPT TO:<b@x>"),
        *(b"RCPT TO:<no@x>", b"DATA", b"Subject: x", b"", b"Hi", b"..dot", b".", b"QUIT"),
    ]


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ({b"MAIL": b"550 no\r\n"}, errors.SMTPSenderRefused),
        ({b"RCPT": b"550 no\r\n", b"DATA": b"503 no\r\n"}, errors.SMTPRecipientsRefused),
        ({b"DATA": b"451 no\r\n"}, errors.SMTPDataError),
        ({b".": b"554 no\r\n"}, errors.SMTPDataError),
    ],
)
async def test_a_refusal_is_an_exception_and_leaves_no_transaction(
    answers: dict[bytes, bytes], error: type[Exception], pipelining: bool
) -> None:
    async with scripted(answers) as server, client(server.port, pipelining=pipelining) as smtp:
        with pytest.raises(error) as caught:
            await smtp.sendmail("a@x", "b@x", MESSAGE)
        assert server.heard[-1] == b"RSET"
        assert repr(pickle.loads(pickle.dumps(caught.value))) == repr(caught.value)
        server.answers.update({b"MAIL": b"250 ok\r\n", b"RCPT": b"250 ok\r\n"})


async def test_nothing_is_sent_for_what_cannot_be_said() -> None:
    async with scripted() as server, client(server.port) as smtp:
        await smtp.ehlo()
        for sender, recipient, option in (
            ("a@x> AUTH=<b@x", "b@x", ""),
            ("a@x", "b@x\r\nRSET", ""),
            ("a@x", "b@x", "X\r\nRSET"),
            ("a@x", "zoë@x", ""),
        ):
            options = [option] if option else []
            with pytest.raises(ValueError):
                await smtp.sendmail(sender, [recipient], b"", mail_options=options)
        assert server.heard == [b"EHLO client.example"]
        with pytest.raises(ValueError, match="prohibited"):
            await smtp.execute_command(b"NOOP", b"a\nb")


async def test_each_command_gets_its_own_reply() -> None:
    answers = {verb: verb + b"\r\n" for verb in ()}
    answers = {b"NOOP": b"250 n\r\n", b"VRFY": b"252 v\r\n", b"HELP": b"214 h\r\n"}
    async with scripted(answers) as server, client(server.port) as smtp:
        await smtp.ehlo()
        found = await asyncio.gather(smtp.noop(), smtp.vrfy("a@x"), smtp.help(), smtp.expn("l"))
        assert found == [(250, "n"), (252, "v"), "h", (250, "ok")]
        assert await smtp.mail("a@x") == (250, "ok")
        assert await smtp.rcpt("b@x") == (250, "ok")
        assert await smtp.data("Hi") == (250, "queued as 7")
        assert await smtp.rset() == (250, "ok")
        assert smtp.supports_extension("size") and smtp.esmtp_extensions["size"] == "1000"


async def test_a_cancelled_command_closes() -> None:
    async with scripted({b"NOOP": b"\r"}) as server, client(server.port) as smtp:
        await smtp.ehlo()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await smtp.noop()
        assert not smtp.is_connected
        with pytest.raises(errors.SMTPServerDisconnected):
            await smtp.noop()


async def test_a_late_reply_closes_and_says_so() -> None:
    async with scripted({b"NOOP": b"2"}) as server, client(server.port) as smtp:
        await smtp.ehlo()
        with pytest.raises(errors.SMTPReadTimeoutError, match="Timed out waiting"):
            await smtp.noop(timeout=0.05)
        assert not smtp.is_connected


@pytest.mark.parametrize("where", [b"MAIL", b"RCPT", b"DATA", b"."])
async def test_a_421_keeps_its_reason_and_closes(where: bytes) -> None:
    async with scripted({where: b"421 4.3.2 shutting down\r\n"}) as server:
        smtp = client(server.port, pipelining=False)
        await smtp.connect()
        with pytest.raises(errors.SMTPException) as caught:
            await smtp.sendmail("a@x", ["b@x", "c@x"], MESSAGE)
        assert "421" in repr(caught.value)
        assert not smtp.is_connected
        smtp.close()


async def test_a_server_that_leaves_is_noticed_and_can_be_connected_to_again() -> None:
    async with scripted({b"NOOP": b""}) as server:
        smtp = client(server.port)
        await smtp.connect()
        with pytest.raises(errors.SMTPServerDisconnected):
            await smtp.noop()
        assert smtp.transport is None and not smtp.is_connected
        assert await smtp.connect() == (220, "scripted")
        with pytest.raises(errors.SMTPException, match="already connected"):
            await smtp.connect()
        assert (await smtp.quit()).code == 221


async def test_what_went_wrong_in_connecting() -> None:
    smtp = SMTP(hostname="127.0.0.1", port=1, timeout=5)
    with pytest.raises(errors.SMTPConnectError, match=r"Error connecting to 127.0.0.1 on port 1"):
        await smtp.connect()
    async with scripted({b"": b"554 no\r\n"}) as server:
        with pytest.raises(errors.SMTPConnectResponseError) as caught:
            await client(server.port).connect()
        assert caught.value.args == (554, "no")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with pytest.raises(errors.SMTPConnectTimeoutError, match="Timed out waiting"):
            await client(silent.getsockname()[1]).connect(timeout=0.05)
    with pytest.raises(errors.SMTPServerDisconnected, match="not connected"):
        await smtp.noop()


async def test_an_error_in_the_block_decides_how_it_is_left() -> None:
    async with scripted() as server:
        with pytest.raises(ZeroDivisionError):
            async with client(server.port):
                raise ZeroDivisionError
        assert server.heard == [b"QUIT"]
        server.heard.clear()
        with pytest.raises(ConnectionError):
            async with client(server.port):
                raise ConnectionError
        assert server.heard == []


async def test_sessions_of_several_tasks_follow_each_other() -> None:
    async with scripted() as server:
        smtp = client(server.port)

        async def use() -> None:
            async with smtp:
                await smtp.noop()

        await asyncio.gather(use())
        await use()
        assert server.heard.count(b"QUIT") == 2


async def test_tls_and_login_on_the_sandbox() -> None:
    with Sandbox() as sandbox:
        journal = Journal()
        trusted = {"cert_bundle": str(sandbox.ca_file), "local_hostname": NAME}
        options = {**trusted, "username": sandbox.user, "password": sandbox.password}
        smtp = SMTP(hostname="localhost", port=sandbox.port, observe=journal, **options)  # type: ignore[arg-type]
        async with smtp:
            assert smtp.server_auth_methods and not smtp.is_ehlo_or_helo_needed
            await smtp.sendmail(sandbox.user, "far@elsewhere.example", MESSAGE)
            with pytest.raises(errors.SMTPException, match="already using TLS"):
                await smtp.starttls()
        said = [each.event.send for each in journal.entries if isinstance(each.event, Sent)]
        assert any(each.secret for each in said)
        message = EmailMessage()
        message["From"], message["To"], message["Bcc"] = "a@x", "bob@sandbox.example", "c@x"
        message.set_content("ünïcode\n")
        tls = {"port": sandbox.tls_port, "use_tls": True, **trusted}
        refused, _ = await send(message, hostname="localhost", **tls)  # type: ignore[arg-type]
        assert list(refused) == ["c@x"]
        letter = sandbox.mailbox.letters()[-1]
        assert letter.message["Bcc"] is None
        with pytest.raises(ssl.SSLError, match="CERTIFICATE"):
            await SMTP(hostname="localhost", port=sandbox.port, local_hostname=NAME).connect()
        with pytest.raises(errors.SMTPConnectError, match="CERTIFICATE"):
            await SMTP(hostname="localhost", port=sandbox.tls_port, use_tls=True).connect()
        unverified = SMTP(
            hostname="localhost", port=sandbox.tls_port, use_tls=True, validate_certs=False
        )
        async with unverified:
            with pytest.raises(errors.SMTPAuthenticationError):
                await unverified.login("alice", "wrong")


async def test_a_journal_says_of_a_certificate_what_was_made_of_it() -> None:
    with Sandbox() as sandbox:
        trusted = {"cert_bundle": str(sandbox.ca_file), "start_tls": True}
        for options, codes in (
            (trusted, []),
            ({**trusted, "cert_bundle": None}, ["missing-issuer"]),
        ):
            journal = Journal()
            smtp = SMTP(hostname="localhost", port=sandbox.port, observe=journal, **options)  # type: ignore[arg-type]
            with contextlib.suppress(errors.SMTPException):
                async with smtp:
                    pass
            told = [
                e.event.facts for e in journal.entries if isinstance(e.event, Secured | NotSecured)
            ]
            assert [each.code for facts in told for each in facts.problems] == codes


def test_the_sync_variants_need_no_loop() -> None:
    with Sandbox() as sandbox:
        smtp = SMTP(hostname="localhost", port=sandbox.port, start_tls=False, local_hostname=NAME)
        refused, _ = smtp.sendmail_sync("a@x", "bob@sandbox.example", MESSAGE)
        assert refused == {}
        assert len(sandbox.mailbox) == 1


async def test_options_that_clash_are_refused_before_anything_happens() -> None:
    for options in (
        {"use_tls": True, "start_tls": True},
        {"tls_context": ssl.create_default_context(), "client_cert": "x"},
        {"hostname": "a\r\nb"},
        {"local_hostname": "a b"},
    ):
        with pytest.raises(ValueError):
            SMTP(**options)  # type: ignore[arg-type]
    with pytest.raises(ValueError):
        await send(b"x", sender="a@x")


def test_the_package_offers_the_names_of_the_library() -> None:
    assert sorted(smtpconsole.__all__) == sorted(smtpconsole.client.__all__)
    assert smtpconsole.SMTP is smtpconsole.client.SMTP
    with pytest.raises(AttributeError):
        _ = smtpconsole.nothing  # type: ignore[attr-defined]


def test_addresses_of_a_message() -> None:
    message = Message()
    message["From"] = '"A. Smith" <a@x>'
    message["To"] = "b@x, C <c@x>"
    message["Cc"] = "undisclosed-recipients:;"
    assert messages.extract_sender(message) == "a@x"
    assert messages.extract_recipients(message) == ["b@x", "c@x"]
    message["Resent-Date"], message["Resent-To"] = "now", "d@x"
    assert messages.extract_recipients(message) == ["d@x"]
    message["Resent-Date"] = "again"
    with pytest.raises(ValueError):
        messages.extract_recipients(message)


def test_importing_the_library_does_not_load_the_engine() -> None:
    script = "import sys, smtpconsole.client; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    loaded = set(done.stdout.decode().split())
    assert not loaded & {"smtpconsole.net.tls", "smtpconsole.smtp.sasl", "email.policy", "idna"}
