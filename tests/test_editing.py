"""A message in an editor, which here is a shell script."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import pytest

from smtpconsole.composer.draft import Draft
from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.composing import editing
from smtpconsole.console.console import Console
from smtpconsole.transcript.journal import Journal
from tests.test_console import Person

DRAFT = Draft("alice@here.example", ("bob@there.example",), subject="Hello", body="one\n")


class Author(Person):
    """Edits with the editor that is set."""

    async def edit(self, text: str, *, suffix: str) -> str | None:
        return await editing.edited(text, suffix=suffix)


def set_editor(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    file = folder / "my editor"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o700)
    monkeypatch.setenv("VISUAL", f"'{file}' --wait")
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)


def enter(line: str, draft: Draft = DRAFT) -> tuple[Draft, str]:
    """The draft after a line, and what was told."""
    person = Author()

    async def execute() -> Draft:
        console = Console(person, Journal())
        console.draft = draft
        await console.execute(line)
        return console.draft

    return asyncio.run(execute()), person.last


def test_what_the_editor_leaves_is_the_body(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_editor(monkeypatch, tmp_path, 'echo "two" >> "$2"; stat -c %a "$2" > "$2.mode"')
    draft, told = enter("/edit")
    assert draft.body == "one\ntwo\n"
    assert "the body has changed" in told
    assert [each.read_text() for each in tmp_path.glob("*.txt.mode")] == ["600\n"]
    assert not list(tmp_path.glob("*.txt")), "the file goes when it has been read"


@pytest.mark.parametrize("script", ["true", 'printf "one\\n" > "$2"'])
def test_a_text_that_was_only_looked_at_stays(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_editor(monkeypatch, tmp_path, script)
    assert enter("/edit") == (DRAFT, "the body is as it was")


def test_the_source_is_edited_and_sent_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_editor(monkeypatch, tmp_path, "sed -i 's/^Subject: .*/Subject: x\\nsubject: y/' \"$2\"")
    draft, _ = enter("/edit source")
    assert draft.source is not None
    assert b"\r\nSubject: x\r\nsubject: y\r\n" in draft.source
    assert draft.source.count(b"\r") == draft.source.count(b"\n")


def test_line_ends_that_differ_are_the_editors_to_see(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_editor(monkeypatch, tmp_path, 'printf "\\351\\n.\\n" >> "$2"')
    source = b"Subject: x\r\n\r\nbare\nLF \xff\r\n"
    draft, _ = enter("/edit source", Draft("a@b.example", ("c@d.example",), source=source))
    assert draft.source == source + b"\xe9\n.\n"


def test_the_body_of_a_source_is_edited_in_the_source(tmp_path: Path) -> None:
    _, told = enter("/edit body", Draft("a@b.example", ("c@d.example",), source=b"x"))
    assert "/edit source" in told


def test_what_was_written_outlives_an_editor_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_editor(monkeypatch, tmp_path, 'echo "dear" > "$2"; exit 3')
    draft, told = enter("/edit")
    assert draft == DRAFT
    (file,) = tmp_path.glob("smtpconsole-*.txt")
    assert file.read_text() == "dear\n" and str(file) in told and "status 3" in told
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_an_editor_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", "no-such-editor -w")
    draft, told = enter("/edit")
    assert draft == DRAFT and "there is no editor no-such-editor" in told and "VISUAL" in told


def test_without_any_editor_it_is_said_how_to_name_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("VISUAL", "EDITOR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConsoleError) as told:
        editing.editor()
    assert "EDITOR=nano" in told.value.hints[0]


def test_edit_words_that_do_not_parse_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", "vi '")
    with pytest.raises(ConsoleError, match="VISUAL is not a command"):
        editing.editor()
