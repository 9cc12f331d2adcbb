"""What the composer makes, as software that others wrote takes it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import postfix
import pytest
from test_console import Person
from zone import HOST, serve, zone

from smtpconsole.composer.draft import Draft
from smtpconsole.composer.messages import MESSAGES, Message
from smtpconsole.composer.parts import Attachment
from smtpconsole.composer.signing import Signer, public_record, signed
from smtpconsole.console.console import Console
from smtpconsole.console.settings import Settings
from smtpconsole.net.dial import dial
from smtpconsole.smtp.commands import CONTENT
from smtpconsole.smtp.envelope import envelope
from smtpconsole.smtp.events import Received, Sent, Target
from smtpconsole.smtp.exchanges import Delivery, deliver, hello, quit
from smtpconsole.transcript.journal import Journal

pytestmark = pytest.mark.servers

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
DRAFT = Draft(
    "alice@elsewhere.example", (f"bob@{postfix.DOMAIN}",), subject="Hello", body="One line.\n"
)
_BARE_CR = re.compile(rb"\r(?!\n)")


async def sent(mta: postfix.Postfix, draft: Draft, content: bytes) -> Delivery:
    connection = await dial(Target("127.0.0.1", mta.port), timeout=20)
    await connection.run(hello(b"client.example.test"))
    mail, rcpts = envelope(
        connection.session.capabilities,
        draft.sender,
        draft.recipients,
        content,
        mail_options=draft.mail_parameters,
        rcpt_options=draft.rcpt_parameters,
    )
    delivery = await connection.run(deliver(mail, rcpts, content, pipelining=True))
    await connection.run(quit())
    connection.close()
    await connection.lost
    return delivery


@pytest.mark.parametrize("message", MESSAGES.values(), ids=list(MESSAGES))
async def test_a_ready_made_message_arrives_octet_for_octet_or_is_refused_as_predicted(
    mta: postfix.Postfix, message: Message
) -> None:
    draft = message.of(DRAFT)
    content = b"".join(draft.pieces(now=NOW))
    before = len(mta.letters("bob")) if (mta.folder / "mail/bob/new").is_dir() else 0
    delivery = await sent(mta, draft, content)
    if message.name == "huge":
        assert delivery.mail.code == 552 and 552 in message.codes
        return
    (reply,) = delivery.content
    assert reply.is_positive and reply.code in message.codes
    letters = mta.wait_for_letters("bob", before + len(draft.recipients))[before:]
    for letter in letters:
        assert letter.startswith(b"Return-Path: <%b>\n" % draft.sender.encode())
        assert letter.endswith(_kept(content))


async def answers(port: int) -> list[str]:
    """What comes of the message with false ends, and of the QUIT behind it: all codes."""
    console = Console(Person(), Journal(), settings=Settings(name="client.example"))
    console.draft = DRAFT
    await console.execute(f"/connect 127.0.0.1:{port}")
    connection = console.connected()
    for line in ("/message end-of-data", "/send", "QUIT"):
        await console.execute(line)  # which may find the connection closed already
    await connection.lost
    await console.end()
    events = [entry.event for entry in console.journal.entries]
    content = next(place for place, event in enumerate(events) if _is_content(event))
    heard = b"".join(event.data for event in events[content:] if isinstance(event, Received))
    return [line[:9].decode() for line in heard.splitlines()]


def _is_content(event: object) -> bool:
    return isinstance(event, Sent) and event.send.verb == CONTENT


@pytest.mark.parametrize(
    ("setting", "codes"),
    [("no", ["250 2.0.0", "500 5.5.2", "221 2.7.0"]), ("yes", ["250 2.0.0", "221 2.0.0"])],
)
async def test_false_ends_of_data_find_out_a_careless_server(
    mta_with: Callable[..., AbstractContextManager[postfix.Postfix]],
    setting: str,
    codes: list[str],
) -> None:
    with mta_with(f"smtpd_forbid_bare_newline = {setting}") as server:
        # One that is careless takes the rest for commands, and ends it over the first.
        assert await answers(server.port) == codes
        (letter,) = server.wait_for_letters("bob", 1)
        assert (b"CR dot CR" in letter) == (setting == "yes")


def _kept(content: bytes) -> bytes:
    """What Postfix keeps: the line ends of its platform, and a blank for a CR that is none."""
    return _BARE_CR.sub(b" ", content.replace(b"\r\n", b"\n"))


IMAGE = Attachment("dot.png", bytes(range(64)), "image/png", "dot")
FILE = Attachment("prüfung é.bin", bytes(range(256)), "application/x-test")
CALENDAR = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"
TEXTS = ("plain\n", "Grüße\n", "日本語\n", "x" * 2000 + "\n", "", ".\n..\n", "a\n" * 500)
CORPUS = [
    *(replace(DRAFT, body=text) for text in TEXTS),
    *(replace(DRAFT, body=text, html=f"<p>{text}</p>") for text in TEXTS[:5]),
    *(replace(DRAFT, body=text, attachments=(FILE,)) for text in TEXTS[:4]),
    *(replace(DRAFT, body="", html="<p>ü", attachments=files) for files in ((), (IMAGE,), (FILE,))),
    *(replace(DRAFT, encoding=how, body="text = é\n") for how in ("base64", "quoted-printable")),
    *(replace(DRAFT, subject=text) for text in ("Grüße " * 20, "日本語" * 30, "a" * 200, "=?x?=")),
    replace(DRAFT, body="é\n", charset="iso-8859-1", encoding="quoted-printable"),
    replace(DRAFT, calendar=CALENDAR),
    replace(DRAFT, html="<p>x", calendar=CALENDAR, attachments=(IMAGE, FILE)),
    replace(DRAFT, is_flowed=True, body="word " * 100),
    replace(DRAFT, attachments=tuple(replace(FILE, name=f"{n}.bin") for n in range(5))),
    DRAFT.with_header("X-Long", "word " * 60),
]


def leaves(octets: bytes) -> list[tuple[str, bytes]]:
    """Each part that is no multipart: its type and its decoded octets, as Python reads them."""
    message = message_from_bytes(octets, policy=SMTP)
    assert isinstance(message, EmailMessage)
    found = []
    for part in message.walk():
        if not part.is_multipart():
            payload = part.get_payload(decode=True)
            assert isinstance(payload, bytes)
            found.append((part.get_content_type(), payload.replace(b"\r\n", b"\n")))
    return found


def reformime(*options: str, octets: bytes) -> bytes:
    text = octets.replace(b"\r\n", b"\n")
    return subprocess.run(
        ["reformime", *options], input=text, capture_output=True, check=True
    ).stdout


def leaves_by_maildrop(octets: bytes) -> list[tuple[str, bytes]]:
    """The same as maildrop's reformime reads them."""
    found = []
    for block in reformime("-i", octets=octets).decode().split("\n\n"):
        facts = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        kind = facts.get("content-type", "")
        if kind and not kind.startswith("multipart/"):
            data = reformime(f"-s{facts['section']}", "-e", octets=octets)
            found.append((kind, data.replace(b"\r\n", b"\n")))
    return found


