"""The README and the page show what the last `make bench` has found."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
KEPT = (ROOT / "docs" / "figures.toml").read_text()
FOUND = tomllib.loads(KEPT)


def figures() -> Any:
    spec = importlib.util.spec_from_file_location("figures", ROOT / "docs" / "figures.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_readme_shows_what_was_measured() -> None:
    text = (ROOT / "README.md").read_text()
    assert figures().readme(FOUND, text) == text, "run python docs/figures.py"
    assert "8 round trips, with BDAT 7" in re.sub(r"\s+", " ", figures().block(FOUND))


def test_the_page_shows_all_that_was_measured() -> None:
    page = (ROOT / "docs" / "figures.md").read_text()
    assert page == figures().page(FOUND), "run python docs/figures.py"
    measured = {table["name"] for table in FOUND["table"]}
    assert measured >= {"one-1", "one-50", "ten", "large", "trips", "import", "paint", "help"}
    assert measured >= {"journal", "wire"} and FOUND["rounds"] > 1


def test_what_is_kept_names_no_machine() -> None:
    assert not re.search(r"/home|/tmp|/root|://|\d+\.\d+\.\d+\.\d+", KEPT)
    assert {"CPython", "aiosmtplib", "textual"} <= FOUND["versions"].keys()
