"""Composing at the prompt: every command that makes, mends, shows and keeps a message."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Coroutine, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_console import Person, at

from smtpconsole.composer.draft import Draft
from smtpconsole.composer.messages import MESSAGES
from smtpconsole.console.console import Console
from smtpconsole.sandbox import Sandbox
from smtpconsole.transcript.journal import Journal

DRAFT = Draft("me@example.com", ("you@example.org",), subject="Hello", body="One line.\n")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def person() -> Person:
    return Person()


@pytest.fixture
def console(person: Person) -> Console:
    made = Console(person, Journal())
    made.draft = DRAFT
    return made


def do(console: Console, *lines: str) -> str:
    """Execute lines; what was shown last."""

    async def execute() -> None:
        for line in lines:
            await console.execute(line)

    run(execute())
    person = console.front
    assert isinstance(person, Person)
    return person.last


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def test_ready_made_messages_are_listed_and_taken(console: Console) -> None:
    listed = do(console, "/message")
    assert all(f"{name} " in listed for name in MESSAGES)
    told = do(console, "/message gtube")
    assert "GTUBE" not in told and "Beware: it will be taken for spam" in told
    assert console.draft.recipients == DRAFT.recipients and "XJS" in console.draft.body
    do(console, "/message huge --size 3M")
    assert console.draft.filler == 3 * 2**20
    assert "no ready-made message 'spam'" in do(console, "/message spam")
    assert "'3x' is not a size" in do(console, "/message huge --size 3x")


def test_headers_are_written_and_shown(console: Console) -> None:
    assert "Reply-To: boss@example.com" in do(console, "/header Reply-To boss@example.com")
    assert "Subject: Good day" in do(console, "/header subject Good day")
    assert console.draft.subject == "Good day"
    told = do(console, "/header X-A 1", "/header --add X-A 2")
    assert "X-A: 1\nX-A: 2" in told
    assert "Date:" not in do(console, "/header Date")
    before = console.draft
    assert "no name of a header" in do(console, "/header 'X Y' 1")
    assert console.draft == before


def test_files_are_attached_and_taken_away(console: Console, tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(b"data")
    assert "a.png  image/png  4 octets  inline, cid:dot" in do(
        console, f"/attach {file} --inline dot"
    )
    assert "a.png  a/b" in do(console, f"/attach {file} --type a/b")
    assert "nothing is attached" in do(console, "/attach a.png --remove")
    assert "cannot be attached: no such file" in do(console, f"/attach {tmp_path}/none")


def test_a_draft_is_shown_with_its_remarks_and_parts(console: Console, tmp_path: Path) -> None:
    (tmp_path / "f.bin").write_bytes(b"x")
    told = do(console, "/header Date", f"/attach {tmp_path}/f.bin", "/draft")
    assert "! there is no Date" in told and "(no-date)" in told and "1  multipart/mixed" in told
    assert "mended: no-date" in do(console, "/mend")
    assert "nothing that can be mended" in do(console, "/mend")
    assert "nothing is known that mends 'rain'" in do(console, "/mend rain")
    console.draft = Draft()
    assert "no recipient yet" in do(console, "/draft")


@pytest.mark.parametrize("suffix", [".eml", ".mbox", ".json"])
def test_a_draft_is_saved_and_opened(console: Console, tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"letter{suffix}"
    assert f"saved as {file}" in do(console, f"/draft save {file}")
    do(console, "/draft new")
    assert console.draft.body == ""
    assert f"{file} is in the composer" in do(console, f"/draft open {file}")
    again = console.draft
    assert again.sender == DRAFT.sender and again.recipients == DRAFT.recipients
    assert b"One line." in again.to_bytes(now=console.now())


def test_what_cannot_be_opened_is_told(console: Console, tmp_path: Path) -> None:
    do(console, f"/draft save {tmp_path}/box.mbox")
    assert "which file?" in do(console, "/draft open")
    assert "cannot be read" in do(console, f"/draft open {tmp_path}/none.eml")
    told = do(console, f"/draft open {tmp_path}/box.mbox --number 2")
    assert "holds 1 messages; --number says which" in told
    assert console.draft == DRAFT


def test_a_template_of_ones_own_is_filled_in(
    console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMTPCONSOLE_CONFIG", str(tmp_path))
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "night.eml").write_text("From: %FROM%\nTo: %TO%\n\n%BODY%")
    assert "your templates: night" in do(console, "/draft template")
    assert "its tokens filled in" in do(console, "/draft template night")
    assert console.draft.source is not None and b"From: me@example.com" in console.draft.source


def test_the_rehearsal_shows_each_batch_and_sends_nothing(sandbox: Sandbox) -> None:
    async def rehearse() -> None:
        async with at(sandbox) as (console, person):
            console.draft = DRAFT
            await console.execute("/rehearse")
            assert "4 round trips, nothing was sent" in person.last
            assert "EHLO will be said first" in person.last
            await console.execute("EHLO me")
            before = len(console.journal)
            await console.execute("/rehearse")
            assert "2 round trips" in person.last
            assert "1. 3 lines in one go\n  1 -> MAIL FROM:<me@example.com>" in person.last
            assert "  2 -> RCPT TO:<you@example.org>" in person.last
            assert "2. one line" in person.last and "ended by a lone dot" in person.last
            await console.execute("/message many-recipients")
            await console.execute("/rehearse --one-by-one")
            assert "153 round trips" in person.last
            await console.execute("/rehearse --chunking")
            assert "more like these" in person.last and "BDAT" in person.last
            events = [type(entry.event).__name__ for entry in console.journal.since(before)]
            assert set(events) == {"Entered"}

    run(rehearse())


def test_a_message_is_signed_and_what_was_hashed_is_shown(console: Console, tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
    told = do(console, f"/dkim {key} --selector s1")
    assert "s1._domainkey.example.com TXT" in told and "v=DKIM1; k=rsa; p=" in told
    assert "subject:Hello" in told and "One line." in told
    assert console.draft.source is not None and console.draft.source.startswith(b"DKIM-Signature")
    assert "cannot be read" in do(console, f"/dkim {tmp_path}/none")
    console.draft = Draft("", ("a@x",))
    assert "whose signature" in do(console, f"/dkim {key}")


def test_a_ready_made_message_waits_for_its_recipient(console: Console) -> None:
    console.draft = Draft("me@example.com")
    told = do(console, "/message plain")
    assert told.startswith("plain is in the composer") and "no recipient yet" in told


def test_a_large_message_is_made_while_it_is_sent(sandbox: Sandbox) -> None:
    async def send() -> None:
        async with at(sandbox) as (console, person):
            await console.execute("/message huge --size 2M")
            await console.execute("/send bob@sandbox.example")
            assert person.last.startswith("the server has taken the message")

    run(send())
    content = sandbox.mailbox.letters()[-1].content
    assert 2 * 2**20 - 100 < len(content) < 2 * 2**20 + 1000
    assert content.endswith(b"x\r\n") and content.count(b"\r\n00000000 xxx") == 1


def test_every_field_of_the_pane_is_a_command_too(console: Console) -> None:
    do(console, "/draft set sender <>", "/draft set reply-to Eve <eve@x.example>")
    do(console, "/draft set mail-parameters RET=HDRS ENVID=1", "/draft set charset iso-8859-1")
    do(console, "/draft set encoding base64", "/draft set format flowed", "/draft set date -")
    draft = console.draft
    assert (draft.sender, draft.charset, draft.encoding) == ("", "iso-8859-1", "base64")
    assert draft.is_flowed and draft.mail_parameters == ("RET=HDRS", "ENVID=1")
    assert draft.headers == (("Reply-To", "Eve <eve@x.example>"), ("Date", ""))
    assert "one of: as needed, 7bit" in do(console, "/draft set encoding 9bit")
    assert "there is no field 'colour'" in do(console, "/draft set colour red")


def test_a_part_is_opened_by_its_number(console: Console) -> None:
    told = do(console, "/message attachment", "/draft part 1.2")
    assert told.startswith("part 1.2: application/octet-stream  1,024 octets")
    assert "0010  10 11 12 13" in told
    assert "there is no part 7" in do(console, "/draft part 7")


def test_the_fields_are_as_they_were_when_the_source_is_left(console: Console) -> None:
    before = console.draft
    console.draft = replace(before, source=b"Subject: other\r\n\r\nx\r\n")
    assert "written there" in do(console, "/draft set subject mine")
    do(console, "/draft fields")
    assert console.draft == before


def test_false_ends_are_remarked_on_and_mended_and_need_a_word(console: Console) -> None:
    told = do(console, "/message end-of-data", "/draft")
    assert "3 lone dots stand between bare line ends" in told and console.draft.bare_dots
    do(console, "/mend false-end")
    assert not console.draft.bare_dots and "false-end" not in do(console, "/draft")


def test_dots_left_bare_go_to_a_server_elsewhere_only_by_a_persons_word(sandbox: Sandbox) -> None:
    async def send() -> None:
        async with at(sandbox, "no", "yes") as (console, person):
            await console.execute("/message end-of-data")
            console.settings.proxy = "socks5://127.0.0.1:1"  # behind it is somebody else
            before = len(sandbox.mailbox.letters())
            await console.execute("/send bob@sandbox.example")
            assert "Is the server yours to test?" in person.questions[0][0]
            assert "nothing was sent" in person.last
            assert len(sandbox.mailbox.letters()) == before
            await console.execute("/send bob@sandbox.example")
            assert "has taken the message" in person.last

    run(send())
