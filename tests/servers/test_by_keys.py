"""The whole way in a terminal by keys alone: explore, upgrade, log in, compose, send, read why
something was refused, export, quit; on the sandbox and on servers of others, in both sizes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import dovecot
import postfix
import pytest
from driving import NARROW, WIDE
from terminal import ENDED, Terminal

from smtpconsole.smtp.events import Answered, Sent
from smtpconsole.transcript.reading import read

pytestmark = pytest.mark.servers

NAME = "client.example"


@dataclass(frozen=True)
class Stage:
    """A server, and what is special about it."""

    arguments: list[str]
    password: str
    recipient: str
    refused: tuple[str, str, str]  # a line, the reply, and what the explanation says
    user: str = ""  # where it has to be told
    arrived: Callable[[], bytes] | None = None  # the message, where it can be read
    takes: str = "has taken the message for 1 recipient"


def on_sandbox(request: pytest.FixtureRequest) -> Stage:
    """The one of the console itself."""
    return Stage(
        ["--sandbox"],
        "wonderland",
        "bob@sandbox.example",
        ("RCPT TO:<bob@sandbox.example>", "503 5.5.1", "no sender yet"),
    )


def on_postfix(request: pytest.FixtureRequest) -> Stage:
    """A relay that knows its users."""
    mta = request.getfixturevalue("mta")
    before = len(mta.letters("bob")) if (mta.folder / "mail/bob/new").is_dir() else 0
    return Stage(
        [f"localhost:{mta.port}", "--ca", str(mta.ca)],
        postfix.PASSWORD,
        f"bob@{postfix.DOMAIN}",
        ("VRFY nobody@example.test", "550 5.1.1", "recipient not known"),
        user=postfix.USER,
        arrived=lambda: mta.wait_for_letters("bob", before + 1)[before],
    )


def on_dovecot(request: pytest.FixtureRequest) -> Stage:
    """A submission server, which hands on what it takes."""
    mda = request.getfixturevalue("mda")
    return Stage(
        [f"localhost:{mda.port}", "--ca", str(mda.ca)],
        dovecot.PASSWORD,
        f"bob@{dovecot.DOMAIN}",
        ("RCPT TO:<bob@example.test>", "503 5.5.0", "no sender yet"),
        user=dovecot.USER,
    )


@pytest.fixture(params=[on_sandbox, on_postfix, on_dovecot], ids=["sandbox", "postfix", "dovecot"])
def stage(request: pytest.FixtureRequest) -> Stage:
    found: Stage = request.param(request)
    return found


@pytest.fixture(params=[WIDE, NARROW], ids=["120x40", "80x24"])
def terminal(request: pytest.FixtureRequest, stage: Stage, tmp_path: Path) -> Iterator[Terminal]:
    command = [sys.executable, "-m", "smtpconsole", *stage.arguments, "--name", NAME]
    running = Terminal(command, request.param, tmp_path)
    try:
        yield running
    finally:
        running.end()


def test_the_whole_way_by_keys_alone(terminal: Terminal, stage: Stage, tmp_path: Path) -> None:
    explore_and_upgrade(terminal)
    log_in(terminal, stage)
    compose_and_send(terminal, stage)
    read_what_went_wrong(terminal, stage)
    export(terminal, tmp_path / "kept.txt")
    terminal.keys("C-q")
    screen = terminal.until(f"{ENDED} 0")
    assert "READY" not in screen  # the terminal has its own screen again
    the_export_can_be_read(stage, (tmp_path / "kept.txt").read_text())
    if stage.arrived is not None:
        letter = stage.arrived()
        assert b"Subject: Test by keys\n" in letter and b"\n.dot\n" in letter
    if stage.user:  # the password of the sandbox is told to everybody
        kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
        assert stage.password.encode() not in b"".join(kept)


def explore_and_upgrade(terminal: Terminal) -> None:
    terminal.until("READY", "<-  220 ", "no TLS")
    for offer in (f"EHLO {NAME}", "STARTTLS", f"EHLO {NAME}"):
        terminal.until(f"Tab: {offer}")
        terminal.keys("Tab", "Enter")
    terminal.until("TLS 1.3", "Tab: /login")
    terminal.keys("F2")
    terminal.until("promised", "messages up to 10 MiB")
    terminal.keys("F3")
    terminal.until("the certificate proves the server")
    # Not Escape: what comes at once behind it, a terminal reads as Alt and a key.
    terminal.keys("F9")
    terminal.until_gone("the certificate proves the server")


def log_in(terminal: Terminal, stage: Stage) -> None:
    terminal.keys("Tab", "Enter")
    if stage.user:
        terminal.until("Mechanism (just Enter", "answer>", "Esc: no answer")
        terminal.keys("Enter")
        terminal.until("User:", "answer>", "Esc: no answer")
        terminal.line(stage.user)
    terminal.until("Password of", "secret>")
    terminal.type(stage.password)
    terminal.until(f"secret> {'•' * len(stage.password)}")
    terminal.keys("Enter")
    terminal.until("logged in as", "235 2.7.0")


def compose_and_send(terminal: Terminal, stage: Stage) -> None:
    terminal.keys("F4")
    terminal.until("Envelope: what is said")
    terminal.keys("C-u")
    terminal.type(stage.recipient)
    terminal.until(f"To         {stage.recipient}")
    terminal.keys(*["Tab"] * 11)
    terminal.type(" by keys")
    terminal.until("Test by keys")
    terminal.keys(*["Tab"] * 5)
    terminal.line(".dot")
    terminal.until(".dot")
    terminal.keys("F5")
    terminal.until("rehearsal", "MAIL FROM:<alice@", f"RCPT TO:<{stage.recipient}>", "Enter sends")
    terminal.keys("Enter")
    terminal.until(stage.takes, "Tab: QUIT")


def read_what_went_wrong(terminal: Terminal, stage: Stage) -> None:
    line, reply, told = stage.refused
    terminal.line(line)
    terminal.until(f"<~* {reply}", "Tab: ?")
    terminal.keys("Tab", "Enter")
    terminal.until(told, "Esc closes")
    terminal.keys("Escape")
    terminal.until_gone("Esc closes")
    terminal.keys("F6", "E", "Enter")
    terminal.until(told, "Esc closes")
    terminal.keys("Escape")
    terminal.until_gone("Esc closes")


def export(terminal: Terminal, path: Path) -> None:
    terminal.keys("F8")
    terminal.until("markdown", "Enter saves", "# SMTP session with")
    terminal.keys("Down")
    terminal.until(".txt", "=== connecting to")
    terminal.keys("Tab")
    terminal.keys("C-u")
    terminal.type(str(path))
    terminal.keys("Enter")
    terminal.until("saved as")


def the_export_can_be_read(stage: Stage, text: str) -> None:
    reading = read(text)
    assert reading.format == "text" and reading.problems == ()
    events = [entry.event for entry in reading.journal.entries]
    said = [event.send for event in events if isinstance(event, Sent)]
    verbs = [send.verb for send in said]
    for verb in (b"EHLO", b"STARTTLS", b"AUTH", b"MAIL", b"RCPT", b"DATA"):
        assert verb in verbs, verb
    assert f"RCPT TO:<{stage.recipient}>\r\n".encode() in [send.data for send in said]
    last = [event for event in events if isinstance(event, Answered)][-1]
    assert str(last.reply).startswith(stage.refused[1])
