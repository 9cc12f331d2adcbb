"""What a real Postfix and Dovecot say is recognised as theirs, when somebody asks with `?`."""

from __future__ import annotations

import dovecot
import postfix
import pytest
from columns import COLUMNS
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


SENT = (HELLO, MAIL)
NOBODY = f"RCPT TO:<nobody@{postfix.DOMAIN}>"
ELSEWHERE = "RCPT TO:<x@elsewhere.test>"


@pytest.mark.parametrize(
    ("server", "lines", "title", "speaker"),
    [
        ("Exim", (*SENT, ELSEWHERE), "550 relaying refused", "Exim"),
        ("Exim", (*SENT, NOBODY), "550 no route for the address", "Exim"),
        ("Exim", (HELLO, f"{MAIL} FOO=bar"), "501 parameter not known", "Exim"),
        ("Exim", (HELLO, "AUTH PLAIN AGEAYg=="), "503 not offered to this client", "Exim"),
        ("OpenSMTPD", (*SENT, NOBODY), "550 recipient not taken", "OpenSMTPD"),
        ("OpenSMTPD", (*SENT, ELSEWHERE), "550 recipient not taken", "OpenSMTPD"),
        ("OpenSMTPD", (HELLO, HELLO), "503 5.5.1 introduced already", "OpenSMTPD"),
        ("OpenSMTPD", (HELLO, "WIBBLE"), "500 5.5.1 command not recognised", "OpenSMTPD"),
        ("OpenSMTPD", (HELLO, f"{MAIL} FOO=bar"), "503 5.5.4 parameter not known", ""),
        (
            *("Dovecot", (HELLO, "XCLIENT ADDR=192.0.2.1")),
            *("550 5.7.14 XCLIENT is for trusted clients", "Dovecot"),
        ),
        ("smtp-server", (*SENT, ELSEWHERE), "554 relaying refused", ""),
        ("aiosmtpd", (HELLO, f"{MAIL} FOO=bar"), "555 parameter not known", ""),
    ],
)
async def test_what_other_servers_refuse_is_explained_as_theirs(
    server: str,
    lines: tuple[str, ...],
    title: str,
    speaker: str,
    request: pytest.FixtureRequest,
) -> None:
    fixture, column = COLUMNS[server]
    at = column(request.getfixturevalue(fixture))
    told, person = await asked_after(f"localhost:{at.port}", *lines)
    assert told == title
    assert not speaker or f"The wording is that of {speaker}." in person.last


async def test_a_reply_of_dovecot_is_explained(mda: dovecot.Dovecot) -> None:
    told, person = await asked_after(f"localhost:{mda.port}", HELLO, MAIL)
    assert told.startswith("530 5.7.0 ") and person.answers[-1].next
