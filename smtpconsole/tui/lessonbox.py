"""The lesson beside the wire: one step at a time, what is to be seen, and what went wrong.

At 80 columns it has the upper half, and the wire the lower one.  What is to be done stands below
the text and stays in sight while that scrolls.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from smtpconsole.console import lessontold
from smtpconsole.console.console import Console
from smtpconsole.tui.lessontext import hung, rendered
from smtpconsole.tui.panes import Pane
from smtpconsole.visible import visible

if TYPE_CHECKING:
    from smtpconsole.console.learning import Learning

_KEYS = {"n": "next", "b": "back", "h": "hint", "r": "again", "q": "leave"}


class _Text(VerticalScroll):
    """What is to be read; it takes the keys of the lesson."""

    help_ = (
        "The lesson. n goes on, b goes back a step with the session as it was then, h gives a "
        "hint, r begins the step once more, q leaves; a digit answers. Esc is the prompt."
    )
    BINDINGS = [  # noqa: RUF012
        *(Binding(key, f"lesson('{what}')", what, show=False) for key, what in _KEYS.items()),
        *(Binding(str(n), f"lesson('answer {n}')", "answer", show=False) for n in range(1, 10)),
        Binding("enter", "go_on", "go on", show=False),
        Binding("space", "go_on", "go on", show=False),
    ]

    def action_lesson(self, what: str) -> None:
        """Ask the lesson for something."""
        self.post_message(Pane.Line(f"/learn {what}"))

    def action_go_on(self) -> None:
        """Read on, and at the end of the page go on where the step is done."""
        if self.scroll_offset.y < self.max_scroll_y:
            self.scroll_page_down(animate=False)
        else:
            self.post_message(Pane.Line("/learn next"))


class LessonBox(Vertical):
    """The step at hand, as the tutor sees it."""

    def __init__(self, console: Console) -> None:
        super().__init__(id="lesson")
        self.smtp_console = console
        self._shown: object = None
        self._place: object = None

    def compose(self) -> ComposeResult:
        yield Static(id="lesson-title")
        yield _Text(Static(id="lesson-text"), id="lesson-scroll")
        yield Static(id="lesson-foot")

    @property
    def text(self) -> VerticalScroll:
        """What takes the focus."""
        return self.query_one(_Text)

    def on_resize(self) -> None:
        self._shown = None
        self.call_after_refresh(self.tell)

    def tell(self) -> None:
        """Look at the lesson again; without one there is nothing to see."""
        learning = self.smtp_console.learning
        self.screen.set_class(learning is not None, "-lesson")
        if learning is None or not self.size.width:
            self._shown = None
            return
        learning.look()
        state = self._state(learning)
        if state == self._shown:
            return
        self._shown = state
        width = max(20, self.size.width - 3)
        title = _title(learning, self.size.width - 2)
        self.query_one("#lesson-title", Static).update(title)
        text = Content("\n").join(_text(learning, width))
        self.query_one("#lesson-text", Static).update(text)
        self.query_one("#lesson-foot", Static).update(Content("\n").join(_foot(learning, width)))
        place = id(learning), learning.tutor.index
        if place != self._place:
            self._place = place
            self.text.scroll_home(animate=False)

    def _state(self, learning: Learning) -> object:
        """All that is shown; nothing is drawn again while it stays the same."""
        tutor = learning.tutor
        ticks = tuple(tick.holds for tick in tutor.ticks)
        chosen = tuple(tutor.chosen.items())
        return (id(tutor), tutor.index, ticks, tutor.is_done, tutor.degree, id(tutor.wrong), chosen)


def _title(learning: Learning, width: int) -> Content:
    tutor = learning.tutor
    right = "F6, then h hint, b back" if tutor.step is not None else ""
    left = visible(lessontold.heading(tutor))
    room = width - len(right) - 2
    left = left if len(left) <= room else f"{left[: room - 1]}…"
    gap = " " * max(1, width - len(left) - len(right))
    return Content.assemble((left, "bold"), gap, (right, "$foreground-muted"))


def _text(learning: Learning, width: int) -> list[Content]:
    tutor = learning.tutor
    step, lesson = tutor.step, tutor.lesson
    lines = rendered(tutor.filled(step.text if step is not None else lesson.intro), width)
    if step is None:
        about = Content(visible(lessontold.about(tutor))).stylize("$foreground-muted")
        return [*lines, Content(""), *about.wrap(width)]
    for look in step.looks:
        where = f"look at {lessontold.pane(look.pane)}  " if look.pane else "look  "
        words = Content.assemble((where, "bold"), visible(tutor.filled(look.text)))
        lines += [Content(""), *hung(words, "  ", width)]
    return lines


def _foot(learning: Learning, width: int) -> Iterator[Content]:
    """What is to be done, and what has come of it."""
    tutor = learning.tutor
    for tick in tutor.ticks:
        mark, style = ("ok ", "bold $success") if tick.holds else (" · ", "")
        yield from hung(Content(visible(tick.check.words)).stylize(style), mark, width)
    yield from _question(learning, width)
    if tutor.wrong is not None and not tutor.is_done:
        say = Content(visible(tutor.filled(tutor.wrong.say)))
        yield from hung(Content.assemble(("not quite: ", "bold $warning"), say), "", width)
    for number, hint in enumerate(tutor.hints, 1):
        if number == tutor.degree and not tutor.is_done:
            lines = [visible(line) for line in hint.split("\n")]
            hinted = Content.assemble((f"hint {number}: ", "bold $warning"), " ".join(lines))
            yield from hung(hinted, "", width)
    if tutor.is_finished:
        yield Content("ok  the lesson is done").stylize("bold $success")


def _question(learning: Learning, width: int) -> Iterator[Content]:
    """The questions: those that are answered with what was said to that, then the open one."""
    tutor, step = learning.tutor, learning.tutor.step
    for number, ask in enumerate(step.asks if step is not None else ()):
        is_open = ask is tutor.ask
        chosen = tutor.chosen.get(number)
        if not is_open and chosen is None:
            continue
        yield from hung(Content(visible(tutor.filled(ask.question))).stylize("bold"), "", width)
        for at, option in enumerate(ask.options, 1):
            if is_open or at == chosen:
                yield from hung(Content(visible(tutor.filled(option.text))), f" {at} ", width)
            if at == chosen:
                word, style = ("right", "$success") if option.is_right else ("not it", "$warning")
                because = visible(tutor.filled(option.because))
                told = Content.assemble((f"{word}. ", f"bold {style}"), because)
                yield from hung(told, "   ", width)
