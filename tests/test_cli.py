"""The program as the shell sees it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from program import run

from smtpconsole.cli import subcommand, subcommands, told
from smtpconsole.sandbox import Sandbox


def started(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """The program with its start; the tests that want no more than the program fork it."""
    return subprocess.run(
        [sys.executable, "-m", "smtpconsole", *arguments],
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_and_version() -> None:
    done = started("--help")
    assert done.returncode == 0 and "--sandbox" in done.stdout
    assert "smtpconsole" in started("--version").stdout


@pytest.mark.parametrize(
    "arguments",
    [["a b"], ["ftp://x"], ["x", "--ca", "/no/such"], ["x", "--timeout", "never"], ["--what"]],
)
def test_a_wrong_word_gets_a_sentence(tmp_path: Path, arguments: list[str]) -> None:
    done = run(*arguments, state=tmp_path)
    assert done.returncode != 0
    assert "Error" in done.stderr and "Traceback" not in done.stderr


def test_a_folder_that_cannot_be_written_is_told_and_the_session_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run("--lines", typed="# a note\n/quit\n", state=tmp_path / "file")
    assert done.returncode == 0 and "Traceback" not in done.stderr
    assert "*: this session is not kept" in done.stdout and "SMTPCONSOLE_STATE" in done.stdout


def test_lines_from_a_pipe_deliver_a_message() -> None:
    script = (
        "/starttls\n/login alice@sandbox.example\nwonderland\nMAIL FROM:<alice@sandbox.example>\n"
        "RCPT TO:<bob@sandbox.example>\nDATA\nSubject: piped\n\n/frobnicate\nHi\n.\nQUIT\n"
    )
    with Sandbox() as sandbox:
        done = started(f"localhost:{sandbox.port}", "--ca", str(sandbox.ca_file), text=script)
        (letter,) = sandbox.mailbox.letters()
    assert done.returncode == 1, "a line was no command"
    assert letter.content == b"Subject: piped\r\n\r\nHi\r\n"
    assert "S: 220 sandbox.example" in done.stdout
    assert "C: MAIL FROM:<alice@sandbox.example>" in done.stdout
    assert "! /frobnicate is not a command, and nothing was sent" in done.stdout
    assert "wonderland" not in done.stdout
    assert done.stderr == ""


def test_the_sandbox_opens_in_line_mode(tmp_path: Path) -> None:
    done = run("--sandbox", "--no-journal", typed="NOOP\n/quit\n", state=tmp_path)
    assert "S: 250 2.0.0 Ok" in done.stdout
    assert not list(tmp_path.rglob("*.jsonl"))


def test_help_tells_of_each_subcommand_what_that_says_of_itself() -> None:
    for name in subcommands():
        help_ = " ".join((subcommand(name).help or "").split())
        assert told(name) and help_.startswith(told(name)), name
