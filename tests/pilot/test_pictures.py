"""The pictures of the pages show the application as it is."""

from __future__ import annotations

import difflib

import pytest
import scenes
from make import HERE
from steady import steady, words


@pytest.mark.parametrize("name", scenes.SCENES)
def test_a_picture_shows_what_the_application_says(name: str) -> None:
    shown = steady(words((HERE / f"{name}.svg").read_text()))
    now = steady(words(scenes.taken(name, shown)))
    changed = difflib.unified_diff(shown.splitlines(), now.splitlines(), lineterm="")
    assert now == shown, "run make screenshots:\n" + "\n".join(changed)


def test_each_picture_is_of_a_scene() -> None:
    assert {each.stem for each in HERE.glob("*.svg")} == set(scenes.SCENES)
