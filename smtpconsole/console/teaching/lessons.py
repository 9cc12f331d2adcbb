"""Lessons by name or file, and what a learner can ask for in one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from smtpconsole.console.agreeing import agrees
from smtpconsole.console.answers import Answer, ConsoleError, nearest
from smtpconsole.console.filenames import path_of
from smtpconsole.console.teaching.standing import Place, Standing
from smtpconsole.lessons import catalogue
from smtpconsole.lessons.lesson import Lesson, LessonError
from smtpconsole.smtp.events import Phase, Target

if TYPE_CHECKING:
    from smtpconsole.console.console import Console
    from smtpconsole.console.teaching.learning import Learning

ACTIONS = ("next", "back", "again", "hint", "answer", "list", "html", "leave")


# --- which ------------------------------------------------------------------------------------


def names() -> list[str]:
    """The lessons of the course."""
    return [entry.name for entry in catalogue.course()]


def read(path: Path) -> Lesson:
    """The lesson in a file; ConsoleError with every line that is wrong, and what to do."""
    try:
        return catalogue.load(path)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConsoleError(f"{path} cannot be read: {reason}", "check the path") from error
    except LessonError as error:
        count = len(error.problems)
        what = "a line cannot be as it is" if count == 1 else f"{count} lines cannot be as they are"
        raise ConsoleError(f"{path} is no lesson yet: {what}", *map(str, error.problems)) from error


def find(name: str) -> tuple[Lesson, str]:
    """The lesson of that number, name or file, and what progress in it is kept by; ConsoleError
    if there is none."""
    if entry := catalogue.find(name):
        return entry.read(), entry.name
    path = path_of(name)
    if name.endswith(".md") or path.is_file():
        return read(path), str(path.resolve())
    near = nearest(name, names())
    raise ConsoleError(
        f"there is no lesson {name!r}",
        f"nearest is {near}" if near else "a file of your own ends in .md",
        next=(f"/learn {near}",) if near else ("/learn list",),
    )


def harmless(lesson: Lesson) -> None:
    """ConsoleError if the lesson may only be taken in the sandbox."""
    if lesson.needs != "any":
        raise ConsoleError(
            f"the lesson {lesson.title!r} is for the sandbox: it would do harm elsewhere",
            "leave the server out, and one is started on this machine",
        )


# --- beginning --------------------------------------------------------------------------------


async def begin(console: Console, name: str, target: Target | None = None) -> None:
    """Begin a lesson, where the learner was when leaving it."""
    from smtpconsole.console.teaching.learning import Learning

    if console.journal.is_recorded:
        raise ConsoleError(
            "a recorded session cannot be learnt in", "leave it, and begin the lesson then"
        )
    lesson, key = find(name)
    learning = Learning(console, lesson, target, key)  # or it says why not
    if _has_session_elsewhere(console) and not await agrees(
        console.front, f"the session with {console.target} ends where a lesson begins; end it?"
    ):
        raise ConsoleError("no lesson has begun, and the session goes on")
    if console.learning is not None:
        learning.had_sandbox, learning.before = (
            console.learning.had_sandbox,
            console.learning.before,
        )
        learning.is_presented = console.learning.is_presented
    place = console.standing.place(key)
    if place.is_finished and place.step + 1 >= len(lesson.steps):
        place = Place(is_finished=True)
    steps = range(len(lesson.steps))
    learning.tutor.done = {step for step in place.done if step in steps}
    await learning.begin(place.step if place.step in steps else -1)
    learning.keep()
    learning.show()


def _has_session_elsewhere(console: Console) -> bool:
    """There is a session that is no lesson's and not with the sandbox: it cannot be had back."""
    if console.connection is None or console.phase in (None, Phase.CLOSING, Phase.CLOSED):
        return False
    target, sandbox = console.connection.target, console.sandbox
    is_here = (
        sandbox is not None and console.is_loopback() and target.port in sandbox.ports.values()
    )
    return console.learning is None and not is_here


async def go_on(console: Console) -> None:
    """Show the step at hand; without a lesson, go on with the last one, or begin the first."""
    if console.learning is not None:
        console.learning.show()
        return
    last = console.standing.last
    known = names()
    if not known and not last:
        raise ConsoleError("there are no lessons here", "/learn FILE.md takes one of your own")
    place = console.standing.place(last)
    if not last or (place.is_finished and last in known and last == known[-1]):
        last = known[0]
    elif place.is_finished and last in known:
        last = known[known.index(last) + 1]
    await begin(console, last)


