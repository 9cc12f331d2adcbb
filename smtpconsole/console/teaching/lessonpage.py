"""A lesson as one HTML file, each step with what was said in it; in the style of a transcript."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from smtpconsole.console.teaching import lessontold
from smtpconsole.lessons import markdown
from smtpconsole.lessons.lesson import Ask, Step
from smtpconsole.lessons.markdown import Block, Span
from smtpconsole.transcript.formats.html import head, said, shown
from smtpconsole.transcript.turns import Turn, turns

if TYPE_CHECKING:
    from smtpconsole.console.teaching.learning import Learning
    from smtpconsole.lessons.tutor import Tutor

_TAGS = {"code": "code", "emphasis": "em", "strong": "strong"}
_BLOCKS = {"paragraph": "p", "heading": "h3", "quote": "blockquote"}


def page(learning: Learning) -> str:
    """The lesson, and what was said in it; secrets are not shown."""
    return "\n".join([*head(learning.lesson.title), *_body(learning), "</html>", ""])


def _body(learning: Learning) -> Iterator[str]:
    tutor, lesson = learning.tutor, learning.lesson
    spoken = _spoken(learning)
    yield "<body>"
    yield f"<h1>{shown(lesson.title)}</h1>"
    if lesson.summary:
        yield f'<p class="verdict">{shown(lesson.summary)}</p>'
    yield f'<p class="quiet">{shown(lessontold.about(tutor))}</p>'
    yield from _markdown(tutor.filled(lesson.intro))
    yield from _wire(spoken.get(-1, []))
    for index, step in enumerate(lesson.steps):
        yield from _step(tutor, index, step)
        yield from _wire(spoken.get(index, []))
    yield "<footer>Made by smtpconsole.</footer>"
    yield "</body>"


def _spoken(learning: Learning) -> dict[int, list[Turn]]:
    """What was said, by the step in which it was."""
    found: dict[int, list[Turn]] = {}
    marks = [*learning.marks]
    index = None
    for turn in turns(learning.journal):
        while marks and marks[0][0] <= turn.number:
            _, index = marks.pop(0)
        if index is not None:
            found.setdefault(index, []).append(turn)
    return found


def _step(tutor: Tutor, index: int, step: Step) -> Iterator[str]:
    yield f"<h2>{index + 1}. {shown(step.title)}</h2>"
    yield from _markdown(tutor.filled(step.text))
    for look in step.looks:
        where = f"Look at {look.pane}: " if look.pane else "Look: "
        yield f"<p><strong>{shown(where)}</strong>{shown(tutor.filled(look.text))}</p>"
    if step.checks:
        yield "<ul>"
        for check in tutor.parsed(step.checks):
            mark = "ok" if index in tutor.done else "·"
            yield f"<li>{mark} {shown(check.words)}</li>"
        yield "</ul>"
    for ask in step.asks:
        yield from _ask(tutor, ask, is_done=index in tutor.done)


def _ask(tutor: Tutor, ask: Ask, *, is_done: bool) -> Iterator[str]:
    yield f"<p><strong>{shown(tutor.filled(ask.question))}</strong></p>"
    yield "<ol>"
    for option in ask.options:
        text = shown(tutor.filled(option.text))
        right = " <strong>right</strong>" if is_done and option.is_right else ""
        because = shown(tutor.filled(option.because)) if is_done else ""
        yield f"<li>{text}{right}" + (f"<br>{because}" if because else "") + "</li>"
    yield "</ol>"


def _wire(spoken: list[Turn]) -> Iterator[str]:
    if spoken:
        yield '<div class="wire">'
        for turn in spoken:
            yield from said(turn)
        yield "</div>"


def _markdown(text: str) -> Iterator[str]:
    opened = ""
    for block in markdown.blocks(text):
        kind = ("ol" if block.marker[:1].isdigit() else "ul") if block.kind == "item" else ""
        if kind != opened:
            yield from ([f"</{opened}>"] if opened else [])
            yield from ([f"<{kind}>"] if kind else [])
            opened = kind
        yield _block(block)
    if opened:
        yield f"</{opened}>"


def _block(block: Block) -> str:
    if block.kind == "code":
        lines = "\n".join(map(shown, block.text.split("\n")))
        return f'<div class="wire"><pre class="commands">{lines}</pre></div>'
    tag = "li" if block.kind == "item" else _BLOCKS[block.kind]
    return f"<{tag}>{''.join(map(_span, block.spans))}</{tag}>"


def _span(span: Span) -> str:
    tag = _TAGS.get(span.style)
    return f"<{tag}>{shown(span.text)}</{tag}>" if tag else shown(span.text)
