"""What goes beyond aiosmtplib: any source, every parameter, LMTP, many at once, a pool."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from scripted import scripted

from smtpconsole import SMTP, Letter, Pool, Stream, Timeouts
from smtpconsole.client import errors
from smtpconsole.sandbox import Sandbox

ALL = (
    b"250-scripted\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-DSN\r\n250-SMTPUTF8\r\n"
    b"250-CHUNKING\r\n250-BINARYMIME\r\n250-DELIVERBY 10\r\n250-FUTURERELEASE 3600 x\r\n"
    b"250-MT-PRIORITY\r\n250-RRVS\r\n250-PRDR\r\n250-ETRN\r\n250-XCLIENT NAME ADDR\r\n"
    b"250-XFORWARD NAME ADDR\r\n250 8BITMIME\r\n"
)
TEXT = b"Subject: x\r\n\r\nHi\r\n"


def client(port: int, **options: Any) -> SMTP:
    options = {"start_tls": False, "timeout": 5, "local_hostname": "client.example", **options}
    return SMTP(hostname="127.0.0.1", port=port, **options)


def to_everybody(**more: Any) -> dict[str, Any]:
    return {"sender": "a@x", "recipients": ["b@x", "c@x"], **more}


def pieces() -> Iterator[bytes]:
    yield b"Subject: x\n\n"
    yield b"Hi\n"


async def later() -> AsyncIterator[bytes]:
    for piece in pieces():
        await asyncio.sleep(0)
        yield piece


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize(
    "source",
    [
        lambda: "Subject: x\n\nHi\n",
        lambda: TEXT,
        lambda: io.BytesIO(TEXT),
        pieces,
        later,
        lambda: Stream(TEXT),
    ],
    ids=["text", "octets", "file", "iterator", "asynchronous", "stream"],
)
async def test_a_message_may_come_from_whatever_holds_it(source: Any, pipelining: bool) -> None:
    async with (
        scripted({b"EHLO": ALL}) as server,
        client(server.port, pipelining=pipelining) as smtp,
    ):
        receipt = await smtp.deliver(source(), **to_everybody())
        assert receipt == ({}, "queued as 7")
        assert list(receipt.delivered) == ["b@x", "c@x"]
    assert server.heard[-5:] == [b"Subject: x", b"", b"Hi", b".", b"QUIT"]


async def test_a_file_is_declared_by_its_size_and_never_sent_if_it_is_too_large(
    tmp_path: Path,
) -> None:
    path = tmp_path / "message.eml"
    path.write_bytes(b"a\n" * 600)
    async with scripted({b"EHLO": ALL}) as server, client(server.port) as smtp:
        with path.open("rb") as file, pytest.raises(errors.SMTPSenderRefused) as caught:
            await smtp.deliver(file, **to_everybody())
        assert caught.value.code == 552 and "1800 octets" in caught.value.message
        path.write_bytes(b"a\n" * 10)
        with path.open("rb") as file:
            await smtp.deliver(file, **to_everybody())
    assert [line for line in server.heard if line.startswith(b"MAIL")] == [
        b"MAIL FROM:<a@x> size=30"
    ]


async def test_every_parameter_has_a_name() -> None:
    async with scripted({b"EHLO": ALL}) as server, client(server.port) as smtp:
        await smtp.deliver(
            TEXT,
            **to_everybody(),
            ret="HDRS",
            envid="QQ+1",
            by="120;R",
            hold_for=60,
            mt_priority=3,
            notify=["SUCCESS", "DELAY"],
            per_recipient={"c@x": {"orcpt": "z@y", "notify": "NEVER"}},
            mail_options=["X-FREE=1"],
            rcpt_options=["Y"],
        )
    said = [line for line in server.heard if line[:4] in (b"MAIL", b"RCPT")]
    assert said[0].startswith(b"MAIL FROM:<a@x> size=18 ")
    for word in (b"RET=HDRS", b"ENVID=QQ+2B1", b"BY=120;R", b"HOLDFOR=60", b"MT-PRIORITY=3"):
        assert word in said[0].split()
    assert said[0].endswith(b" X-FREE=1")
    assert said[1] == b"RCPT TO:<b@x> NOTIFY=SUCCESS,DELAY Y"
    assert said[2] == b"RCPT TO:<c@x> NOTIFY=NEVER ORCPT=rfc822;z@y Y"


async def test_what_is_not_offered_is_not_said_unless_it_is_insisted_on() -> None:
    async with scripted() as server, client(server.port) as smtp:
        await smtp.ehlo()
        heard = list(server.heard)
        with pytest.raises(errors.SMTPNotSupported, match="DSN"):
            await smtp.deliver(TEXT, **to_everybody(), ret="HDRS")
        with pytest.raises(errors.SMTPNotSupported, match="TLS"):
            await smtp.deliver(TEXT, **to_everybody(), requiretls=True)
        with pytest.raises(ValueError, match="RET cannot be"):
            await smtp.deliver(TEXT, **to_everybody(), ret="ALL")
        with pytest.raises(ValueError, match="sender"):
            await smtp.deliver(TEXT, recipients="b@x")
        with pytest.raises(ValueError, match="recipients"):
            await smtp.deliver(TEXT, sender="a@x")
        assert server.heard == heard
        await smtp.deliver(TEXT, **to_everybody(), ret="HDRS", insist=True)
    assert b"MAIL FROM:<a@x> size=18 RET=HDRS" in server.heard


async def test_a_message_with_its_own_envelope() -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Bcc"] = "a@x", "b@bücher.example", "c@x"
    message.set_content("ü\n")
    ehlo = b"250-scripted\r\n250 8BITMIME\r\n"
    async with scripted({b"EHLO": ehlo}) as server, client(server.port) as smtp:
        receipt = await smtp.deliver(message)
    assert list(receipt.accepted) == ["b@bücher.example", "c@x"]
    assert b"MAIL FROM:<a@x> BODY=8BITMIME" in server.heard
    assert b"RCPT TO:<b@xn--bcher-kva.example>" in server.heard
    assert b"To: b@xn--bcher-kva.example" in server.heard
    assert not any(line.startswith(b"Bcc") for line in server.heard)


async def test_lmtp_tells_of_each_recipient() -> None:
    answers = {b"LHLO": b"250 scripted\r\n", b".": b"250 here\r\n552 5.2.2 full\r\n"}
    async with scripted(answers) as server, client(server.port, lmtp=True) as smtp:
        receipt = await smtp.deliver(TEXT, **to_everybody())
        assert receipt.delivered == {"b@x": (250, "here")}
        assert receipt.refused == {"c@x": (552, "5.2.2 full")}
        refused, text = await smtp.sendmail("a@x", ["b@x", "c@x"], TEXT)
        assert list(refused) == ["c@x"] and text == "here"
        server.answers[b"."] = b"452 full\r\n452 full\r\n"
        with pytest.raises(errors.SMTPDataError):
            await smtp.sendmail("a@x", ["b@x", "c@x"], TEXT)
        assert await smtp.noop() == (250, "ok")
    assert server.heard[0] == b"LHLO client.example"


async def test_many_messages_have_each_their_receipt_or_error() -> None:
    answers = {b"MAIL FROM:<no@x> size=18": b"550 no\r\n", b"RCPT TO:<no@x>": b"551 no\r\n"}
    letters = [
        Letter(TEXT, "a@x", "b@x"),
        Letter(TEXT, "no@x", "b@x"),
        Letter(TEXT, "a@x", "no@x"),
        Letter(TEXT, "a@x", ["no@x", "c@x"]),
    ]
    async with scripted(answers) as server, client(server.port) as smtp:
        first, second, third, fourth = await smtp.deliver_all(letters)
        assert first == ({}, "queued as 7")
        assert isinstance(second, errors.SMTPSenderRefused)
        assert isinstance(third, errors.SMTPRecipientsRefused)
        assert fourth == ({"no@x": (551, "no")}, "queued as 7")
        assert await smtp.deliver_all([]) == []
        with pytest.raises(ValueError):
            await smtp.deliver_all([Letter(TEXT, "a@x\r\n", "b@x")])


async def test_a_connection_that_ends_leaves_the_rest_without_receipts() -> None:
    async with scripted({b"MAIL FROM:<c@x> size=18": b""}) as server, client(server.port) as smtp:
        letters = [
            Letter(TEXT, "a@x", "b@x"),
            Letter(TEXT, "c@x", "b@x"),
            Letter(TEXT, "d@x", "b@x"),
        ]
        first, second, third = await smtp.deliver_all(letters)
        assert first == ({}, "queued as 7")
        assert isinstance(second, errors.SMTPServerDisconnected)
        assert isinstance(third, errors.SMTPServerDisconnected)


async def test_recipients_are_split_as_the_server_limits_them() -> None:
    ehlo = b"250-scripted\r\n250-PIPELINING\r\n250 LIMITS RCPTMAX=2\r\n"
    async with scripted({b"EHLO": ehlo, b"RCPT TO:<no@x>": b"550 no\r\n"}) as server:
        async with client(server.port) as smtp:
            people = ["a@x", "no@x", "c@x"]
            receipt = await smtp.deliver(TEXT, sender="s@x", recipients=people)
            assert list(receipt.delivered) == ["a@x", "c@x"]
            assert receipt.refused == {"no@x": (550, "no")}
            with pytest.raises(errors.SMTPNotSupported, match="LIMITS"):
                await smtp.deliver(iter([TEXT]), sender="s@x", recipients=people)
    assert sum(line.startswith(b"MAIL") for line in server.heard) == 2


async def test_a_session_has_no_more_messages_than_the_server_allows() -> None:
    ehlo = b"250-scripted\r\n250 LIMITS MAILMAX=2\r\n"
    async with scripted({b"EHLO": ehlo}) as server:
        async with client(server.port) as smtp:
            for _ in range(2):
                await smtp.deliver(TEXT, sender="a@x", recipients="b@x")
            with pytest.raises(errors.SMTPNotSupported, match="MAILMAX"):
                await smtp.deliver(TEXT, sender="a@x", recipients="b@x")
        server.heard.clear()
        async with pool(server.port) as mail:
            for _ in range(4):
                await mail.deliver(TEXT, sender="a@x", recipients="b@x")
        assert server.heard.count(b"QUIT") == 2


async def test_octets_of_eight_bits_are_said_to_be_some() -> None:
    async with scripted() as server, client(server.port) as smtp:
        await smtp.deliver(b"caf\xe9\r\n", sender="a@x", recipients="b@x")
    assert b"MAIL FROM:<a@x> size=6 BODY=8BITMIME" in server.heard


async def test_commands_beyond_the_reference() -> None:
    async with scripted({b"EHLO": ALL, b"ETRN": b"250 queuing\r\n"}) as server:
        async with client(server.port) as smtp:
            assert await smtp.etrn("@example.org") == (250, "queuing")
            await smtp.xforward(name="mail.example", addr="192.0.2.1")
            await smtp.xclient(name="a b", addr=None)
            assert smtp.is_ehlo_or_helo_needed
    assert b"XFORWARD NAME=mail.example ADDR=192.0.2.1" in server.heard
    assert b"XCLIENT NAME=a+20b ADDR=[UNAVAILABLE]" in server.heard
    async with scripted() as server, client(server.port) as smtp:
        with pytest.raises(errors.SMTPNotSupported, match="XCLIENT"):
            await smtp.xclient(name="x")


async def test_timeouts_by_phase() -> None:
    async with scripted({b"DATA": b"35"}) as server:
        async with client(server.port, timeout=Timeouts(data=0.05)) as smtp:
            with pytest.raises(errors.SMTPReadTimeoutError):
                await smtp.sendmail("a@x", "b@x", TEXT)


async def test_a_total_is_for_the_whole_call_the_greeting_included() -> None:
    async with scripted({b"MAIL": b"25"}) as server:
        async with client(server.port, timeout=Timeouts(total=0.1)) as smtp:
            began = asyncio.get_running_loop().time()
            with pytest.raises(errors.SMTPReadTimeoutError):
                await smtp.sendmail("a@x", "b@x", TEXT)
            assert asyncio.get_running_loop().time() - began < 1


# --- the pool ---------------------------------------------------------------------------------


def pool(port: int, **options: Any) -> Pool:
    return Pool(
        hostname="127.0.0.1",
        port=port,
        start_tls=False,
        local_hostname="client.example",
        timeout=5,
        **options,
    )


async def test_a_pool_uses_a_connection_again() -> None:
    async with scripted() as server:
        async with pool(server.port) as mail:
            for _ in range(3):
                assert await mail.sendmail("a@x", "b@x", TEXT) == ({}, "queued as 7")
        assert server.heard.count(b"EHLO client.example") == 1
        assert server.heard.count(b"QUIT") == 1


async def test_a_pool_has_no_more_connections_than_it_may() -> None:
    pair = asyncio.Barrier(2)  # two are lent at once
    lent: set[SMTP] = set()

    async def use(mail: Pool) -> None:
        async with mail.connection() as smtp:
            lent.add(smtp)
            assert len(lent) <= 2
            await pair.wait()
            await smtp.noop()
            lent.discard(smtp)

    async with scripted() as server:
        async with pool(server.port, size=2) as mail:
            await asyncio.gather(*(use(mail) for _ in range(8)))
        assert server.heard.count(b"EHLO client.example") == 2


async def test_a_pool_asks_an_idle_connection_before_it_uses_it() -> None:
    async with scripted() as server:
        async with pool(server.port, check=0) as mail:
            await mail.sendmail("a@x", "b@x", TEXT)
            server.answers[b"NOOP"] = b"421 too long\r\n"
            await mail.sendmail("a@x", "b@x", TEXT)
        assert server.heard.count(b"NOOP") == 1
        assert server.heard.count(b"EHLO client.example") == 2


async def test_a_pool_does_not_use_what_is_too_old_or_used_up() -> None:
    async with scripted() as server:
        async with pool(server.port, keep=0) as mail:
            await mail.sendmail("a@x", "b@x", TEXT)
            await mail.sendmail("a@x", "b@x", TEXT)
        async with pool(server.port, uses=1) as mail:
            await mail.sendmail("a@x", "b@x", TEXT)
            await mail.sendmail("a@x", "b@x", TEXT)
        assert server.heard.count(b"QUIT") == server.heard.count(b"EHLO client.example") == 4


async def test_a_pool_keeps_a_connection_after_a_refusal_but_not_with_an_open_envelope() -> None:
    async with scripted({b"RCPT TO:<no@x>": b"550 no\r\n"}) as server:
        async with pool(server.port) as mail:
            with pytest.raises(errors.SMTPRecipientsRefused):
                await mail.sendmail("a@x", "no@x", TEXT)
            async with mail.connection() as smtp:
                await smtp.mail("a@x")
            await mail.sendmail("a@x", "b@x", TEXT)
        assert server.heard.count(b"EHLO client.example") == 3


async def test_a_pool_closes_what_a_cancelled_user_held_and_goes_on() -> None:
    async with scripted({b"NOOP": b"\r"}) as server:
        async with pool(server.port, size=1) as mail:

            async def stall() -> None:
                async with mail.connection() as smtp:
                    await smtp.noop()

            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await stall()
            async with asyncio.timeout(2):
                await mail.sendmail("a@x", "b@x", TEXT)


async def test_a_pool_waits_for_its_users_when_it_closes() -> None:
    async with scripted() as server:
        mail = pool(server.port)
        entered, leave = asyncio.Event(), asyncio.Event()

        async def use() -> None:
            async with mail.connection() as smtp:
                entered.set()
                await leave.wait()
                await smtp.noop()

        user = asyncio.create_task(use())
        await entered.wait()
        closing = asyncio.create_task(mail.aclose())
        await asyncio.sleep(0)
        assert not closing.done()
        leave.set()
        await user
        await closing
        assert server.heard[-1] == b"QUIT"
        with pytest.raises(RuntimeError, match="closed"):
            await mail.sendmail("a@x", "b@x", TEXT)


async def test_a_pool_serves_several_servers() -> None:
    async with scripted() as one, scripted() as other:
        async with pool(one.port) as mail:
            await mail.sendmail("a@x", "b@x", TEXT)
            async with mail.connection(port=other.port) as smtp:
                await smtp.noop()
            await mail.sendmail("a@x", "b@x", TEXT)
        assert one.heard.count(b"EHLO client.example") == 1
        assert other.heard.count(b"NOOP") == 1
    with pytest.raises(ValueError):
        Pool(use_tls=True, start_tls=True)
    with pytest.raises(ValueError):
        Pool(size=0)


async def test_a_message_by_chunks_to_the_sandbox() -> None:
    with Sandbox() as sandbox:
        smtp = SMTP(
            hostname="localhost",
            port=sandbox.port,
            start_tls=False,
            local_hostname="client.example",
            chunking=True,
        )
        async with smtp:
            receipt = await smtp.deliver(TEXT, sender="a@x", recipients="bob@sandbox.example")
            assert list(receipt.delivered) == ["bob@sandbox.example"]
        assert sandbox.mailbox.letters()[0].content.endswith(b"Hi\r\n")
