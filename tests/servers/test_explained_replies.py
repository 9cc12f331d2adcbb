"""What a real Postfix and Dovecot say is recognised as theirs, when somebody asks with `?`."""

from __future__ import annotations

import dovecot
import postfix
import pytest
from test_console import Person

from smtpconsole.console.console import Console
from smtpconsole.console.settings import Settings
from smtpconsole.transcript.journal import Journal

pytestmark = pytest.mark.servers

HELLO = "EHLO client.example"
MAIL = "MAIL FROM:<a@client.test>"


async def asked_after(target: str, *lines: str) -> tuple[str, Person]:
    """The title of the answer to `?` after some lines, and all that was shown."""
    person = Person()
    console = Console(person, Journal(), settings=Settings(name="client.example"))
    await console.execute(f"/connect {target}")
    try:
        for line in (*lines, "?"):
            await console.execute(line)
    finally:
        await console.end()
    return person.answers[-1].title, person


@pytest.mark.parametrize(
    ("lines", "title"),
    [
        ((HELLO, MAIL, "RCPT TO:<x@elsewhere.test>"), "554 5.7.1 relaying refused"),
        ((HELLO, MAIL, f"RCPT TO:<nobody@{postfix.DOMAIN}>"), "550 5.1.1 recipient not known"),
        ((HELLO, "RCPT TO:<x@elsewhere.test>"), "503 5.5.1 no sender yet"),
        ((HELLO, MAIL, "DATA"), "554 5.5.1 no recipient to send to"),
        ((HELLO, MAIL, MAIL), "503 5.5.1 a transaction is open already"),
        ((HELLO, f"{MAIL} SIZE=999999999"), "552 5.3.4 message too big"),
        ((HELLO, f"{MAIL} FOO=bar"), "555 5.5.4 parameter not known"),
        ((HELLO, "MAIL FROM:<a b>"), "501 5.1.7 the address is not well written"),
        ((HELLO, "AUTH PLAIN AGEAYg=="), "503 5.5.1 no login here"),
        ((HELLO, "WIBBLE"), "500 5.5.2 command not recognised"),
    ],
)
async def test_what_postfix_refuses_is_explained_by_its_words(
    mta: postfix.Postfix, lines: tuple[str, ...], title: str
) -> None:
    told, _ = await asked_after(f"localhost:{mta.port}", *lines)
    assert told == title


async def test_a_reply_of_dovecot_is_explained(mda: dovecot.Dovecot) -> None:
    told, person = await asked_after(f"localhost:{mda.port}", HELLO, MAIL)
    assert told.startswith("530 5.7.0 ") and person.answers[-1].next
