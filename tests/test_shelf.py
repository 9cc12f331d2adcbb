"""Sessions that are kept: listed, named, deleted, pruned, opened."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from program import run

from smtpconsole.console import paths
from smtpconsole.console.console import Console
from smtpconsole.smtp import events
from smtpconsole.transcript import shelf
from smtpconsole.transcript.journal import Journal

NOW = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SMTPCONSOLE_STATE", str(tmp_path))
    return paths.journal_folder()


def keep(folder: Path, days_ago: float = 0, *, host: str = "mail.example", size: int = 0) -> Path:
    """A session of some days ago."""
    began = NOW - timedelta(days=days_ago)
    path = folder / f"{began:%Y-%m-%dT%H-%M-%S}-1.jsonl"
    journal = Journal(path)
    if host:
        journal(events.Dialling(events.Target(host, 25)))
    journal(events.Noted("x" * size))
    journal.close()
    text = path.read_text()
    path.write_text(text.replace(journal.began.isoformat(), began.isoformat()))
    return path


class Person:
    """A front end of few words."""

    def __init__(self, *replies: str) -> None:
        self.replies = list(replies)
        self.told: list[str] = []

    def show(self, answer) -> None:  # type: ignore[no-untyped-def]
        self.told.append("\n".join([answer.title, *answer.lines]))

    async def ask(self, question: str, *, secret: bool = False) -> str:
        self.told.append(question)
        return self.replies.pop(0)

    async def edit(self, text: str, *, suffix: str) -> str | None:
        return None

    def progress(self, progress: object) -> None: ...

    def copy(self, text: str) -> str:
        return ""

    def teach(self, answer: object) -> None: ...

    def leave(self) -> None:
        """Go nowhere."""


def test_the_journals_of_a_folder_are_told_the_newest_first(folder: Path) -> None:
    keep(folder, 2, host="old.example")
    keep(folder, 1, host="")
    (folder / "notes.jsonl").write_text("{}\n")
    (folder / "other.txt").write_text("x")
    os.mkfifo(folder / "fifo.jsonl")
    live = Journal(folder / "live.jsonl")
    found = shelf.kept(folder)
    assert found[0].path.name == "live.jsonl"
    assert [(each.target, each.is_live, each.is_empty) for each in found] == [
        ("", True, True),
        ("", False, False),
        ("old.example:25", False, False),
    ]
    live.close()
    assert not shelf.kept(folder)[0].is_live
    assert shelf.kept(folder / "none") == []


def test_a_journal_is_found_by_number_name_and_file(folder: Path) -> None:
    path = shelf.renamed(keep(folder), "the bounce")
    journals = shelf.kept(folder)
    for which in ("1", "the bounce", path.name, path.stem, str(path)):
        assert shelf.find(journals, which) == journals[0]
    for which in ("0", "2", "²", "", "other"):
        assert shelf.find(journals, which) is None
    assert shelf.renamed(path, "").name == path.name.replace("--the bounce", "")


@pytest.mark.parametrize("name", ["../x", "a/b", "\x1b[31m", "x" * 81, "a--b", " a", "-- "])
def test_a_name_cannot_lead_elsewhere(folder: Path, name: str) -> None:
    path = keep(folder)
    with pytest.raises(ValueError, match="a name has letters"):
        shelf.renamed(path, name)
    assert path.exists()


def test_the_old_and_then_the_oldest_go_but_none_that_has_a_name_or_is_written(
    folder: Path,
) -> None:
    named = shelf.renamed(keep(folder, 300), "kept")
    old, large, small = keep(folder, 100), keep(folder, 3, size=5000), keep(folder, 2, size=100)
    live = Journal(folder / "live.jsonl")
    empty = Journal(folder / "empty.jsonl")
    empty.close()
    gone = shelf.prune(folder, days=90, octets=2000, now=NOW)
    assert {each.path for each in gone} == {old, large, folder / "empty.jsonl"}
    assert {each.path for each in shelf.kept(folder)} == {named, small, folder / "live.jsonl"}
    live.close()


def test_the_journal_of_another_process_is_not_pruned(folder: Path) -> None:
    script = (
        "import sys, pathlib\n"
        "from smtpconsole.transcript.journal import Journal\n"
        "from smtpconsole.smtp.events import Noted\n"
        "journal = Journal(pathlib.Path(sys.argv[1]))\n"
        "journal(Noted('x'))\n"
        "print('ready', flush=True)\n"
        "sys.stdin.read()\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script, folder / "live.jsonl"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with child:
        assert child.stdout is not None
        child.stdout.readline()
        later = datetime.now(UTC) + timedelta(days=1)
        assert shelf.prune(folder, days=0, octets=0, now=later) == []
        child.kill()  # and a killed process holds nothing
    assert len(shelf.prune(folder, days=0, octets=0, now=later)) == 1


async def test_the_console_lists_names_opens_and_deletes(folder: Path) -> None:
    keep(folder, 1, host="old.example")
    own = Journal(folder / "own.jsonl")
    person = Person("no", "yes")
    console = Console(person, own)
    await console.execute("/journal")
    assert "2 sessions are kept" in person.told[-1]
    assert "this session" in person.told[-1] and "old.example:25" in person.told[-1]
    assert "90 days, 1000 MB" in person.told[-1]
    await console.execute("/journal name this my try")
    assert own.path is not None and own.path.name == "own--my try.jsonl" and own.path.exists()
    await console.execute("/journal open 2")
    assert "connecting to old.example:25" in person.told[-1]
    await console.execute("/journal delete 2")
    assert "nothing was deleted" in person.told[-1] and "old.example:25" in person.told[-2]
    await console.execute("/journal delete 2")
    assert "is deleted" in person.told[-1] and len(shelf.kept(folder)) == 1
    await console.execute("/journal delete 1")
    assert "it is this session's" in person.told[-1]
    await console.execute("/journal open 7")
    assert "there is no journal '7'" in person.told[-1]
    (folder / "bad.jsonl").write_bytes(b"\x00\xff")
    await console.execute(f"/journal open {folder}/bad.jsonl")
    assert "there is no journal" in person.told[-1]
    own.close()


async def test_what_is_pruned_by_hand_is_told(folder: Path) -> None:
    keep(folder, 400, size=2000)
    person = Person()
    console = Console(person, Journal())
    await console.execute("/set journal-days 1000")
    await console.execute("/journal prune")
    assert "nothing is older" in person.told[-1]
    await console.execute("/set journal-days 30")
    await console.execute("/journal prune")
    assert "1 old journal was deleted (2." in person.told[-1]


async def test_a_recorded_session_cannot_be_gone_on_with(folder: Path) -> None:
    person = Person()
    console = Console(person, Journal.open(keep(folder)))
    await console.execute("/connect localhost")
    assert "recorded session" in person.told[-1]


def test_the_shell_prints_a_recorded_session_and_refuses_what_is_none(folder: Path) -> None:
    path = keep(folder)
    for which in (str(path), "1"):
        done = run("open", which)
        assert done.stdout.startswith("=== connecting to mail.example:25\n"), done.stderr
    (folder / "bad.jsonl").write_bytes(b"\x00\xff")
    for which in ("7", str(folder / "bad.jsonl"), str(folder)):
        done = run("open", which)
        assert done.returncode == 1 and "Traceback" not in done.stderr
        assert "Error: " in done.stderr


def test_old_journals_are_pruned_at_the_start_and_that_is_told(folder: Path) -> None:
    path = keep(folder, 400)
    done = run("--lines", typed="/quit\n")
    assert done.returncode == 0 and "*: 1 old journal was deleted" in done.stdout
    assert not path.exists()
