"""The schema of the settings, as pages and editors have it."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest
from program import run
from test_docs import make

from smtpconsole.console.configuring import configuration, profiles
from smtpconsole.console.configuring.schema import schema

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "settings.md").read_text()
EXAMPLE = PAGE.partition("```toml\n")[2].partition("```")[0]


def test_the_page_about_settings_is_current() -> None:
    assert make().settings() == PAGE, "run python docs/make.py"


def test_the_example_of_the_page_is_taken_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMTPCONSOLE_CONFIG", str(tmp_path))
    (tmp_path / "config.toml").write_text(EXAMPLE)
    settings, problems = configuration.configured({})
    assert not problems and settings.timeout == 10 and settings.tls_min
    assert profiles.find("work").forbid == ("DATA",)


def test_the_json_schema_takes_what_is_right_and_nothing_else() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    check = jsonschema.Draft202012Validator(schema())
    check.validate(tomllib.loads(EXAMPLE))
    assert set(schema()["properties"]) == set(configuration.TABLES)
    for wrong in (
        {"settings": {"timeuot": 3}},
        {"settings": {"coach": [1]}},
        {"profile": {"x": {"user": "al"}}},
        {"profile": {"x": {"target": "y", "password": "hush"}}},
        {"setings": {}},
    ):
        assert not check.is_valid(wrong), wrong


def test_the_shell_shows_settings_and_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMTPCONSOLE_CONFIG", str(tmp_path))
    file = tmp_path / "config.toml"
    assert run("settings", "--path", state=tmp_path).stdout == f"{file}\n"
    assert run("settings", "--check", state=tmp_path).returncode == 0
    file.write_text("[settings]\ncoach = false\ntimeuot = 3\n[profile.work]\ntarget = 'x'\n")
    done = run("settings", "--check", state=tmp_path)
    assert done.returncode == 1 and "line 3" in done.stdout and "nearest is timeout" in done.stdout
    done = run("settings", state=tmp_path)
    assert done.returncode == 0 and "config.toml, line 2" in done.stdout
    assert "nearest is timeout" in done.stderr and "profiles: work" in done.stdout
    told = json.loads(run("settings", "--json", state=tmp_path).stdout)
    assert told["settings"]["coach"] == {"value": "no", "origin": "config.toml, line 2"}
    assert told["profiles"] == ["work"] and len(told["problems"]) == 1
    assert json.loads(run("settings", "--schema", state=tmp_path).stdout) == schema()
