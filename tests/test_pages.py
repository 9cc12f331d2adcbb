"""The pages hold: their sessions are what the program says, and all that they name is there."""

from __future__ import annotations

import contextlib
import difflib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import click
import pytest
from click.testing import CliRunner
from make import MADE, PAGES, ROOT
from sessions import blocks, page
from steady import steady

from smtpconsole.cli import main
from smtpconsole.cli.shells import everything
from smtpconsole.composer.messages import MESSAGES
from smtpconsole.console.commands import COMMANDS
from smtpconsole.console.ways import WAYS
from smtpconsole.knowledge.wording import TOPICS, wordings
from smtpconsole.lessons.catalogue import course
from smtpconsole.sandbox import faults
from smtpconsole.smtp.sasl import MECHANISMS

DOCS_FOLDER = ROOT / "docs"
DOCS = [*PAGES, *(DOCS_FOLDER / f"{name}.md" for name in MADE)]
OWN = [*DOCS, *ROOT.glob("*.md")]
WITH_SESSIONS = [each for each in PAGES if "```console" in each.read_text()]
EVERY_PAGE = pytest.mark.parametrize("file", DOCS, ids=lambda each: each.stem)


@pytest.mark.parametrize("file", WITH_SESSIONS, ids=lambda each: each.stem)
def test_a_page_shows_what_the_program_says(file: Path) -> None:
    before = file.read_text()
    now = page(before)
    changed = difflib.unified_diff(before.splitlines(), now.splitlines(), lineterm="")
    assert now == before, "run make screenshots:\n" + "\n".join(changed)


def test_a_session_that_says_something_else_is_noticed_and_times_are_not() -> None:
    head = "$ smtpconsole repl localhost:2525\n*: connecting to localhost:2525"
    shown = f"```console\n{head}\n…\n{{}}\n```\n"
    said = "S: 220 sandbox.example ESMTP smtpconsole sandbox\n*: connection closed"
    assert page(shown.format(said)) == shown.format(said)
    assert page(shown.format("S: 220 elsewhere.example\n*: connection closed")) == shown.format(
        said
    )
    assert steady("connected in 3 ms") == steady("connected in  12 ms") != steady("connected")
    assert steady("<- 250 2.1.0 Ok") != steady("<- 251 2.1.0 Ok")


@pytest.mark.parametrize("name", ["settings", "keys"])
def test_settings_that_a_page_shows_can_be_set(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shown, *_) = [b for b in blocks((DOCS_FOLDER / f"{name}.md").read_text()) if b.kind == "toml"]
    (tmp_path / "config.toml").write_text("\n".join(shown.lines))
    monkeypatch.setenv("SMTPCONSOLE_CONFIG", str(tmp_path))
    done = CliRunner().invoke(main, ["settings", "--check"])
    assert done.exit_code == 0, done.output


# --- links --------------------------------------------------------------------------------------


def links(text: str) -> Iterator[str]:
    """Where a page links to, beside the web."""
    prose = re.sub(r"^(`{3,}).*?^\1$", "", text, flags=re.DOTALL | re.MULTILINE)
    prose = re.sub(r"`[^`\n]*`", "", prose)
    found = re.findall(r"\]\(([^)\s]+)\)", prose)
    return (each for each in found if not re.match(r"[a-z]+:", each))


