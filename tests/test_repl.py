"""The line mode: on terminals of every kind, in pipes, and what it keeps."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import run

import pexpect
import program
import pytest
from test_console import Person, said

from smtpconsole.console import pasting
from smtpconsole.console.console import Console
from smtpconsole.sandbox import Sandbox
from smtpconsole.transcript.journal import Journal

PROGRAM = [sys.executable, "-m", "smtpconsole", "repl"]
PASSWORD = "correct-horse-7291"
ESCAPE = re.compile(rb"\x1b[\[\]?]")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(password=PASSWORD) as running:
        yield running


def environment(state: Path, **more: str) -> dict[str, str]:
    return {
        **os.environ,
        "SMTPCONSOLE_STATE": str(state),
        "SMTPCONSOLE_NAME": "me.example",
        "PROMPT_TOOLKIT_NO_CPR": "1",
        **more,
    }


# --- pipes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("EHLO me\r\nNOOP \xff\nQUIT", 0),
        ("EHLO me\nRCPT TO:<a@x>\n", 1),
        ("/frobnicate\n", 1),
        ("/quit\nRCPT TO:<a@x>\n", 0),
    ],
)
def test_the_status_of_a_pipe_tells_whether_all_went_well(
    sandbox: Sandbox, tmp_path: Path, text: str, status: int
) -> None:
    octets = text.encode("latin-1")
    done = program.run("repl", f"localhost:{sandbox.port}", typed=octets, state=tmp_path)
    assert (done.returncode, done.stderr) == (status, "")
    assert "smtp>" not in done.stdout and not ESCAPE.search(done.stdout.encode())
    assert not (tmp_path / "history.jsonl").exists()
    assert (b"\xff" in octets) == (r"C: NOOP \xff" in done.stdout)  # said as it was


def test_a_file_does_as_well_as_a_pipe(sandbox: Sandbox, tmp_path: Path) -> None:
    script = tmp_path / "lines"
    script.write_text("EHLO me\nQUIT\n")
    with script.open() as lines:
        done = run(
            [*PROGRAM, f"localhost:{sandbox.port}"],
            stdin=lines,
            capture_output=True,
            timeout=60,
            env=environment(tmp_path),
            check=False,
        )
    assert done.returncode == 0 and b"C: QUIT" in done.stdout


# --- terminals --------------------------------------------------------------------------------


class Terminal:
    """The line mode in a terminal."""

    def __init__(self, state: Path, *arguments: str, **more: str) -> None:
        self.child = pexpect.spawn(
            PROGRAM[0],
            [*PROGRAM[1:], *arguments],
            env=environment(state, **more),
            dimensions=(40, 120),
            timeout=60,
        )
        self.written = b""

    def until(self, text: str) -> bytes:
        self.child.expect_exact(text)
        shown = bytes(self.child.before + self.child.after)
        self.written += shown
        return shown

    def type(self, text: str) -> None:
        self.child.send(text)

    def end(self) -> int:
        self.child.expect(pexpect.EOF)
        self.written += bytes(self.child.before)
        self.child.close()
        return int(self.child.exitstatus)


@pytest.mark.screens
@pytest.mark.parametrize(
    ("arguments", "more"), [((), {"TERM": "dumb"}), (("--accessible",), {"TERM": "xterm"})]
)
def test_a_plain_terminal_is_prompted_and_nothing_is_drawn(
    sandbox: Sandbox, tmp_path: Path, arguments: tuple[str, ...], more: dict[str, str]
) -> None:
    terminal = Terminal(tmp_path, f"localhost:{sandbox.port}", *arguments, **more)
    terminal.until("Introduce yourself.")
    terminal.until("smtp> ")
    terminal.type("NOOP junk\x03")  # Ctrl+C begins another line
    terminal.until("smtp> ")
    terminal.type("EHLO me\r")
    terminal.until("S: 250 ")
    terminal.until("smtp> ")
    terminal.type(f"/login {sandbox.user}\r")
    terminal.until("smtp> ")
    terminal.type("RCPT TO:<a@x>\r")
    terminal.until("S: 503")
    terminal.type("/quit\r")
    assert terminal.end() == 0  # somebody saw it
    assert not ESCAPE.search(terminal.written) and b"C: NOOP" not in terminal.written
    assert "EHLO me" in (tmp_path / "history.jsonl").read_text()


@pytest.mark.screens
def test_a_secret_is_typed_unseen_and_not_kept(sandbox: Sandbox, tmp_path: Path) -> None:
    for term in ("dumb", "xterm-256color"):
        state = tmp_path / term
        state.mkdir()
        where = (f"localhost:{sandbox.port}", "--ca", str(sandbox.ca_file))
        terminal = Terminal(state, *where, TERM=term)
        terminal.until("smtp>")
        terminal.type("/starttls\r")
        terminal.until("TLS 1.3")
        terminal.until("smtp>")
        terminal.type(f"/login {sandbox.user}\r")
        terminal.until(f"Password of {sandbox.user}")
        terminal.type(f"{PASSWORD}\r")
        terminal.until("logged in")
        terminal.until("smtp>")
        terminal.type(f"/login PLAIN {sandbox.user} hush-{PASSWORD}\r")
        terminal.until("smtp>")
        terminal.type("/quit\r")
        assert terminal.end() == 0
        kept = (state / "history.jsonl").read_text()
        assert "/starttls" in kept and PASSWORD not in kept
        before_it_was_typed_in_the_clear = terminal.written.partition(b"PLAIN")[0]
        assert PASSWORD.encode() not in before_it_was_typed_in_the_clear


@pytest.mark.screens
def test_a_terminal_completes_searches_and_has_colours(sandbox: Sandbox, tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, f"localhost:{sandbox.port}", TERM="xterm-256color")
    terminal.until("smtp>")
    terminal.type("\t\r")  # what the coach says
    terminal.until("EHLO me.example")
    terminal.until("\x1b[36mC: EHLO me.example")
    terminal.until("smtp>")
    terminal.type("MAIL FROM:<a@x> RET\tHD\t\r")
    terminal.until("C: MAIL FROM:<a@x> RET=HDRS")
    terminal.until("smtp>")
    terminal.type("\x12EHL\r\r")  # Ctrl+R
    terminal.until("C: EHLO me.example")
    terminal.until("smtp>")
    terminal.type("\x04")  # Ctrl+D
    assert terminal.end() == 0


@pytest.mark.screens
def test_no_color_is_heeded(sandbox: Sandbox, tmp_path: Path) -> None:
    colours = {"TERM": "xterm-256color", "NO_COLOR": "1"}
    terminal = Terminal(tmp_path, f"localhost:{sandbox.port}", **colours)
    terminal.until("smtp>")
    terminal.type("NOOP\r")
    terminal.until("S: 250")
    terminal.type("/quit\r")
    assert terminal.end() == 0
    assert not re.search(rb"\x1b\[[0-9;]*3[0-9]", terminal.written)


PASTE = "\x1b[200~EHLO me\rNOOP one\rNOOP two\r\x1b[201~"


@pytest.mark.screens
def test_what_is_pasted_waits_for_a_word(sandbox: Sandbox, tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, f"localhost:{sandbox.port}", TERM="xterm-256color")
    terminal.until("smtp>")
    terminal.type(PASTE)
    terminal.until("3 lines were pasted, and nothing is said yet: 3 said")
    terminal.until("yes/no")
    terminal.type("yesterday-7291\r")  # a password, by somebody who expects to be asked for one
    assert b"C: NOOP" not in terminal.until("nothing was said")
    assert b"yest" not in terminal.written
    terminal.until("smtp>")
    terminal.type(PASTE)
    terminal.until("yes/no")
    terminal.type("yes\r")
    terminal.until("C: NOOP two")
    terminal.type("/quit\r")
    assert terminal.end() == 0


# --- pasting ----------------------------------------------------------------------------------


def test_what_was_pasted_is_told_without_secrets() -> None:
    lines = ["EHLO me", "AUTH PLAIN AGEAaHVzaA==", "AUTH LOGIN", "YWxpY2U=", "aHVzaA==", ""]
    lines += ["/login al hush", "# a note", "DATA", "/etc/x", "hi", ".", "NOOP", "/send 'open"]
    told = pasting.staged(Console(Person(), Journal()), lines)
    text = "\n".join(told.lines)
    assert "14 lines were pasted, and nothing is said yet: 7 said" in told.title
    assert "1 left out" in told.title and "1 noted" in told.title and "2 content" in told.title
    assert not any(secret in text for secret in ("hush", "AGEA", "aHVz", "YWxp"))
    assert text.count("[not shown]") == 5 and "... and 2 more" in text


async def test_lines_that_nobody_would_hear_are_not_said(sandbox: Sandbox) -> None:
    person = Person()
    console = Console(person, Journal())
    await pasting.enter(
        console, [f"/connect localhost:{sandbox.port}", "NOOP", "", "QUIT", "NOOP", "NOOP"]
    )
    assert said(console) == [b"NOOP\r\n", b"QUIT\r\n"]
    assert "the last 2 lines were not said" in person.last
    await console.end()


def test_lines_are_split_whatever_ends_them() -> None:
    assert pasting.split("a\r\nb\rc\n\nd\n") == ["a", "b", "c", "", "d"]
    assert pasting.split("one") == ["one"] and pasting.split("one\n") == ["one"]
