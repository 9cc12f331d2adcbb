"""Recorded sessions whose server is spoilt: no traceback, no hang, an end that has a name, and a
journal and exports that can be read back, without the password.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from conversation import Watched, said
from effort import NIGHTLY, plainly
from garbling import garbled
from hypothesis import given
from hypothesis import strategies as st
from kept_parsers import looked_at
from parsing import SECRET, awaited
from reparsing import reparse
from test_console import Person
from test_conversations import FILES, Written

from smtpconsole.console import commands
from smtpconsole.console.console import Console
from smtpconsole.console.settings import Settings
from smtpconsole.smtp.errors import Disconnected, HandshakeFailed
from smtpconsole.smtp.events import Phase
from smtpconsole.smtp.sasl import MechanismError
from smtpconsole.transcript.formats import FORMATS, exported
from smtpconsole.transcript.journal import Journal
from smtpconsole.transcript.reading import Unreadable, read

commands.COMMANDS.bring_all()
RECORDINGS = sorted((Path(__file__).parent / "recordings").glob("*.txt"))
PATIENCE = 0.1  # seconds for a reply: a spoilt one may never come
HANG = 25  # seconds
CHECKED = tuple(FORMATS) if NIGHTLY else ("text", "json")  # shells and HTML take their time
ENDS = (Disconnected, HandshakeFailed, MechanismError)


# --- the engine -------------------------------------------------------------------------------


def blocks_of(script: str) -> list[bytes]:
    """What the server says in one go each."""
    found = re.findall(r"(?:^S: .*(?:\n|$))+", script, re.MULTILINE)
    return [re.sub(r"^S: (.*)\n?", r"\1\r\n", each, flags=re.MULTILINE).encode() for each in found]


def played(written: Written, blocks: Sequence[bytes]) -> tuple[Watched, Journal]:
    """The exchange against what a server says; whatever comes of it is no accident."""
    session = written.session()
    journal = Journal()
    keep = session.events.append
    session.observe = lambda event: (keep(event), journal(event))[0]
    future: Future[Any] = Future()
    session.begin(written.exchange(session), future)
    for block in blocks:
        said(session)
        if session.phase is Phase.UPGRADING:
            session.upgraded()
            said(session)
        session.receive(block)
    said(session)
    session.receive_eof()
    assert future.done() and session.phase is Phase.CLOSED
    assert not session.unanswered and session.running is None
    if (error := future.exception()) is not None:
        assert isinstance(error, ENDS) and str(error), repr(error)
    return session, journal


def test_what_every_conversation_comes_to_can_be_read_by_others() -> None:
    for path in FILES:
        written = Written(path)
        _, journal = played(written, blocks_of(written.script))
        reparse("json", exported(journal, "json"))


@st.composite
def spoilt_conversation(draw: Any) -> tuple[Written, list[bytes]]:
    written = Written(draw(st.sampled_from(FILES)))
    return written, draw(garbled(blocks_of(written.script)))


@plainly(15)
@given(spoilt_conversation())
def test_an_exchange_comes_to_an_end_whatever_the_server_says(
    spoilt: tuple[Written, list[bytes]],
) -> None:
    _, journal = played(*spoilt)
    looked_at(journal)
    for name in CHECKED:
        check_export(journal, name, secret="\0secret")  # what was never said nobody hides


# --- the console ------------------------------------------------------------------------------


def recording(path: Path) -> tuple[list[str], list[bytes]]:
    """What a person entered, and what the server said in one go each."""
    lines: list[str] = []
    blocks: list[bytes] = []
    before = ""
    for line in path.read_text("utf-8").splitlines():
        mark, words = line[:2], line[3 if line[:1] == "S" else 2 :]
        if mark[0] == ">":
            lines.append(words)
        elif mark == "S:" and before == "S:":
            blocks[-1] += f"{words}\r\n".encode()
        else:
            blocks.append(f"{words}\r\n".encode())
        before = "S:" if mark[0] == "S" else mark
    return lines, blocks


async def talked(lines: Sequence[str], blocks: Sequence[bytes], path: Path) -> Person:
    """A person's session with a server that says these; a block for each time it is spoken to."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for block in blocks:
            writer.write(block)
            if not await reader.read(65536):
                break
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    person = Person(*["yes"] * 40)
    journal = Journal(path)
    settings = Settings(name="client.example", timeout=PATIENCE, remember=False)
    console = Console(person, journal, settings=settings)
    try:
        async with asyncio.timeout(HANG):
            for line in (f"/connect smtp://127.0.0.1:{port}", *lines):
                await console.execute(line)
            await console.end()
    finally:
        server.close()
        journal.close()
    assert console.phase in (None, Phase.CLOSED)
    return person


def check_export(journal: Journal, name: str, *, secret: str = SECRET) -> None:
    text = exported(journal, name)
    assert secret not in text, f"the password is in {name}"
    reparse(name, text)
    if name in ("text", "json", "jsonl"):
        try:
            looked_at(read(text).journal)
        except Unreadable as error:
            assert "no line of a session" in str(error)


@plainly(2)
@given(st.data())
@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_the_console_survives_whatever_the_server_says(path: Path, data: st.DataObject) -> None:
    lines, blocks = recording(path)
    with tempfile.TemporaryDirectory(prefix="spoilt-") as folder:
        file = Path(folder, "session.jsonl")
        person = awaited(talked(lines, data.draw(garbled(blocks)), file))
        told = [each for each in person.answers if "this is a bug" in each.title]
        assert not told, told
        assert SECRET.encode() not in file.read_bytes()
        journal = Journal.open(file)
        assert not journal.problems and len(list(journal.entries)) == len(journal)
        looked_at(journal)
        for name in CHECKED:
            check_export(journal, name)


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_a_recording_as_it_was_goes_well(path: Path, tmp_path: Path) -> None:
    """Else only the beginnings of sessions were spoilt."""
    lines, blocks = recording(path)
    person = awaited(talked(lines, blocks, tmp_path / "session.jsonl"))
    journal = Journal.open(tmp_path / "session.jsonl")
    assert "221 2.0.0 Bye" in exported(journal, "text")
    assert not [each for each in person.answers if "bug" in each.title]
