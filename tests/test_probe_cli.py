"""smtpconsole probe, as the shell sees it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pexpect
import program
import pytest
from hostile import Hear, Say, Silence, serve

from smtpconsole.sandbox import Sandbox


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return program.run("probe", *arguments)


def test_a_report_in_json_fits_the_schema_it_comes_with() -> None:
    with Sandbox() as sandbox:
        done = run(f"localhost:{sandbox.port}", "--ca", str(sandbox.ca_file), "--no-dns", "--json")
    assert done.returncode == 0 and done.stderr == "", "a pipe sees no progress"
    told = json.loads(done.stdout)
    jsonschema.validate(told, json.loads(run("--schema").stdout))
    assert told["outcome"] == "sound" and told["status"] == 0
    assert done.stdout.isascii()


def test_the_status_tells_the_outcome() -> None:
    with Sandbox() as sandbox:
        done = run(f"localhost:{sandbox.port}", "--no-dns")
        assert done.returncode == 3
        assert "untrusted" in done.stdout and "missing" not in done.stderr
        port = sandbox.port
    assert run(f"127.0.0.1:{port}", "--no-dns").returncode == 10
    with serve(Say(b"220 mail.lab.test\r\n"), Hear(b"EHLO"), Silence()) as server:
        done = run(f"127.0.0.1:{server.port}", "--no-dns", "--timeout", "0.5")
    assert done.returncode == 9
    assert "at EHLO" in done.stdout and "220 mail.lab.test" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["a b"],
        ["x", "--timeout", "never"],
        ["x", "--ca", "/no/such"],
        ["x", "--dns", "nonsense"],
        ["x", "--domain", "a..b"],
        ["x", "--domain", "x.test", "--no-dns"],
        ["x", "--name", "a b"],
    ],
)
def test_a_wrong_word_gets_a_sentence_and_status_2(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert "Error" in done.stderr and "Traceback" not in done.stderr and done.stdout == ""


def test_a_ca_file_that_is_none_gets_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    done = run("x", "--ca", str(tmp_path / "ca.pem"))
    assert done.returncode == 2 and "no certificates" in done.stderr


def test_the_transcript_goes_to_standard_error() -> None:
    with Sandbox() as sandbox:
        done = run(f"localhost:{sandbox.port}", "--no-dns", "--transcript")
    assert " -> EHLO" in done.stderr and "<~  221" in done.stderr
    assert "-> EHLO" not in done.stdout


@pytest.mark.screens
def test_a_terminal_sees_progress_and_keeps_none_of_it() -> None:
    with Sandbox() as sandbox:
        arguments = ["-m", "smtpconsole", "probe", f"localhost:{sandbox.port}", "--no-dns"]
        child = pexpect.spawn(sys.executable, arguments, encoding="utf-8", timeout=60)
        child.expect(r"\r\x1b\[Klocalhost:\d+: EHLO")
        child.expect(r"\r\x1b\[Klocalhost:\d+: QUIT\r\x1b\[K")
        child.expect("untrusted, the certificate does not prove the server")
        child.expect(pexpect.EOF)
        child.close()
    assert child.exitstatus == 3
