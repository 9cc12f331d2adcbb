"""Every lesson of the course, played on a real sandbox: its solution, and each wrong turn."""

from __future__ import annotations

import pytest

from smtpconsole.console.teaching import lessonplay
from smtpconsole.lessons import catalogue
from smtpconsole.lessons.lesson import Problem

COURSE = catalogue.course()
LESSONS = pytest.mark.parametrize("entry", COURSE, ids=lambda entry: entry.name)


def told(problems: list[Problem]) -> str:
    return "\n".join(f"line {each.number}: {each.text}; {each.remedy}" for each in problems)


@LESSONS
async def test_a_lesson_is_done_by_its_solution_and_knows_its_wrong_turns(
    entry: catalogue.Entry,
) -> None:
    assert told(await lessonplay.problems(entry.read())) == ""