def welcome(console: Console) -> None:
    """Offer the lessons to somebody who has opened the sandbox, until all of them are done."""
    standing, known = console.standing, names()
    if not known or all(standing.place(name).is_finished for name in known):
        return
    last = standing.last
    if not last:
        lines = (
            "It keeps what you send, and sends nothing on. What you type is said to it as it is.",
            "New to SMTP? The first lesson takes six minutes: press 1, then Enter.",
            "New to this console? The tour takes two.",
        )
        title = "a mail server of your own, on this machine"
        console.front.show(Answer(title, lines, ("/learn", "/tour")))
        return
    console.front.show(Answer("your lessons", (_waiting(console, last),), ("/learn",)))


def _waiting(console: Console, last: str) -> str:
    place = console.standing.place(last)
    if place.is_finished:
        return f"{last} is done; the next one waits"
    return f"you were at step {place.step + 1} of {Path(last).stem}; it goes on from there"


# --- within one -------------------------------------------------------------------------------


async def act(console: Console, what: str, detail: str) -> None:
    """Do what a learner asks for."""
    if what == "list":
        console.front.show(listed(console))
        return
    learning = console.learning
    if learning is None:
        raise ConsoleError("no lesson is under way", "/learn begins one", next=("/learn",))
    if detail and what not in ("answer", "html"):
        raise ConsoleError(f"/learn {what} takes nothing like {detail!r}")
    if what == "answer":
        if not detail.isascii() or not detail.isdecimal():
            raise ConsoleError("/learn answer needs a number", "the answers have one each")
        learning.answer(int(detail[:6]))
    elif what == "hint":
        learning.hint()
    elif what == "next":
        await _next(console, learning)
    elif what == "back":
        await learning.back()
    elif what == "again":
        await learning.again()
    elif what == "leave":
        await _leave(console, learning)
    else:
        _html(console, learning, detail)


async def _next(console: Console, learning: Learning) -> None:
    """The next step; after the last one the next lesson."""
    if not learning.tutor.is_last:
        await learning.next()
        return
    if not learning.tutor.is_done:
        raise ConsoleError(
            "this is the last step, and it is not done yet",
            "a hint helps, and leaving keeps your place",
            next=("/learn hint", "/learn leave"),
        )
    if learning.lesson.is_guided:  # it was no lesson, and leads to none
        await _leave(console, learning)
        return
    known = names()
    at = known.index(learning.name) + 1 if learning.name in known else len(known)
    if at < len(known):
        await begin(console, known[at])
        return
    console.front.show(Answer("that was the last lesson", (), ("/learn leave", "/learn list")))


async def _leave(console: Console, learning: Learning) -> None:
    await learning.end()
    console.front.show(
        Answer(f"left: {learning.lesson.title}", ("your place in it is kept",), ("/learn",))
    )


def _html(console: Console, learning: Learning, file: str) -> None:
    from smtpconsole.console.sessions.saving import save
    from smtpconsole.console.teaching.lessonpage import page

    path = save(path_of(file or f"{learning.lesson.name}.html"), page(learning))
    console.front.show(Answer(f"saved as {path}"))


def listed(console: Console) -> Answer:
    """The lessons, and how far the learner is in each."""
    found = rows(console.standing)
    last = console.standing.last
    title = f"{len(found)} lessons" if found else "there are no lessons here"
    return Answer(title, tuple(found), (f"/learn {last}" if last else "/learn",))


def rows(standing: Standing) -> list[str]:
    """The lessons of the course, a line each."""
    return [_row(standing, entry) for entry in catalogue.course()]


def facts(standing: Standing) -> list[dict[str, object]]:
    """The same for programs."""
    return [_facts(standing, entry) for entry in catalogue.course()]


def _facts(standing: Standing, entry: catalogue.Entry) -> dict[str, object]:
    lesson, place = entry.read(), standing.place(entry.name)
    return {
        "number": entry.number,
        "name": entry.name,
        "title": lesson.title,
        "minutes": lesson.minutes,
        "summary": lesson.summary,
        "steps": [step.title for step in lesson.steps],
        "done": len(place.done),
        "is_finished": place.is_finished,
    }


def _row(standing: Standing, entry: catalogue.Entry) -> str:
    lesson, place = entry.read(), standing.place(entry.name)
    mark = "done" if place.is_finished else ""
    if not mark and (place.step >= 0 or place.done):
        mark = f"{len(place.done)}/{len(lesson.steps)}"
    return f"{entry.number:2} {mark:5} {entry.name:24} {lesson.minutes:2} min  {lesson.title}"
