"""What the doctor finds, on machines that are well and on those that are not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from program import run

from smtpconsole.console import doctor
from smtpconsole.console.doctor import machine, network
from smtpconsole.sandbox import Sandbox


def found(subject: str) -> list[doctor.Finding]:
    return [each for each in doctor.examine() if each.subject == subject]


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SMTPCONSOLE_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("SMTPCONSOLE_CONFIG", str(tmp_path))
    return tmp_path / "state"


def test_a_machine_that_is_well_has_nothing_that_fails(state: Path) -> None:
    findings = list(doctor.examine())
    assert [each for each in findings if each.level == "fail"] == []
    subjects = {each.subject for each in findings}
    assert subjects >= {
        *("python", "openssl", "tls policy", "trust store", "clock", "dkim", "keyring"),
        *("terminal", "colours", "clipboard", "editor", "state", "settings", "resolver", "dnssec"),
    }
    assert all(each.text for each in findings)
    assert all(each.remedy for each in findings if each.level != "ok")
    told = list(doctor.lines(findings))
    assert any(line.startswith("ok    python") for line in told)


def test_what_others_could_read_is_told_with_the_remedy(state: Path) -> None:
    state.mkdir(mode=0o700)
    (state / "history.jsonl").touch(mode=0o644)
    (finding,) = found("permissions")
    assert finding.level == "warn" and finding.remedy == f"chmod 600 {state}/history.jsonl"
    assert "mode 644" in finding.text


def test_each_trouble_is_found(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.toml").write_text("[settings]\ntimeuot = 1\n")
    monkeypatch.setenv("SSL_CERT_FILE", "/no/such")
    monkeypatch.setenv("EDITOR", "no-such-editor")
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("TMUX", "x")
    monkeypatch.setattr(machine, "EXTRAS", {("no_such_module", "dkim"): "DKIM"})
    monkeypatch.setattr(machine.time, "time", lambda: 86400.0 * 365)
    assert "line 2" in found("settings")[0].text and "timeout" in found("settings")[0].remedy
    assert any("SSL_CERT_FILE names /no/such" in each.text for each in found("trust store"))
    assert found("editor")[0].level == "warn"
    assert "set-clipboard" in found("clipboard")[0].remedy
    assert found("dkim")[0].remedy.startswith("pip install 'smtpconsole[dkim]'")
    assert found("clock")[0].level == "fail"
    worst = doctor.as_json(list(doctor.examine()))
    assert worst["outcome"] == "fail"


def test_a_state_that_cannot_be_written_fails(state: Path) -> None:
    state.touch()
    assert found("state")[0].level == "fail" and "SMTPCONSOLE_STATE" in found("state")[0].remedy


async def test_ports_are_told_apart() -> None:
    with Sandbox() as sandbox:
        port = sandbox.port
        open_ = await network.port_of("127.0.0.1", port, 5)
        assert open_.level == "ok" and "220 sandbox.example" in open_.text
    closed = await network.port_of("127.0.0.1", port, 5)
    assert closed.level == "fail" and closed.remedy


def test_the_shell_tells_and_uses_no_network(tmp_path: Path) -> None:
    watch = (
        "import socket, sys\n"
        "def no(*_): raise SystemExit('the network was used')\n"
        "socket.socket.connect = socket.getaddrinfo = no\n"
        "from smtpconsole.cli import main\n"
        "main(['doctor', '--json'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", watch],
        capture_output=True,
        text=True,
        env={**os.environ, "SMTPCONSOLE_STATE": str(tmp_path)},
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    told = json.loads(done.stdout)
    assert told["outcome"] in ("ok", "warn") and len(told["findings"]) > 10
    assert run("doctor", "--host", "x", state=tmp_path).returncode == 2
