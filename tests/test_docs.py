"""The page about the library is current, and what it shows works."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import smtpconsole
from smtpconsole.sandbox import Sandbox, diary, faults, house
from smtpconsole.sandbox.mailbox import MAX_LETTERS, MAX_OCTETS
from smtpconsole.sandbox.server import MAX_CLIENTS

DOCS = Path(__file__).parents[1] / "docs"
EXAMPLES = re.findall(r"```python\n(.*?)```", (DOCS / "guide.md").read_text(), re.DOTALL)


SANDBOX = (DOCS / "sandbox.md").read_text()


def make() -> Any:
    spec = importlib.util.spec_from_file_location("make", DOCS / "make.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_current() -> None:
    assert (DOCS / "library.md").read_text() == make().page(), "run python docs/make.py"


def test_the_page_about_faults_is_current() -> None:
    assert (DOCS / "faults.md").read_text() == make().faults(), "run python docs/make.py"


def test_every_public_name_has_a_docstring_and_is_on_the_page() -> None:
    page = (DOCS / "library.md").read_text()
    for name in smtpconsole.__all__:
        if name not in ("SMTPTokenGenerator", "Stream"):
            assert f"## {name}\n" in page, name
    for name, value in make().members(smtpconsole.SMTP):
        if callable(value) or isinstance(value, property):
            assert value.__doc__, name


@pytest.mark.parametrize("source", EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example_runs_against_the_sandbox(source: str, tmp_path: Path) -> None:
    with Sandbox() as sandbox:
        shutil.copy(sandbox.ca_file, tmp_path / "ca.pem")
        (tmp_path / "message.eml").write_bytes(b"Subject: Hello\n\nHi Bob!\n")
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", source.replace("2525", str(sandbox.port))],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert len(sandbox.mailbox) > 0


def test_the_page_about_the_sandbox_names_faults_that_there_are_and_rules_that_can_be() -> None:
    rows = [line for line in SANDBOX.splitlines() if line.startswith("| ") and "`" in line]
    named = {name for row in rows for name in re.findall(r"`([^`]+)`", row)}
    named |= set(re.findall(r"--fault (\S+)", SANDBOX))
    assert len(named) > 25 and all(faults.parsed(name) for name in named)
    (rules,) = re.findall(r"```toml\n(.*?)```", SANDBOX, re.DOTALL)
    assert house.parsed(rules, house.default(), "the page").recipients == 5
    for number in (MAX_CLIENTS, MAX_LETTERS, MAX_OCTETS // 2**20, diary.MOST):
        assert str(number) in SANDBOX.rpartition("```")[2]
