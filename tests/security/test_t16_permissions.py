"""T16, T17: what holds a session is for its owner alone, whatever the umask."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from program import run

from smtpconsole.sandbox import Sandbox

SCRIPT = """\
/login {user} --mechanism PLAIN
/send bob@sandbox.example --subject modes
/export text {folder}/kept.txt
/draft save {folder}/draft.json
/quit
"""


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Where a session by a careless umask has left its files."""
    with Sandbox() as sandbox:
        done = run(
            *(f"smtps://localhost:{sandbox.tls_port}", "--ca", str(sandbox.ca_file)),
            typed=SCRIPT.format(user=sandbox.user, folder=tmp_path),
            state=tmp_path / "state",
            umask=0,
            SSLKEYLOGFILE=str(tmp_path / "keys.log"),
        )
    assert "saved as" in done.stdout, done.stdout + done.stderr
    return tmp_path


def test_t16_files_are_0600_and_folders_0700(state: Path) -> None:
    files = [path for path in state.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} >= {".txt", ".json", ".log"}
    assert any("journals" in path.parts for path in files)
    for path in files:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    for path in [state / "state", *(each for each in state.rglob("*") if each.is_dir())]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o700, path


def test_t17_a_log_of_tls_keys_is_for_its_owner_and_announced(state: Path) -> None:
    log = state / "keys.log"
    assert b"SECRET" in log.read_bytes()
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    journal = next((state / "state" / "journals").iterdir()).read_text()
    assert "SSLKEYLOGFILE" in journal or "keys.log" in journal
