"""Sessions from the shell: exported, compared, done again, served, looked at."""

from __future__ import annotations

import json
import os
import signal
import smtplib
import subprocess
import sys
from pathlib import Path

import pytest
import recorded
from program import run
from reparsing import reparse
from test_diffing import OLD, SAME

from smtpconsole.sandbox import Sandbox
from smtpconsole.transcript.formats import exported

PLAIN = (
    "S: 220 x\nC: EHLO me\nS: 250 x\nC: NOOP\nS: 250 2.0.0 Ok\nC: VRFY bob\nS: 250 x\nC: QUIT\n"
    "S: 221 2.0.0 Bye\n"
)


@pytest.fixture
def before(tmp_path: Path) -> Path:
    path = tmp_path / "before.txt"
    path.write_text(OLD)
    return path


def test_a_transcript_of_another_tool_is_exported(before: Path, tmp_path: Path) -> None:
    done = run("export", str(before), "--format", "html", state=tmp_path)
    assert done.returncode == 0, done.stderr
    reparse("html", done.stdout)
    target = tmp_path / "out.json"
    words = ("export", str(before), "-f", "json", "-o", str(target))
    done = run(*words, "--no-content", state=tmp_path)
    assert done.returncode == 0 and "content not shown" in target.read_text()
    assert target.stat().st_mode & 0o777 == 0o600
    done = run(*words, state=tmp_path)
    assert done.returncode == 1 and "is there already" in done.stderr


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["export", "/no/such"], 1),
        (["export", "{}", "-f", "pdf"], 2),
        (["diff", "/no/such", "{}"], 2),
        (["diff", "{}", "{}", "--heed", "moods"], 2),
        (["replay", "/no/such", "localhost:1"], 2),
        (["replay", "{}", "localhost:1", "--diff"], 2),
        (["open", "/no/such"], 1),
        (["sandbox", "--replay", "/no/such"], 1),
    ],
)
def test_what_cannot_be_done_gets_a_sentence(
    before: Path, tmp_path: Path, words: list[str], code: int
) -> None:
    done = run(*(word.replace("{}", str(before)) for word in words), state=tmp_path)
    assert done.returncode == code, done.stderr
    assert "Error" in done.stderr and "Traceback" not in done.stderr


def test_diff_ends_as_diff_does(before: Path, tmp_path: Path) -> None:
    same, other = tmp_path / "same.txt", tmp_path / "other.txt"
    same.write_text(SAME)
    other.write_text(SAME.replace("250 2.1.5 Ok", "451 4.7.1 later"))
    assert run("diff", str(before), str(same), state=tmp_path).returncode == 0
    done = run("diff", str(before), str(other), state=tmp_path)
    assert done.returncode == 1 and "451 4.7.1 later" in done.stdout
    done = run("diff", str(before), str(other), "--json", state=tmp_path)
    assert json.loads(done.stdout)["same"] is False
    done = run("diff", str(before), str(other), "--ignore", "codes", state=tmp_path)
    assert done.returncode == 0


def test_replay_ends_0_where_nothing_differs_and_1_where_something_does(tmp_path: Path) -> None:
    session = tmp_path / "session.txt"
    session.write_text(PLAIN)
    with Sandbox() as sandbox:
        server = f"localhost:{sandbox.port}"
        done = run("replay", str(session), server, "--diff", state=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        session.write_text(PLAIN.replace("250 2.0.0 Ok", "502 5.5.1 no"))
        done = run("replay", str(session), server, "--diff", "--json", state=tmp_path)
        assert done.returncode == 1 and json.loads(done.stdout)["same"] is False
        done = run("replay", str(session), server, state=tmp_path)
        assert done.returncode == 0 and "<-  250 2.0.0 Ok" in done.stdout


def test_open_prints_a_session_where_there_is_no_screen(before: Path, tmp_path: Path) -> None:
    done = run("open", str(before), state=tmp_path)
    assert done.returncode == 0 and " -> RCPT TO:<b@example.net>" in done.stdout


def test_the_sandbox_plays_a_transcript_until_it_is_stopped(tmp_path: Path) -> None:
    session = tmp_path / "session.json"
    session.write_text(exported(recorded.delivered(), "json"))
    words = [sys.executable, "-m", "smtpconsole", "sandbox", "--replay", str(session)]
    with subprocess.Popen(
        words,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "SMTPCONSOLE_STATE": str(tmp_path)},
    ) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline().split("localhost:")[1].split(",")[0])
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as smtp:
            assert smtp.ehlo()[0] == 250 and smtp.noop()[0] == 503
        server.send_signal(signal.SIGTERM)
        told = server.stdout.read()
    assert server.returncode == 0
    assert "the client says noop; the transcript has STARTTLS here" in told
