"""The course as a whole: what every lesson owes its learner."""

from __future__ import annotations

import re

import pytest

from smtpconsole.lessons import catalogue
from smtpconsole.lessons.lesson import Lesson, Step

COURSE = catalogue.course()
LESSONS = pytest.mark.parametrize(
    "lesson", [entry.read() for entry in COURSE], ids=lambda x: x.name
)

SUBJECTS = """
    hello a-letter-by-hand envelope-is-not-header reading-replies what-ehlo-promises dots-and-lines
    starttls five-certificates auth-by-hand scram not-now relay-denied pipelining
    bdat-size-eight-bit beyond-ascii receipts lmtp attacks spot-the-fault write-the-bug-report
"""


def test_the_course_is_twenty_lessons_in_order() -> None:
    assert [entry.number for entry in COURSE] == list(range(1, len(COURSE) + 1))
    assert [entry.name for entry in COURSE] == SUBJECTS.split()


@LESSONS
def test_a_lesson_takes_five_to_fifteen_minutes_and_names_its_sections(lesson: Lesson) -> None:
    assert 5 <= lesson.minutes <= 15
    assert 4 <= len(lesson.steps) <= (12 if lesson.name == "spot-the-fault" else 9)
    assert all(re.search(r"^ *\d{3,4} §\d", part) for part in lesson.rfc.split(";")), lesson.rfc
    assert lesson.intro and lesson.summary.endswith(".")


@LESSONS
def test_whoever_is_stuck_gets_three_hints_and_two_wrong_turns_are_known(lesson: Lesson) -> None:
    for step in lesson.steps:
        assert len(step.hints) == 3, step.title
        assert all(option.because for ask in step.asks for option in ask.options), step.title
    assert sum(len(step.wrongs) for step in lesson.steps) >= 2


@LESSONS
def test_it_ends_with_what_was_learnt_and_a_question_on_it(lesson: Lesson) -> None:
    last = lesson.steps[-1]
    assert last.title == "What you know now"
    assert last.text.startswith("- ") and last.asks


def prose(step: Step) -> list[str]:
    options = [
        part for ask in step.asks for each in ask.options for part in (each.text, each.because)
    ]
    told = [wrong.say for wrong in step.wrongs]
    return [step.title, step.text, *step.hints, *told, *options]


@LESSONS
def test_nobody_is_shouted_at(lesson: Lesson) -> None:
    texts = [lesson.intro, *(text for step in lesson.steps for text in prose(step))]
    assert not [text for text in texts if "!" in text]
    assert not [text for text in texts if re.search(r"\b(sorry|oops|simply put)\b", text, re.I)]