def anchors(text: str) -> set[str]:
    """What can stand behind the # of a link to it, as GitHub has it."""
    prose = re.sub(r"^(`{3,}).*?^\1$", "", text, flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^#+ (.*)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in titles}


@pytest.mark.parametrize("file", sorted(set(OWN)), ids=lambda each: each.stem)
def test_every_link_leads_somewhere(file: Path) -> None:
    for link in links(file.read_text()):
        path, _, anchor = unquote(link).partition("#")
        target = (file.parent / path) if path else file
        assert target.exists(), f"{file.name} links to {link}"
        assert not anchor or anchor in anchors(target.read_text()), f"{file.name}: {link}"


def test_every_page_and_picture_is_linked_to() -> None:
    pages = [file for file in DOCS if file.parent.name == "docs"]
    linked = {
        (file.parent / link.partition("#")[0]).resolve()
        for file in OWN
        for link in links(file.read_text())
    }
    index = {
        (DOCS_FOLDER / each).resolve() for each in links((DOCS_FOLDER / "README.md").read_text())
    }
    assert {each.name for each in pages if each not in linked} <= {"README.md"}
    assert {each.name for each in pages if each not in index} == {"README.md"}
    pictures = (ROOT / "screenshots").glob("*.svg")
    assert {each.name for each in pictures if each not in linked} == set()


# --- what pages say can be typed ----------------------------------------------------------------


def code(text: str) -> Iterator[str]:
    """Each line that a page shows as code."""
    for block in blocks(text):
        if block.kind not in ("python", "toml", "yaml"):
            yield from block.lines
    prose = re.sub(r"^(`{3,}).*?^\1$", "", text, flags=re.DOTALL | re.MULTILINE)
    yield from re.findall(r"(?<!`)`([^`\n]+)`(?!`)", prose)
    yield from re.findall(r"^    (\S.*)$", prose, re.MULTILINE)


@EVERY_PAGE
def test_every_command_of_the_shell_and_its_options_exist(file: Path) -> None:
    known = {each.name: {n for o in each.options for n in o.names} for each in everything()}
    for line in code(file.read_text()):
        for said in re.findall(r"\bsmtpconsole((?: [^|;&#<>`]+)?)", line):
            given = said.split()
            name = given[0] if given and given[0] in known else ""
            for word in given:
                option = word.partition("=")[0].rstrip(",.)")
                if re.fullmatch(r"--?[a-z][a-z0-9-]*", option):
                    assert option in known[name], f"{file.name}: smtpconsole {name} {option}"


@EVERY_PAGE
def test_a_line_for_the_shell_or_the_console_is_understood_as_it_stands(file: Path) -> None:
    for block in blocks(file.read_text()):
        for line in block.lines if block.kind == "sh" else ():
            first, *given = shlex.split(re.split(" [|&<>]", line)[0], comments=True) or [""]
            if first == "smtpconsole":
                with contextlib.suppress(click.exceptions.Exit):  # of --help
                    main.make_context(first, given)
            elif first.startswith("/"):
                COMMANDS[first[1:]].bound(tuple(given))


@EVERY_PAGE
def test_every_command_of_the_console_and_its_options_exist(file: Path) -> None:
    for line in code(file.read_text()):
        typed = line.removeprefix("smtp> ").removeprefix("> ")
        if not (match := re.match(r"/([a-z]+)(?= |$)(.*)", typed)):
            continue
        if match[1] == "name":  # stands for any of them
            continue
        assert match[1] in COMMANDS, f"{file.name}: {typed}"
        options = {*COMMANDS[match[1]].options, *(f"--{each}" for each in WAYS)}
        for option in re.findall(r" (--[a-z-]+)", match[2].partition("#")[0]):
            assert option in options, f"{file.name}: {typed}"


# --- what the README counts ---------------------------------------------------------------------


def phrases() -> int:
    return sum(len(entry["phrases"]) for topic in TOPICS for entry in wordings(topic))


NUMBERS = {"nineteen": 19, "twenty": 20, "twenty-one": 21, "ninety": 90}


@pytest.mark.parametrize(
    ("words", "count", "is_exact"),
    [
        (r"(\S+) mechanisms", len(MECHANISMS), True),
        (r"(\S+)\s+ready-made test messages", len(MESSAGES), True),
        (r"\*\*(\S+) lessons", len(course()), True),
        (r"more than (\S+) ways", len(faults.known()), False),
        (r"(\d+) wordings", phrases(), False),
    ],
)
def test_a_number_of_the_readme_is_right(words: str, count: int, is_exact: bool) -> None:
    for told in re.findall(words, (ROOT / "README.md").read_text()):
        number = NUMBERS.get(told.lower()) or int(told)
        assert number == count if is_exact else number <= round(count, -1), (
            f"{told}: there are {count}"
        )
