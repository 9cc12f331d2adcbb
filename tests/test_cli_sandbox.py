"""`smtpconsole sandbox`: a server for other people's clients, with faults if wished."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import smtplib
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
from program import run

PROGRAM = [sys.executable, "-m", "smtpconsole", "sandbox"]
PATIENCE = 20  # seconds


@contextmanager
def running(*options: str) -> Iterator[dict[str, str]]:
    """The server; what it says when it begins, by the words before it."""
    words = [*PROGRAM, *options]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = ""
        while "log in as" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        ports = {
            name: found[1]
            for name, pattern in {
                "port": r"listening on localhost:(\d+)",
                "ca": r"certificates by (\S+)",
                "tls": r"under TLS on localhost:(\d+)",
                "lmtp": r"LMTP on localhost:(\d+)",
            }.items()
            if (found := re.search(pattern, said))
        }
        try:
            yield ports
        finally:
            process.send_signal(signal.SIGINT)
            try:
                assert process.wait(PATIENCE) == 0
            finally:
                process.kill()


def send(port: str) -> dict[str, tuple[int, bytes]]:
    with smtplib.SMTP("127.0.0.1", int(port), timeout=PATIENCE) as client:
        people = ["bob@sandbox.example", "carol@sandbox.example"]
        return client.sendmail("a@example.org", people, "Subject: x\r\n\r\nx\r\n")


def test_it_serves_others_until_it_is_stopped() -> None:
    with running("--lmtp-port", "0") as server:
        assert send(server["port"]) == {}
        context = ssl.create_default_context(cafile=server["ca"])
        with smtplib.SMTP_SSL("localhost", int(server["tls"]), context=context) as client:
            assert client.login("alice@sandbox.example", "wonderland")[0] == 235
        with smtplib.LMTP("127.0.0.1", int(server["lmtp"])) as client:
            assert client.ehlo()[0] == 250


def test_it_fails_as_it_is_told_to() -> None:
    with running("--fault", "rcpt-mixed", "--fault", "pipelining-split") as server:
        refused = send(server["port"])
        assert refused == {"carol@sandbox.example": (452, b"4.2.2 Mailbox over quota")}
    with running("--fault", "421@RCPT") as server:
        with pytest.raises((smtplib.SMTPRecipientsRefused, smtplib.SMTPServerDisconnected)):
            send(server["port"])


def test_its_rules_can_be_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[replies]\ncarol = "550 5.7.1 Not today"\n')
    with running("--house", str(file)) as server:
        assert send(server["port"]) == {"carol@sandbox.example": (550, b"5.7.1 Not today")}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--fault", "rain"], "there is no fault 'rain'"),
        (["--house", "/no/such"], "/no/such cannot be read"),
    ],
)
def test_what_it_cannot_do_is_told(options: list[str], told: str) -> None:
    done = run("sandbox", *options)
    assert done.returncode == 1 and told in done.stderr and "Traceback" not in done.stderr


def test_the_ways_to_fail_are_listed() -> None:
    done = run("sandbox", "--faults")
    assert done.returncode == 0 and "F24  drip " in done.stdout
    assert len(done.stdout.splitlines()) > 80


def test_its_side_of_the_talk_is_told_if_wished() -> None:
    words = [*PROGRAM, "--diary"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = _until("log in as", process.stdout)
        port = re.search(r"listening on localhost:(\d+)", said)
        assert port is not None
        send(port[1])
        said += _until("=== gone", process.stdout)
        process.kill()
    assert "=== kept as 1" in said
    assert "-> rcpt to:<carol@sandbox.example>" in said.lower()  # Pythons spell it in two ways


def test_a_program_is_told_as_json() -> None:
    with subprocess.Popen([*PROGRAM, "--json"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        facts = json.loads(process.stdout.readline())
        assert send(str(facts["port"])) == {} and facts["event"] == "listening"
        assert facts["password"] and Path(facts["ca_file"]).is_file() and "lmtp_port" not in facts
        said = _until("kept as 1", process.stdout)
        process.kill()
    notes = [json.loads(line) for line in said.splitlines()]
    assert [note["number"] for note in notes] == list(range(1, len(notes) + 1))
    assert {note["event"] for note in notes} == {"note"} and "RCPT TO" in said.upper()


def test_it_ends_when_nobody_listens_any_more() -> None:
    words = [*PROGRAM, "--json"]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        facts = json.loads(process.stdout.readline())
        process.stdout.close()
        with contextlib.suppress(OSError, smtplib.SMTPException):
            send(str(facts["port"]))
        assert process.wait(PATIENCE) == 0 and process.stderr.read() == ""


def _until(text: str, output: IO[str]) -> str:
    """What a program says until it has said that; it may not end before."""
    said = ""
    while text not in said:
        line = output.readline()
        assert line, said
        said += line
    return said
