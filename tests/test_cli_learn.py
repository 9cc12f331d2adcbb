"""smtpconsole learn: lists, checks and saves lessons, and takes one in lines."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import html5lib
import program
import pytest
from test_learning import LESSON

from smtpconsole.lessons import catalogue, kinds
from smtpconsole.lessons.checks import KINDS

DOCS = Path(__file__).parents[1] / "docs"


def learn(
    tmp_path: Path, *words: str, typed: str = "", status: int = 0
) -> subprocess.CompletedProcess[str]:
    done = program.run("learn", *words, typed=typed, state=tmp_path / "state")
    assert done.returncode == status, done
    return done


def test_the_lessons_are_listed_with_what_is_done(tmp_path: Path) -> None:
    lines = learn(tmp_path, "--list").stdout.splitlines()
    assert len(lines) == len(catalogue.course())
    assert re.fullmatch(r" 1       hello +\d+ min  Hello", lines[0])
    state = tmp_path / "state"
    state.mkdir(exist_ok=True)
    (state / "lessons.json").write_text(
        '{"smtpconsole lessons": 1, "lessons": {"hello": {"step": 1, "done": [0]}}}'
    )
    assert " 1 1/6   hello" in learn(tmp_path, "--list").stdout
    told = json.loads(learn(tmp_path, "--list", "--json").stdout)
    assert [each["number"] for each in told] == list(range(1, len(lines) + 1))
    assert told[0]["done"] == 1 and told[1]["done"] == 0 and len(told[0]["steps"]) > 1


def test_a_lesson_of_ones_own_is_checked_line_by_line(tmp_path: Path) -> None:
    file = tmp_path / "mine.md"
    file.write_text(LESSON)
    assert learn(tmp_path, "--check", str(file)).stdout == (
        "5 steps and 4 wrong turns: all of it holds\n"
    )
    file.write_text(LESSON.replace("try HELO x", "try HELP x"))
    told = learn(tmp_path, "--check", str(file), status=1).stdout
    assert told.startswith(f"{file}:31: Greet: after the wrong turn 'HELP x'")
    file.write_text(LESSON.replace("sent ^EHLO", "sent ["))
    told = learn(tmp_path, "--check", str(file), status=1).stderr
    assert "is no lesson yet" in told and "line 22: the pattern cannot be read" in told


def test_a_page_holds_the_lesson_and_the_session_of_its_solution(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    learn(tmp_path, "--html", str(page), "2")
    html5lib.HTMLParser(strict=True).parse(page.read_text())
    assert "<pre>250 2.0.0 Ok: kept as 1</pre>" in page.read_text()
    assert "left as it is" in learn(tmp_path, "--html", str(page), "2", status=1).stderr


def test_a_lesson_is_taken_in_lines(tmp_path: Path) -> None:
    file = tmp_path / "mine.md"
    file.write_text(LESSON.replace("reply to NOOP 421\nclosed", "reply to NOOP 421"))
    typed = "\n/connect\n\nHELO x\nEHLO x\n\n\nNOOP\n\n1\n2\n/learn list\n/learn leave\n"
    told = learn(tmp_path, str(file), "--lines", typed=typed).stdout
    places = [
        told.index(words)
        for words in (
            "Of tests\n  Begin, alice@sandbox.example.",
            "Step 1 of 5: Connect",
            "step 1 of 5 is done\n  ok you are connected",
            "Step 2 of 5: Greet",
            "not quite\n  That is the old one.",
            "step 2 of 5 is done",
            "Step 3 of 5: Read\n  Just read.",
            "step 4 of 5 is done",
            "Answer with its number.",
            "1 is not it\n  No.",
            "2 is right\n  Yes.",
            f"{len(catalogue.course())} lessons",
            "your place in it is kept",
        )
    ]
    assert places == sorted(places)


def test_what_cannot_be_taken_is_told_before_anything_opens(tmp_path: Path) -> None:
    told = learn(tmp_path, "no-such", status=1).stderr
    assert "there is no lesson 'no-such'" in told
    told = learn(tmp_path, "2", "mx.example.org", status=1).stderr
    assert "is for the sandbox: it would do harm elsewhere" in told


@pytest.mark.parametrize("name", sorted(KINDS))
def test_each_check_is_in_the_docs(name: str) -> None:
    assert kinds
    assert re.search(rf"^\| `{name}\b", (DOCS / "lessons.md").read_text(), re.MULTILINE)
