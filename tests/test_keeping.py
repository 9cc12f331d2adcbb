"""The message in the composer outlives the program."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_console import Person, at

from smtpconsole.composer.draft import Draft
from smtpconsole.composer.parts import Attachment
from smtpconsole.console.composing import drafting
from smtpconsole.console.composing.keeping import Keeper, left_over
from smtpconsole.console.console import Console
from smtpconsole.console.paths import draft_folder
from smtpconsole.sandbox import Sandbox
from smtpconsole.smtp.events import Noted
from smtpconsole.transcript.journal import Journal

DRAFT = Draft("alice@here.example", ("bob@there.example",), subject="precious", body="one\n")
FILE = Attachment("a.bin", bytes(range(256)))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


def files(folder: Path) -> set[str]:
    return {each.name.partition(".")[2] for each in folder.iterdir()}


async def started() -> Process:
    """The line mode, as somebody starts it."""
    words = (sys.executable, "-m", "smtpconsole", "--lines", "--no-journal")
    return await asyncio.create_subprocess_exec(*words, stdin=PIPE, stdout=PIPE)


async def told(process: Process, line: str, text: str) -> str:
    """Enter a line, and read until a text is told."""
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(f"{line}\n".encode())
    heard = ""
    while text not in heard:
        chunk = await process.stdout.readline()
        assert chunk, heard
        heard += chunk.decode()
    return heard


async def kept(text: str) -> None:
    """Wait until a text is on disk; another process writes it."""
    while not any(text in each.read_text() for each in draft_folder().glob("*.json")):
        await asyncio.sleep(0.05)


async def test_a_message_outlives_a_program_that_was_killed(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"attached")
    first = await started()
    await told(first, f"/attach {tmp_path}/a.bin", "attached")
    await told(first, "/draft set recipients bob@there.example", "in the composer")
    await told(first, "/draft set subject precious", "precious")
    await kept("precious")
    second = await started()
    heard = await told(second, "/draft restore", "no message was left")
    assert "not sent" not in heard, "a message that is being written is nobody else's"
    first.send_signal(signal.SIGKILL)
    await first.wait()
    third = await started()
    heard = await told(third, "/draft restore", "precious")
    assert "1 message was written and not sent: /draft restore" in heard
    assert "to bob@there.example: precious" in heard
    await told(third, "/attach", "a.bin  application/octet-stream  8 octets")
    assert "no message was left" in await told(second, "/draft restore", "no message")
    for process in (second, third):
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()
    (only,) = left_over(draft_folder())
    assert only.draft.subject == "precious" and only.draft.attachments[0].data == b"attached"
    for each in draft_folder().iterdir():
        assert stat.S_IMODE(each.stat().st_mode) == 0o600
    assert stat.S_IMODE(draft_folder().stat().st_mode) == 0o700


def test_what_was_sent_or_never_touched_is_not_kept(sandbox: Sandbox) -> None:
    async def session(*lines: str) -> set[str]:
        async with at(sandbox) as (console, _):
            drafting.kept(console)
            for line in lines:
                await console.execute(line)
        return files(draft_folder())

    assert asyncio.run(session()) == set()
    assert asyncio.run(session("/message utf8", "/send bob@sandbox.example")) == set()
    assert asyncio.run(session("/message utf8", "/send nobody")) == {"json", "files.json", "lock"}


def test_attachments_are_written_when_they_change() -> None:
    keeper = Keeper(DRAFT)
    keeper.begin(draft_folder(), pytest.fail)
    keeper.set(Draft(subject="one", attachments=(FILE,)))
    keeper.write()
    (large,) = draft_folder().glob("*.files.json")
    os.utime(large, (1, 1))
    keeper.set(Draft(subject="two", attachments=keeper.draft.attachments))
    keeper.write()
    assert large.stat().st_mtime == 1
    keeper.close()
    (found,) = left_over(draft_folder())
    assert found.draft == Draft(subject="two", attachments=(FILE,))


def test_a_folder_that_cannot_be_written_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "state").write_text("no folder")
    monkeypatch.setenv("SMTPCONSOLE_STATE", str(tmp_path / "state"))
    console = Console(Person(), Journal())
    drafting.kept(console)
    console.draft = DRAFT
    asyncio.run(console.end())
    notes = [entry.event for entry in console.journal.entries if isinstance(entry.event, Noted)]
    assert len(notes) == 1 and "is not kept" in notes[0].text


def test_what_cannot_be_read_is_not_offered() -> None:
    draft_folder().mkdir(parents=True)
    (draft_folder() / "2026.json").write_text("{")
    assert left_over(draft_folder()) == []