@pytest.mark.parametrize("number", range(len(CORPUS)))
def test_another_reader_finds_the_same_parts(number: int) -> None:
    octets = CORPUS[number].to_bytes(now=NOW)
    ours, theirs = leaves(octets), leaves_by_maildrop(octets)
    assert [kind for kind, _ in ours] == [kind for kind, _ in theirs]
    for (_, mine), (_, other) in zip(ours, theirs, strict=True):
        assert mine.rstrip(b"\n") == other.rstrip(b"\n")


_VERIFY = """
use Mail::DKIM::Verifier; use Net::DNS::Resolver;
Mail::DKIM::DNS::resolver(Net::DNS::Resolver->new(
    nameservers => ['%s'], port => %d, recurse => 1, udp_timeout => 5));
my $verifier = Mail::DKIM::Verifier->new();
binmode STDIN; while (<STDIN>) { $verifier->PRINT($_) } $verifier->CLOSE;
print $verifier->result_detail;
"""


def verdict(octets: bytes, signer: Signer) -> str:
    """What Perl's Mail::DKIM makes of it, the key published in a zone of our own."""
    record = public_record(signer.key)
    parts = " ".join(f'"{record[at : at + 200]}"' for at in range(0, len(record), 200))
    records = f"{signer.selector}._domainkey TXT {parts}"
    with serve(zone("elsewhere.example", records)) as names:
        script = _VERIFY % (HOST, names.port)
        done = subprocess.run(["perl", "-e", script], input=octets, capture_output=True, check=True)
    return done.stdout.decode()


@pytest.mark.parametrize("form", ["simple", "relaxed"])
def test_another_implementation_verifies_our_signatures(form: str, tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
    signer = Signer("elsewhere.example", "s1", key)
    for message in MESSAGES.values():
        if message.name in ("empty", "huge", "bare-lf", "end-of-data"):
            continue  # nothing to sign; or line ends that the tool reads as it likes
        octets = signed(message.of(DRAFT).to_bytes(now=NOW), signer, headers=form, body=form)  # type: ignore[arg-type]
        assert verdict(octets, signer) == "pass", message.name
    assert verdict(octets + b"one line more\r\n", signer).startswith("fail")
