"""The tolerated mutants (`make mutants`) are changes of code that there is, each with a reason."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
CORE = HERE.parent / "smtpconsole/smtp"
LISTED = tomllib.loads((HERE / "mutants.toml").read_text("utf-8"))


def function(where: str) -> list[str]:
    """The lines of a function or method, each without its indentation."""
    module, *names = where.split(".")
    path = CORE / f"{module}.py"
    if not path.exists():
        path, names = CORE / module / f"{names[0]}.py", names[1:]
    code = path.read_text("utf-8")
    body: list[ast.stmt] = ast.parse(code).body
    for name in names:
        (found,) = (each for each in body if getattr(each, "name", "") == name)
        assert isinstance(found, ast.ClassDef | ast.FunctionDef)
        body = found.body
    return [line.strip() for line in code.splitlines()[found.lineno - 1 : found.end_lineno]]


@pytest.mark.parametrize("entry", LISTED["tolerated"], ids=lambda entry: entry["where"])
def test_who_is_tolerated_is_a_change_of_what_there_is_and_has_a_reason(
    entry: dict[str, Any],
) -> None:
    assert entry["why"]
    lines = function(entry["where"])
    for change in entry["changes"]:
        before = [line[2:] for line in change.strip().splitlines() if line[0] == "-"]
        assert before and {*before} <= {*lines}


def test_nobody_is_listed_twice() -> None:
    keys = [
        (entry["where"], change) for entry in LISTED["tolerated"] for change in entry["changes"]
    ]
    assert len({*keys}) == len(keys)


def test_what_is_not_examined_is_there() -> None:
    for module in LISTED["unexamined"]:
        assert (CORE / f"{module.replace('.', '/')}.py").exists()
