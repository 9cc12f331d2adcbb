"""LMTP to a real Dovecot, with one recipient over quota."""

from __future__ import annotations

import dovecot
import pytest

from smtpconsole.net.dial import dial
from smtpconsole.net.route import Route
from smtpconsole.smtp.content import canonical
from smtpconsole.smtp.envelope import envelope
from smtpconsole.smtp.events import Target
from smtpconsole.smtp.exchanges import deliver, deliver_all, hello

pytestmark = pytest.mark.servers

PEOPLE = (f"bob@{dovecot.DOMAIN}", dovecot.FULL, f"nobody@{dovecot.DOMAIN}", dovecot.USER)


@pytest.mark.parametrize("chunking", [False, True], ids=["DATA", "BDAT"])
@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelined", "one-by-one"])
@pytest.mark.parametrize("is_unix", [False, True], ids=["TCP", "UNIX"])
async def test_each_recipient_has_a_word_of_its_own(
    mda: dovecot.Dovecot, is_unix: bool, pipelining: bool, chunking: bool
) -> None:
    route = Route(path=str(mda.lmtp_socket)) if is_unix else Route()
    target = Target("127.0.0.1", mda.lmtp_port)
    connection = await dial(target, lmtp=True, timeout=10, route=route)
    await connection.run(hello(b"client.example.test", lmtp=True), 10)
    known = connection.session.capabilities
    assert not chunking or "CHUNKING" in known
    content = canonical(b"Subject: hi\n\n.one\n..two\n" * 3)
    letter = (*envelope(known, "a@client.test", PEOPLE, content), content)
    ways = {"chunking": chunking, "chunk": 20, "lmtp": True}
    outcome = await connection.run(deliver(*letter, pipelining=pipelining, **ways), 10)  # type: ignore[arg-type]
    words = {who: reply.code for who, reply in outcome.outcomes if reply is not None}
    bob, full, nobody, alice = (words[who] for who in PEOPLE)
    assert (bob, alice) == (250, 250)
    assert full in (452, 552)
    assert nobody == 550
    assert len(outcome.content) == 3
    outcomes = await connection.run(
        deliver_all([letter, letter], pipelining=pipelining, **ways),  # type: ignore[arg-type]
        10,
    )
    assert [[reply.code for _, reply in each.outcomes if reply] for each in outcomes] == [
        list(words.values())
    ] * 2
    connection.close()
    await connection.lost
    assert mda.letters("bob")[-1].endswith(content.replace(b"\r\n", b"\n"))
