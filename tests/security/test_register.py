"""SECURITY.md names a test for each threat, and each of them is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = re.findall(r"^\| (T\d+) \|.*\| ([^|]+) \|$", (ROOT / "SECURITY.md").read_text(), re.M)


def test_every_threat_has_its_row() -> None:
    assert [number for number, _ in ROWS] == [f"T{number}" for number in range(1, 26)]


@pytest.mark.parametrize(("number", "tests"), ROWS, ids=[number for number, _ in ROWS])
def test_the_tests_of_a_threat_are_there(number: str, tests: str) -> None:
    named = re.findall(r"`([^`]+)::([^`]+)`", tests)
    assert named, f"{number} has no test"
    for file, function in named:
        tree = ast.parse((ROOT / file).read_text())
        assert function in {getattr(node, "name", None) for node in tree.body}, f"{number}: {file}"
