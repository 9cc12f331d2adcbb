"""Completion in zsh and fish, asked as a person would."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

from smtpconsole.cli.shells import everything, fish, zsh

pytestmark = pytest.mark.servers


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program = tmp_path / "bin" / "smtpconsole"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m smtpconsole "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("SMTPCONSOLE_CONFIG", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "config.toml").write_text('[profile.work]\ntarget = "mail.example:587"\n')
    (tmp_path / "letter.eml").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_fish_completes_commands_options_values_and_servers(home: Path) -> None:
    script = home / "smtpconsole.fish"
    script.write_text(fish.script(everything()))

    def completed(line: str) -> list[str]:
        asked = f"source {script}; complete -C {shlex.quote(line)}"
        done = subprocess.run(
            ["fish", "--no-config", "-c", asked], capture_output=True, text=True, check=True
        )
        return [each.split("\t")[0] for each in done.stdout.splitlines()]

    assert completed("smtpconsole pro") == ["probe"]
    assert "work" in completed("smtpconsole wo")
    assert completed("smtpconsole export --form") == ["--format"]
    assert completed("smtpconsole export --format mark") == ["markdown"]
    assert completed("smtpconsole probe x --family ") == ["4", "6"]
    assert "letter.eml" in completed("smtpconsole open l")
    assert "letter.eml" in completed("smtpconsole probe x --ca l")
    assert "rcpt-mixed" in completed("smtpconsole sandbox --fault rcpt-m")
    assert completed("smtpconsole diff --form") == []


def test_zsh_completes_commands_options_values_and_servers(home: Path) -> None:
    script = home / "completion.zsh"
    script.write_text(zsh.script(everything()))
    shell = pexpect.spawn("zsh", ["-f", "-i"], dimensions=(40, 200), timeout=20, encoding="utf-8")
    shell.sendline("PS1='ready> '; unsetopt zle_bracketed_paste; setopt no_beep")
    shell.sendline('show() { zle -I; print -r -- "<$BUFFER>"; BUFFER= }; zle -N show')
    shell.sendline("bindkey -e; bindkey '^X' show")
    shell.sendline(f"autoload -U compinit; compinit -u; source {script}; echo loa''ded")
    shell.expect_exact("loaded")
    for typed, line in (
        ("smtpconsole prob\t", "smtpconsole probe "),
        ("smtpconsole wor\t", "smtpconsole work "),
        ("smtpconsole export --form\tmark\t", "smtpconsole export --format markdown "),
        ("smtpconsole probe x --fail-on wa\t", "smtpconsole probe x --fail-on warning "),
        ("smtpconsole open le\t", "smtpconsole open letter.eml "),
        ("smtpconsole probe x --ca le\t", "smtpconsole probe x --ca letter.eml "),
        ("smtpconsole sandbox --fault rcpt-mix\t", "smtpconsole sandbox --fault rcpt-mixed "),
        ("smtpconsole --sand\t", "smtpconsole --sandbox "),
    ):
        shell.send(typed)
        shell.send("\x18")  # prints the line
        shell.expect_exact(f"<{line}>\r\n")
    shell.sendline("exit")
    shell.close()


@pytest.mark.parametrize(
    "command",
    [
        ["man", "--warnings", "--local-file"],
        ["groff", "-man", "-ww", "-z"],
        ["mandoc", "-T", "lint", "-W", "error"],
    ],
    ids=lambda command: command[0],
)
def test_the_manual_page_is_one_to_those_who_show_manual_pages(command: list[str]) -> None:
    page = Path(__file__).parents[2] / "docs" / "smtpconsole.1"
    done = subprocess.run(
        [*command, str(page)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8", "MANPAGER": "cat", "MANROFFSEQ": ""},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert command[0] != "man" or "talk to a mail server" in done.stdout
