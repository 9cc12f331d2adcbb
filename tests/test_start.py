"""What the program loads before it has anything to do, counted in modules and never in seconds."""

from __future__ import annotations

import subprocess
import sys

import pytest

FACES = {"textual", "rich", "prompt_toolkit", "aiosmtpd", "pygments"}
HEAVY = {"cryptography", "dns", "trustme", "platformdirs", "tomlkit", "tomllib", "idna"}
START = "from smtpconsole.cli import main\ntry: main({!r})\nexcept SystemExit: pass\n"


def loaded(statement: str) -> set[str]:
    script = f"import sys\n{statement}\nprint('\\n', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    return set(done.stdout.decode().split("\n")[-2].split())


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["repl", "--help"], ["settings"]])
def test_no_face_is_loaded_where_none_is_shown(words: list[str]) -> None:
    tops = {name.partition(".")[0] for name in loaded(START.format(words))}
    assert not tops & FACES
    if words != ["settings"]:
        assert not tops & HEAVY


def test_the_version_needs_hardly_more_than_the_parser_of_options() -> None:
    needed = loaded("import click, importlib.metadata, pkgutil")
    more = loaded(START.format(["--version"])) - needed
    assert len(more) <= 40, sorted(more)
    assert not more & {"asyncio", "ssl", "socket", "smtpconsole.console.ways"}
