"""The application on a real Postfix, through the pilot; `test_by_keys` drives it in a terminal."""

from __future__ import annotations

from pathlib import Path

import postfix
import pytest
from driving import NARROW, WIDE, driving

from smtpconsole import SMTP
from smtpconsole.console.settings import Settings
from smtpconsole.smtp import content
from smtpconsole.transcript.journal import Journal

pytestmark = pytest.mark.servers

SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x40", "80x24"])


def received(mta: postfix.Postfix, user: str) -> int:
    return len(mta.letters(user)) if (mta.folder / f"mail/{user}/new").is_dir() else 0


@SIZES
async def test_upgrade_log_in_compose_and_send(
    mta: postfix.Postfix, tmp_path: Path, size: tuple[int, int]
) -> None:
    before = received(mta, "bob")
    journal = Journal(tmp_path / "session.jsonl")
    settings = Settings(ca=str(mta.ca))
    target = f"localhost:{mta.port}"
    async with driving(target, size=size, settings=settings, journal=journal) as console:
        for offer in ("EHLO client.example", "STARTTLS", "EHLO client.example"):
            await console.until(f"Tab: {offer}")
            await console.press("tab", "enter")
        await console.until("TLS 1.3")
        await console.press("f3")
        await console.until("the certificate proves the server")
        await console.press("escape", "escape")
        await console.enter(f"/login {postfix.USER}")
        await console.until("Password of")
        await console.enter(postfix.PASSWORD)
        await console.until(f"logged in as {postfix.USER} with SCRAM-SHA-512")
        await console.press("f4")
        await console.until(f"From       {postfix.USER}")
        await console.press("ctrl+u", *f"bob@{postfix.DOMAIN}", *["tab"] * 16, *".dot")
        await console.press("f5")
        await console.until("RCPT TO:<bob@", "Enter sends")
        await console.press("enter")
        await console.until("has taken the message for 1 recipient", "grep ")
        octets = console.app.smtp_console.draft
        await console.press("escape", "escape")
        await console.enter(f"/export markdown {tmp_path}/report.md")
        await console.until("saved as")
        screens = "\n".join(console.seen)
    (letter,) = mta.wait_for_letters("bob", before + 1)[before:]
    sent = next(
        entry.event.send.data
        for entry in journal.entries
        if getattr(getattr(entry.event, "send", None), "verb", b"") == b"(content)"
    )
    said = sent.removesuffix(content.END).replace(b"\r\n..", b"\r\n.").replace(b"\r\n", b"\n")
    assert letter.endswith(said)  # byte for byte, below the Received line
    assert b"\n.dot\n" in letter and octets.subject == "Test"
    kept = "".join(path.read_text() for path in tmp_path.iterdir())
    for needle in (postfix.PASSWORD, "bG9va2luZy1nbGFzcy03Mjkx"):
        assert needle not in screens + kept


async def test_a_wrong_authority_is_named_and_the_session_goes_on_by_the_users_word(
    mta: postfix.Postfix,
) -> None:
    settings = Settings(ca=str(mta.other_ca))
    async with driving(f"localhost:{mta.port}", settings=settings) as console:
        await console.until("READY")
        await console.enter("/starttls")
        await console.until("TLS 1.3 ! 1 problem")
        await console.press("f3")
        await console.until("! missing-issuer", "judged by the file")
        await console.press("escape")
        await console.enter(f"/login {postfix.USER}")
        await console.until("Go on all the same?")
        await console.enter("yes")
        await console.until("Password of")
        await console.enter(postfix.PASSWORD)
        await console.until("logged in as")


async def test_the_library_sends_pipelined(mta: postfix.Postfix) -> None:
    before = received(mta, "alice")
    journal = Journal()
    smtp = SMTP(
        hostname="localhost",
        port=mta.port,
        cert_bundle=str(mta.ca),
        username=postfix.USER,
        password=postfix.PASSWORD,
        local_hostname="client.example",
        observe=journal,
    )
    message = (
        b"From: alice@example.test\r\nDate: Tue, 24 Nov 2026 01:00:00 +0000\r\n"
        b"Message-ID: <1@example.test>\r\nSubject: library\r\n\r\n.\r\nover\r\n"
    )  # with all the headers that Postfix would add
    async with smtp:
        refused, answer = await smtp.sendmail(postfix.USER, postfix.USER, message)
    assert refused == {} and "queued as" in answer
    (letter,) = mta.wait_for_letters("alice", before + 1)[before:]
    assert letter.endswith(message.replace(b"\r\n", b"\n"))
    kinds = [
        (type(entry.event).__name__, entry.event.send.verb)
        for entry in journal.entries
        if getattr(entry.event, "send", None) is not None
    ]
    start = kinds.index(("Sent", b"MAIL"))
    assert [verb for _, verb in kinds[start : start + 3]] == [b"MAIL", b"RCPT", b"DATA"]
    assert {kind for kind, _ in kinds[start : start + 3]} == {"Sent"}  # in one go
