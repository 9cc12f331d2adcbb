"""What a lesson says, as plain text: steps, hints, wrong turns, and the coach's line."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from smtpconsole.console.answers import Answer
from smtpconsole.console.configuring import keynames
from smtpconsole.lessons import markdown
from smtpconsole.lessons.markdown import Block
from smtpconsole.smtp.events import Phase

if TYPE_CHECKING:
    from smtpconsole.console.teaching.learning import Learning
    from smtpconsole.lessons.tutor import News, Tutor

WIDTH = 72  # columns of text
NEXT, HINT, AGAIN = "/learn next", "/learn hint", "/learn again"


def heading(tutor: Tutor) -> str:
    """Where one is: the step of how many, and its title."""
    lesson, step = tutor.lesson, tutor.step
    if step is None:
        return f"{_numbered(tutor)}{lesson.title}"
    return f"Step {tutor.index + 1} of {len(lesson.steps)}: {step.title}"


def _numbered(tutor: Tutor) -> str:
    return f"Lesson {tutor.lesson.number}: " if tutor.lesson.number else ""


def page(tutor: Tutor) -> Answer:
    """The step at hand, or the introduction, as lines to be read."""
    lines = list(_page(tutor))
    following = (NEXT,) if tutor.is_done else (HINT,) if tutor.has_more_hints else ()
    return Answer(heading(tutor), tuple(lines), following)


def _page(tutor: Tutor) -> Iterator[str]:
    step = tutor.step
    yield from plain(tutor.filled(step.text if step is not None else tutor.lesson.intro))
    if step is None:
        yield ""
        yield about(tutor)
        return
    for look in step.looks:
        yield ""
        where = f"Look at {look.pane}: " if look.pane else "Look: "
        yield from textwrap.wrap(where + tutor.filled(look.text), WIDTH)
    if tutor.ticks:
        yield ""
        yield from (f"{'ok' if tick.holds else ' ·'} {tick.check.words}" for tick in tutor.ticks)
    yield from question(tutor)


def question(tutor: Tutor) -> Iterator[str]:
    """The question that waits for an answer."""
    ask = tutor.ask
    if ask is not None:
        yield ""
        yield from textwrap.wrap(tutor.filled(ask.question), WIDTH)
        for number, option in enumerate(ask.options, 1):
            yield f"  {number}  {tutor.filled(option.text)}"
        yield "Answer with its number."


def about(tutor: Tutor) -> str:
    """How long the lesson is, and where it can be read up."""
    lesson = tutor.lesson
    count = len(lesson.steps)
    steps = "1 step" if count == 1 else f"{count} steps"
    rfc = f", RFC {lesson.rfc}" if lesson.rfc else ""
    return f"About {lesson.minutes} minutes, {steps}{rfc}."


def pane(name: str, own_keys: Mapping[str, str]) -> str:
    """A place to look at, with the key that goes there."""
    return keynames.told(f"{name} ({{key {name}}})", own_keys) if name in _HAVE_KEYS else name


_HAVE_KEYS = ("wire", "server", "tls", "compose", "sandbox", "dns", "timing")


def news(tutor: Tutor, found: News) -> Answer:
    """What has come about, for a face that shows lines only."""
    lines = [f"ok {check.words}" for check in found.ticks]
    if found.wrong is not None:
        return Answer("not quite", (*lines, *_wrapped(tutor.filled(found.wrong.say))), (HINT,))
    if not found.is_done:
        return Answer("so far", tuple(lines))
    return Answer(done(tutor), tuple(lines), (NEXT,))


def done(tutor: Tutor) -> str:
    """That a step is done."""
    if tutor.is_finished:
        return f"the lesson is done: {tutor.lesson.title}"
    return f"step {tutor.index + 1} of {len(tutor.lesson.steps)} is done"


def hint(tutor: Tutor) -> Answer:
    """The last hint that was asked for."""
    number = f"hint {tutor.degree}" if tutor.hints else "there is no hint here"
    lines = tuple(_wrapped(tutor.hints[-1])) if tutor.hints else ()
    return Answer(number, lines, (HINT,) if tutor.has_more_hints else ())


def answered(tutor: Tutor, number: int, because: str, *, is_right: bool) -> Answer:
    """What there is to say to an answer."""
    title = f"{number} is right" if is_right else f"{number} is not it"
    lines = _wrapped(because)
    if tutor.is_done:
        return Answer(title, (*lines, done(tutor)), (NEXT,))
    return Answer(title, (*lines, *(question(tutor) if is_right else ())))


def _wrapped(text: str) -> list[str]:
    return [
        line
        for each in text.split("\n")
        for line in textwrap.wrap(each, WIDTH, break_on_hyphens=False)
    ]


def plain(text: str, width: int = WIDTH) -> Iterator[str]:
    """Markdown as lines of text."""
    last: Block | None = None
    for block in markdown.blocks(text):
        if last is not None and not (last.kind == block.kind == "item"):
            yield ""
        last = block
        if block.kind == "code":
            yield from (f"    {line}" for line in block.text.split("\n"))
            continue
        first = (
            f"{block.marker} " if block.kind == "item" else "> " if block.kind == "quote" else ""
        )
        rest = first if block.kind == "quote" else " " * len(first)
        words = "".join(_marked(span) for span in block.spans)
        yield from textwrap.wrap(
            words, width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False
        )


def _marked(span: markdown.Span) -> str:
    """Where nothing else sets off what is to be typed, quotes do."""
    return f"`{span.text}`" if span.style == "code" else span.text


# --- the coach --------------------------------------------------------------------------------


def advice(learning: Learning) -> tuple[str, str] | None:
    """What to say above the prompt, and the line to enter; None where the session itself has
    something to say."""
    tutor = learning.tutor
    if learning.console.is_dialling:
        return None
    if learning.on_enter:
        return going_on(tutor), NEXT
    if learning.phase is Phase.AUTH:
        return None
    if tutor.is_done:
        return "The step is done. Tab goes on; Enter alone is a line of the message.", NEXT
    if learning.is_stranded:
        return "The connection is gone. This step can be begun again.", AGAIN
    if tutor.lesson.is_guided and (line := learning.next_line):
        return _ended(tutor.step.title if tutor.step is not None else tutor.lesson.title), line
    if tutor.wrong is not None:
        more = tutor.has_more_hints
        return ("Not quite. A hint?", HINT) if more else ("Not quite. Once more?", "")
    if tutor.hints:
        line = HINT if tutor.has_more_hints else learning.next_line
        return tutor.hints[-1].replace("\n", " "), line
    if tutor.ask is not None:
        return "Answer with its number. A hint?", HINT
    return _ended(heading(tutor)), HINT if tutor.has_more_hints else ""


def going_on(tutor: Tutor) -> str:
    """That a step is done, and how to go on."""
    if tutor.step is None:
        return "Enter goes on, when you have read this."
    if tutor.is_finished and tutor.lesson.is_guided:
        return "That is all there is to it. Enter leaves."
    if tutor.is_finished:
        return "The lesson is done. Enter goes on to the next one."
    ended = _ended(tutor.step.title)
    return "Enter goes on." if tutor.step.is_reading else f"ok: {ended} Enter goes on."


def _ended(sentence: str) -> str:
    return sentence if sentence[-1:] in ".?!:" else f"{sentence}."
