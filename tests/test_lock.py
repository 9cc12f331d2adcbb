"""The lock file holds what the project needs, on each Python, and what is said of its audit."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import audit
import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = (ROOT / "requirements.lock").read_text()
AGAIN = "run make lock"


def wanted() -> list[Requirement]:
    """What the project asks for, with all extras."""
    lines = [*PROJECT["dependencies"]]
    for extra in PROJECT["optional-dependencies"].values():
        lines += extra
    return [Requirement(line) for line in lines]


def locked() -> list[tuple[Requirement, list[str]]]:
    """What the lock file pins, each with its hashes."""
    joined = re.sub(r"\\\n *", " ", LOCK)
    found = []
    for line in joined.splitlines():
        if line and not line.lstrip().startswith("#"):
            words, *hashes = line.split(" --hash=")
            found.append((Requirement(words), [each.strip() for each in hashes]))
    return found


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_the_lock_satisfies_what_the_project_asks_for(python: str, system: str) -> None:
    here = {key: str(value) for key, value in default_environment().items()} | {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": system,
    }
    pins = {
        canonicalize_name(pin.name): str(pin.specifier).removeprefix("==")
        for pin, _ in locked()
        if pin.marker is None or pin.marker.evaluate(here)
    }
    for each in wanted():
        version = pins.get(canonicalize_name(each.name))
        assert version is not None, f"{each.name} is missing: {AGAIN}"
        assert each.specifier.contains(version, prereleases=True), f"{each} is {version}: {AGAIN}"


def test_each_pin_is_one_version_with_hashes_and_names_no_host() -> None:
    for pin, hashes in locked():
        assert re.fullmatch(r"==[\w.]+", str(pin.specifier)), pin
        assert hashes and all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes), pin
    assert "://" not in LOCK and "--index" not in LOCK and "@" not in LOCK


def test_whoever_asks_for_a_pin_is_pinned_too() -> None:
    names = {canonicalize_name(pin.name) for pin, _ in locked()}
    asking = set(re.findall(r"#(?: via|  ) ([\w-]+)", LOCK)) - {PROJECT["name"]}
    assert asking <= names and len(asking) > 10
    assert LOCK.count("# via") == len(locked())


WELL = {"name": "a", "version": "1", "vulns": []}
UNKNOWN = {"name": "b", "skip_reason": "not found"}
BAD = {
    "name": "c",
    "version": "2",
    "vulns": [{"id": "X-1", "fix_versions": ["2.1"]}, {"id": "X-2", "fix_versions": []}],
}


@pytest.mark.parametrize(
    ("found", "told", "fails"),
    [
        ([], "NOT AUDITED: no service", False),
        ([UNKNOWN, UNKNOWN], "NOT AUDITED: no service", False),
        ([WELL], "1 locked dependencies have no known vulnerability.", False),
        ([WELL, UNKNOWN], "NOT AUDITED: b", False),
        ([WELL, BAD], "c 2: X-1, mended in 2.1\nc 2: X-2, mended in nothing yet", True),
    ],
)
def test_only_a_vulnerability_fails_and_silence_is_said(
    found: list[dict[str, object]], told: str, fails: bool
) -> None:
    well, unknown, bad = audit.judged(found)
    assert told in audit.report(well, unknown, bad) and bool(bad) == fails
