"""Who may import whom."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import smtpconsole

ROOT = Path(smtpconsole.__file__).parent

MAY_IMPORT = {
    "smtp": set(),
    "net": {"smtp"},
    "composer": {"smtp"},
    "client": {"smtp", "net"},
    "transcript": {"smtp"},
    "knowledge": set(),
    "sandbox": {"smtp", "transcript", "net"},
    "lessons": {"smtp", "transcript", "knowledge", "sandbox"},
    "console": {"smtp", "net", "transcript", "knowledge", "composer", "sandbox", "lessons"},
    "repl": {"console", "transcript", "knowledge", "composer", "smtp"},
    "tui": {"console", "transcript", "knowledge", "composer", "lessons", "smtp"},
    "cli": {
        *("console", "knowledge", "transcript", "sandbox", "lessons", "net", "smtp"),
        *("repl", "tui"),
    },
    "registry": set(),
    "visible": set(),
    "__main__": {"cli"},
    "__init__": {"client"},
}
EVERYBODYS = {"registry", "visible"}
ONLY_IN = {  # a library, and the layers that may know it
    "textual": {"tui"},
    "rich": {"tui"},
    "prompt_toolkit": {"repl"},
    "aiosmtpd": set(),
    "trustme": {"sandbox"},
    "click": {"cli"},
    "cryptography": {"net", "sandbox", "composer"},
    "dkim": {"composer"},
    "dns": {"net"},
    "tomlkit": {"console"},
}
NOT_IN_SMTP = {"asyncio", "ssl", "socket", "time", "os", "threading", "subprocess", "select"}

FILES = sorted(ROOT.rglob("*.py"))


def layer(file: Path) -> str:
    first = file.relative_to(ROOT).parts[0]
    return first.removesuffix(".py")


def imports(file: Path) -> Iterator[str]:
    """The dotted names that a file imports."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            assert node.module is not None
            if node.module == "smtpconsole":
                yield from (f"smtpconsole.{alias.name}" for alias in node.names)
            else:
                yield node.module


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_file_keeps_to_its_layer(file: Path) -> None:
    own = layer(file)
    for name in imports(file):
        top, _, rest = name.partition(".")
        if top == "smtpconsole":
            other = rest.split(".")[0]
            assert other in MAY_IMPORT[own] | EVERYBODYS | {own}, f"{own} imports {name}"
        assert own in ONLY_IN.get(top, {own}), f"{own} imports {top}"
        assert not (own == "smtp" and top in NOT_IN_SMTP), f"smtp imports {top}"


def test_the_rules_would_notice(tmp_path: Path) -> None:
    file = tmp_path / "sinner.py"
    file.write_text(
        "import textual.app\nfrom smtpconsole import tui\nfrom smtpconsole.net import x"
    )
    assert list(imports(file)) == ["textual.app", "smtpconsole.tui", "smtpconsole.net"]


def test_files_are_of_a_size_to_be_read() -> None:
    sizes = {str(file.relative_to(ROOT)): len(file.read_text().splitlines()) for file in FILES}
    assert {name for name, size in sizes.items() if size > 400} == set()


def loaded_by(statement: str) -> set[str]:
    """The top-level modules that a fresh interpreter has after a statement."""
    script = f"import sys\n{statement}\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    return set(done.stdout.decode().split())


def test_the_library_loads_no_face() -> None:
    loaded = loaded_by("from smtpconsole import SMTP, send; import smtpconsole.client")
    faces = {"textual", "rich", "prompt_toolkit", "aiosmtpd", "click", "cryptography", "tomllib"}
    assert not loaded & (faces | {"dns"})


def test_help_and_version_load_no_face() -> None:
    script = "from smtpconsole.cli import main\ntry: main(['--version'])\nexcept SystemExit: pass\n"
    assert not loaded_by(script) & {"textual", "rich", "prompt_toolkit", "aiosmtpd"}
