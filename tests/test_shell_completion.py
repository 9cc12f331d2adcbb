"""What shells complete, made of the argument parsers; here in bash, which every machine has."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from program import run

from smtpconsole.cli import subcommands
from smtpconsole.cli.shells import bash, everything, fish, man, zsh

ASK = """
source {script}
COMP_LINE={line}
COMP_POINT=${{#COMP_LINE}}
read -ra COMP_WORDS <<<"$COMP_LINE"
[[ $COMP_LINE == *' ' ]] && COMP_WORDS+=('')
COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
COMP_WORDBREAKS=$' \\t\\n:='
_smtpconsole
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bash") / "completion"
    path.write_text(bash.script(everything()))
    return path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with a program, a profile, and a file."""
    program = tmp_path / "bin" / "smtpconsole"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m smtpconsole "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("SMTPCONSOLE_CONFIG", str(tmp_path))
    monkeypatch.setenv("SMTPCONSOLE_STATE", str(tmp_path / "state"))
    (tmp_path / "config.toml").write_text('[profile.work]\ntarget = "mail.example:587"\n')
    (tmp_path / "state").mkdir()
    known = '{"smtpconsole known": 1, "servers": {"mail.example:587": {}, "$(touch pwned):25": {}}}'
    (tmp_path / "state" / "known.json").write_text(known)
    (tmp_path / "a letter.eml").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def completed(script: Path, line: str) -> list[str]:
    shell = shutil.which("bash")
    assert shell is not None
    asked = ASK.format(script=script, line=shlex.quote(line))
    done = subprocess.run(
        [shell, "--norc", "-c", asked], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stderr == "", done.stderr
    return [each for each in done.stdout.split("\n") if each]


def test_commands_options_and_their_values_are_completed(script: Path, home: Path) -> None:
    assert set(subcommands()) <= set(completed(script, "smtpconsole "))
    assert completed(script, "smtpconsole pro") == ["probe"]
    assert completed(script, "smtpconsole --sand") == ["--sandbox"]
    assert completed(script, "smtpconsole export --form") == ["--format"]
    assert completed(script, "smtpconsole export --format mark") == ["markdown"]
    assert completed(script, "smtpconsole probe x --family ") == ["4", "6"]
    assert completed(script, "smtpconsole probe x --family=") == ["4", "6"]
    assert "rcpt-mixed" in completed(script, "smtpconsole sandbox --fault rcpt-")
    assert completed(script, "smtpconsole completion ") == ["bash", "zsh", "fish"]
    assert completed(script, "smtpconsole probe --what") == []


def test_servers_and_files_are_completed_and_nothing_is_run(script: Path, home: Path) -> None:
    assert completed(script, "smtpconsole wo") == ["work"]
    assert completed(script, "smtpconsole repl mail.example:") == ["587"]  # behind the colon
    assert completed(script, "smtpconsole open a") == ["a letter.eml"]
    completed(script, "smtpconsole $")
    assert not (home / "pwned").exists()


def test_every_option_of_every_command_is_in_every_script() -> None:
    parts = everything()
    assert {each.name for each in parts} == {"", *subcommands()}
    for made in (bash.script(parts), zsh.script(parts)):
        assert all(name in made for each in parts for o in each.options for name in o.names)
    made = fish.script(parts)
    for each in parts:
        for option in each.options:
            assert all(f"-l {n[2:]} " in made for n in option.names if n.startswith("--"))


def test_a_shell_that_is_not_known_is_told(tmp_path: Path) -> None:
    for words, told in (((), "which shell?"), (("tcsh",), "'tcsh' is not one of")):
        done = run("completion", *words, state=tmp_path)
        assert done.returncode == 2 and told in done.stderr


def test_the_manual_page_has_every_option_and_no_stray_macro() -> None:
    parts = everything()
    page = man.script(parts)
    for each in parts:
        assert each.name in page
        for option in each.options:
            assert all(f"\\fB{name}\\fR".replace("-", "\\-") in page for name in option.names)
    assert page.isascii()
    macros = {line.split(" ")[0] for line in page.splitlines() if line.startswith((".", "'"))}
    known = {".TH", ".SH", ".SS", ".TP", ".PP", ".B", ".BR", ".I", ".br", ".nf", ".fi"}
    assert macros <= known
    assert all(char.isprintable() for char in page.replace("\n", ""))
    assert max(map(len, page.splitlines())) < 130  # as long as the longest usage


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="docstrings are dedented there")
def test_the_manual_page_of_the_wheel_is_current() -> None:
    file = Path(__file__).parents[1] / "docs" / "smtpconsole.1"
    assert file.read_text() == man.script(everything()), "run python docs/make.py"
