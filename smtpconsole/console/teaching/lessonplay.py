"""Plays a lesson on a real sandbox: its solution, each wrong turn, each answer; what fails, where.

1. Before a step's solution none of its checks holds, and after it all of them do.
2. A wrong turn is known for what it is after its lines, and the solution is none.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

from smtpconsole.console.console import Console
from smtpconsole.console.settings import Settings
from smtpconsole.console.teaching.learning import Hands, Learning
from smtpconsole.lessons.lesson import Lesson, Problem, Step, Wrong
from smtpconsole.transcript.journal import Journal

LEAST_WRONG = 2  # turns that a lesson knows
_SECONDS = 3.0  # that a reply may take while a lesson is tried out
_BRACED = re.compile(r"\{([a-z]\w*)\}")

Tell = Callable[[str], None]


@asynccontextmanager
async def learner(lesson: Lesson) -> AsyncIterator[Learning]:
    """A console of its own, at the beginning of a lesson."""
    settings = Settings(name="client.example", timeout=_SECONDS, remember=False)
    console = Console(Hands(()), Journal(), settings=settings)
    try:
        learning = Learning(console, lesson)
        await learning.begin()
        yield learning
    finally:
        await console.end()


@asynccontextmanager
async def solved(lesson: Lesson) -> AsyncIterator[Learning]:
    """The same at its end, all done by its own solution."""
    async with learner(lesson) as learning:
        await learning.begin(len(lesson.steps))
        yield learning


async def problems(lesson: Lesson, tell: Tell = lambda line: None) -> list[Problem]:
    """All that fails when the lesson is played, in the order of its lines."""
    tell("the solution")
    found = await solution_problems(lesson)
    if not found:
        for index, step in enumerate(lesson.steps):
            for wrong in step.wrongs:
                tell(f"a wrong turn in {step.title}: {wrong.tries[0]}")
                found += await wrong_problems(lesson, index, wrong)
    turns = sum(len(wrong_turns(step)) for step in lesson.steps)
    if turns < LEAST_WRONG and not lesson.is_guided:
        remedy = f"add blocks wrong, or questions, until there are {LEAST_WRONG}"
        found.append(Problem(1, f"the lesson knows {turns} wrong turns", remedy))
    return sorted(found, key=lambda each: each.number)


def wrong_turns(step: Step) -> list[str]:
    """The wrong turns of a step in words: what is tried, and wrong answers to its questions."""
    options = [option for ask in step.asks for option in ask.options]
    asked = [option.text for option in options if not option.is_right]
    return [wrong.say for wrong in step.wrongs] + asked


async def solution_problems(lesson: Lesson) -> list[Problem]:
    """What fails in the lesson's own solution."""
    found = [*_unfilled(lesson)]
    async with learner(lesson) as learning:
        for index, step in enumerate(lesson.steps):
            learning.step(index)
            learning.later()
            found += await _played(learning, step)
            if not learning.tutor.is_done:
                break  # what comes behind it would only fail for that reason
    return found


async def _played(learning: Learning, step: Step) -> list[Problem]:
    tutor = learning.tutor
    found: list[Problem] = []
    for tick in tutor.ticks:
        if tick.holds and not tick.check.is_negative:
            text = f"the check {tick.check.line!r} holds before anything is done"
            found.append(Problem(step.number, text, "check what only this step can bring about"))
    await learning.play(tutor.solution, each=lambda: _note_turn(learning, step, found))
    learning.answer_all()
    if not await learning.until(lambda: tutor.is_done):
        missing = [tick.check.line for tick in tutor.ticks if not tick.holds]
        missing += [f"ask {tutor.ask.question!r}"] if tutor.ask is not None else []
        text = f"{step.title}: after the solution there fails: {'; '.join(missing)}"
        found.append(Problem(step.number, text, _seen(learning)))
    return found


def _note_turn(learning: Learning, step: Step, found: list[Problem]) -> None:
    wrong = learning.tutor.wrong
    if wrong is not None:
        text = f"{step.title}: the solution is taken for a wrong turn: {wrong.say}"
        found.append(Problem(wrong.number, text, "make its when hold for less"))


async def wrong_problems(lesson: Lesson, index: int, wrong: Wrong) -> list[Problem]:
    """What fails when a wrong turn is taken."""
    step = lesson.steps[index]
    async with learner(lesson) as learning:
        await learning.begin(index)
        tutor = learning.tutor
        told: list[Wrong | None] = []
        await learning.play(map(tutor.filled, wrong.tries), each=lambda: told.append(tutor.wrong))
        await learning.until(lambda: wrong in (*told, tutor.wrong) or tutor.is_done or any(told))
        if wrong in (*told, tutor.wrong) and not tutor.is_done:
            return []
        what = f"{step.title}: after the wrong turn {' / '.join(wrong.tries)!r}"
        if tutor.is_done:
            return [Problem(wrong.number, f"{what} the step is done", "check more, or try less")]
        if other := next(filter(None, told), None):
            text = f"{what} another one is told: {other.say}"
            return [Problem(wrong.number, text, "make that hold for less")]
        text = f"{what} there does not hold: {'; '.join(wrong.whens)}"
        return [Problem(wrong.number, text, _seen(learning))]


def _seen(learning: Learning) -> str:
    """What was seen at the end, as a hint at what to mend."""
    console = learning.console
    session = console.connection.session if console.connection is not None else None
    reply = session.last_reply if session is not None else None
    parts = [f"the last reply was {str(reply).splitlines()[0]}" if reply else "there was no reply"]
    if learning.hands.told:
        parts.append(f"the console said: {learning.hands.told[-1].title}")
    return "; ".join(parts)


def _unfilled(lesson: Lesson) -> Iterable[Problem]:
    known = {"sandbox", "name", "user", "password", "domain", "token", "tls", "lmtp"}
    for step in lesson.steps:
        for line in (*step.tries, *(line for wrong in step.wrongs for line in wrong.tries)):
            for name in _BRACED.findall(line):
                if name not in known:
                    text = f"{{{name}}} stands for nothing in {line!r}"
                    yield Problem(step.number, text, f"there are {', '.join(sorted(known))}")
