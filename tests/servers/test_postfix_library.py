"""The engine on a real Postfix."""

from __future__ import annotations

from datetime import UTC, datetime

import postfix
import pytest

from smtpconsole.composer.draft import Draft
from smtpconsole.net.dial import dial
from smtpconsole.net.policy import TlsPolicy
from smtpconsole.smtp import sasl
from smtpconsole.smtp.envelope import envelope
from smtpconsole.smtp.errors import HandshakeFailed
from smtpconsole.smtp.events import Target
from smtpconsole.smtp.exchanges import deliver, hello, quit, start_tls
from smtpconsole.smtp.login import authenticate

pytestmark = pytest.mark.servers


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
async def test_every_mechanism_logs_in_and_a_pipelined_message_arrives(
    mta: postfix.Postfix, mechanism: str
) -> None:
    tls = TlsPolicy(strict=True, ca_file=str(mta.ca))
    connection = await dial(Target("localhost", mta.port), tls=tls, timeout=10)
    await connection.run(hello(b"client.example.test"))
    assert (await connection.run(start_tls())).code == 220
    await connection.run(hello(b"client.example.test"))
    who = sasl.credentials(postfix.USER, postfix.PASSWORD)
    reply = await connection.run(authenticate(sasl.MECHANISMS[mechanism], who))
    assert reply.code == 235
    before = len(mta.letters("bob")) if (mta.folder / "mail/bob/new").is_dir() else 0
    content = Draft(
        sender=postfix.USER,
        recipients=(f"bob@{postfix.DOMAIN}",),
        subject=mechanism,
        body=".\n..\nFrom here: ünïcode\n",
    ).to_bytes(now=datetime.now(UTC))
    known = connection.session.capabilities
    mail, rcpts = envelope(
        known,
        postfix.USER,
        [f"bob@{postfix.DOMAIN}", f"nobody@{postfix.DOMAIN}"],
        content,
    )
    outcome = await connection.run(deliver(mail, rcpts, content, pipelining=True))
    assert outcome.is_delivered
    assert [reply.code for _, reply in outcome.recipients] == [250, 550]
    assert (await connection.run(quit())).code == 221
    connection.close()
    await connection.lost
    (letter,) = mta.wait_for_letters("bob", before + 1)[before:]
    assert letter.endswith(content.replace(b"\r\n", b"\n"))


async def test_a_wrong_authority_is_refused_and_named(mta: postfix.Postfix) -> None:
    tls = TlsPolicy(strict=True, ca_file=str(mta.other_ca))
    with pytest.raises(HandshakeFailed) as caught:
        await dial(Target("localhost", mta.tls_port, implicit_tls=True), tls=tls, timeout=10)
    assert [problem.code for problem in caught.value.facts.errors]
