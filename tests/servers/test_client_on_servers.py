"""The library's own abilities on a real Postfix and a real Dovecot."""

from __future__ import annotations

import asyncio
import io
from email.message import EmailMessage

import dovecot
import postfix
import pytest

from smtpconsole import SMTP, Letter, Pool, SMTPException

pytestmark = pytest.mark.servers

NAME = "client.example.test"
BOB = f"bob@{postfix.DOMAIN}"


def submission(mta: postfix.Postfix) -> dict[str, object]:
    return {
        "hostname": "localhost",
        "port": mta.port,
        "start_tls": "require",
        "cert_bundle": str(mta.ca),
        "local_hostname": NAME,
        "username": postfix.USER,
        "password": postfix.PASSWORD,
        "allow_cleartext": False,
        "timeout": 20,
    }


async def test_a_pool_sends_many_messages_over_few_connections(mta: postfix.Postfix) -> None:
    before = len(mta.letters("bob")) if (mta.folder / "mail/bob/new").is_dir() else 0
    async with Pool(size=2, **submission(mta)) as pool:
        receipts = await asyncio.gather(
            *(pool.sendmail(postfix.USER, BOB, f"Subject: {n}\n\n.\n") for n in range(8))
        )
    assert all(receipt.delivered for receipt in receipts)
    assert len(mta.wait_for_letters("bob", before + 8)) == before + 8


async def test_messages_of_every_source_arrive_and_a_report_is_asked_for(
    mta: postfix.Postfix,
) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = postfix.USER, BOB, "ünïcode"
    message.set_content("ß\n")
    before = len(mta.letters("bob")) if (mta.folder / "mail/bob/new").is_dir() else 0
    async with SMTP(**submission(mta), chunking=True) as smtp:  # type: ignore[arg-type]
        assert smtp.get_transport_info("cipher")
        await smtp.deliver(message, ret="HDRS", envid="x 1", notify="NEVER", orcpt="old@x.test")
        file = io.BytesIO(b"Subject: file\n\n" + b"a line\n" * 20_000)
        await smtp.deliver(file, sender=postfix.USER, recipients=BOB)
        letters = [Letter("Subject: n\n\n.\n", postfix.USER, BOB) for _ in range(5)]
        outcomes = await smtp.deliver_all(letters)
        assert not [each for each in outcomes if isinstance(each, SMTPException)]
    assert len(mta.wait_for_letters("bob", before + 7)) == before + 7


async def test_lmtp_over_a_unix_socket_tells_who_is_over_quota(mda: dovecot.Dovecot) -> None:
    people = ["alice@example.test", "full@example.test", "alice@example.test"]
    smtp = SMTP(socket_path=mda.lmtp_socket, lmtp=True, start_tls=False, local_hostname=NAME)
    async with smtp:
        receipt = await smtp.deliver("Subject: x\n\nx\n", sender="", recipients=people)
    assert list(receipt.delivered) == ["alice@example.test"]
    assert receipt.refused["full@example.test"].code == 552
    assert len(receipt.content) == 3


async def test_the_strongest_mechanism_logs_in(mda: dovecot.Dovecot) -> None:
    smtp = SMTP(
        hostname="localhost",
        port=mda.tls_port,
        use_tls=True,
        cert_bundle=str(mda.ca),
        local_hostname=NAME,
    )
    async with smtp:
        await smtp.ehlo()
        assert smtp.supported_auth_methods[0].startswith("scram-")
        answer = await smtp.login(dovecot.USER, dovecot.PASSWORD)
        assert answer.code == 235
