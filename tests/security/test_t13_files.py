"""T13: what is saved is a new file, whatever the name leads to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from test_console import Person

from smtpconsole.console.console import Console
from smtpconsole.transcript.journal import Journal

SAVING = ["/export text {}", "/export html {}", "/export script {}"]


def _taken(folder: Path) -> Path:
    path = folder / "taken"
    path.write_text("mine")
    return path


def _link(folder: Path) -> Path:
    _taken(folder)
    (folder / "link").symlink_to(folder / "taken")
    return folder / "link"


def _dangling(folder: Path) -> Path:
    (folder / "dangling").symlink_to(folder / "elsewhere")
    return folder / "dangling"


def _folder(folder: Path) -> Path:
    return folder


PLACES: list[Callable[[Path], Path]] = [_taken, _link, _dangling, _folder]


@pytest.mark.parametrize("line", SAVING)
@pytest.mark.parametrize("place", PLACES)
async def test_t13_nothing_is_written_over_or_through_what_is_there(
    tmp_path: Path, line: str, place: Callable[[Path], Path]
) -> None:
    path = place(tmp_path)
    before = sorted(tmp_path.iterdir())
    person = Person()
    console = Console(person, Journal())
    await console.execute(line.format(path))
    assert person.answers[-1].is_trouble, person.answers[-1]
    assert sorted(tmp_path.iterdir()) == before
    assert not (tmp_path / "taken").exists() or (tmp_path / "taken").read_text() == "mine"


@pytest.mark.parametrize("line", SAVING)
async def test_t13_a_new_name_is_taken(tmp_path: Path, line: str) -> None:
    person = Person()
    await Console(person, Journal()).execute(line.format(tmp_path / "new"))
    assert not person.answers[-1].is_trouble and (tmp_path / "new").read_text()
