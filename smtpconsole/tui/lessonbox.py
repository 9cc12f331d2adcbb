"""The lesson beside the wire: one step at a time, what is to be seen, and what went wrong.

At 80 columns it has the upper half, and the wire the lower one; where there is nothing to say but
an answer, it has more.  What is to be done stands below the text and stays in sight while that
scrolls.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from smtpconsole.console.configuring.keynames import told
from smtpconsole.console.console import Console
from smtpconsole.console.teaching import lessontold
from smtpconsole.lessons import markdown
from smtpconsole.tui import keys
from smtpconsole.tui.lessontext import hung, rendered
from smtpconsole.tui.panes import Pane
from smtpconsole.visible import visible

if TYPE_CHECKING:
    from smtpconsole.console.teaching.learning import Learning
    from smtpconsole.lessons.lesson import Option
    from smtpconsole.lessons.tutor import Tutor


class _Text(VerticalScroll):
    """What is to be read; it takes the keys of the lesson."""

    help_ = (
        "The lesson. {key lesson.next} goes on, {key lesson.back} goes back a step with the "
        "session as it was then, {key lesson.hint} gives a hint, {key lesson.again} begins the "
        "step once more, {key lesson.leave} leaves; a digit answers. {key back} is the prompt."
    )
    BINDINGS = keys.bindings("lesson")

    def action_lesson(self, what: str) -> None:
        """Ask the lesson for something."""
        self.post_message(Pane.Line(f"/learn {what}"))

    def action_go_on(self) -> None:
        """Read on, and at the end of the page go on where the step is done."""
        box = self.parent
        assert isinstance(box, LessonBox)
        box.go_on()


class LessonBox(Vertical):
    """The step at hand, as the tutor sees it.

    Presented to a room it is larger, and reveals itself bit by bit: first the text, then, a line
    each, the solution, which is really said.
    """

    def __init__(self, console: Console) -> None:
        super().__init__(id="lesson")
        self.smtp_console = console
        self._shown: object = None
        self._place: object = None
        self._revealed = 1  # blocks of the text
        self._said = 0  # lines of the solution

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

    def page(self, by: int) -> None:
        """Scroll the text by a page."""
        self.text.scroll_relative(y=by * max(1, self.text.size.height - 1), animate=False)

    def tell(self) -> None:
        """Look at the lesson again; without one there is nothing to see."""
        learning = self.smtp_console.learning
        self.screen.set_class(learning is not None, "-lesson")
        self.screen.set_class(learning is not None and learning.is_presented, "-present")
        if learning is None or not self.size.width:
            self._shown = None
            return
        learning.look()
        place = id(learning), id(learning.tutor), learning.tutor.index
        if place != self._place:
            self._place, self._revealed, self._said = place, 1, 0
            self.remove_class("-asks")
            self.text.scroll_home(animate=False)
            if learning.is_presented:
                self.text.focus()
        state = self._state(learning)
        if state != self._shown:
            self._shown = state
            self._draw(learning)

    def _draw(self, learning: Learning) -> None:
        width = max(20, self.query_one("#lesson-text", Static).content_size.width)
        text = Content("\n").join(_text(learning, width, self._limit(learning)))
        self.query_one("#lesson-text", Static).update(text)
        foot = [*_foot(learning, width), *self._coming(learning)]
        self.query_one("#lesson-foot", Static).update(Content("\n").join(foot))
        self.call_after_refresh(self._draw_title, learning)

    def _draw_title(self, learning: Learning) -> None:
        """The title tells whether there is more to read, which is known only now."""
        title = self.query_one("#lesson-title", Static)
        is_longer = self.text.max_scroll_y > 0
        step = learning.tutor.step
        if is_longer and step is not None and step.asks and not step.checks:
            self.add_class("-asks")  # it is told again when it has its size
        title.update(_title(learning, title.content_size.width, is_longer=is_longer))

    def _state(self, learning: Learning) -> object:
        """All that is shown; nothing is drawn again while it stays the same."""
        tutor = learning.tutor
        ticks = tuple(tick.holds for tick in tutor.ticks)
        told = (ticks, tutor.is_done, tutor.degree, id(tutor.wrong), tuple(tutor.chosen.items()))
        return (id(tutor), tutor.index, told, learning.is_presented, self._revealed, self._said)

    # --- going on -----------------------------------------------------------------------------

    def go_on(self) -> None:
        """What Enter and the space bar do: read on, then go on; presented, reveal and do."""
        learning = self.smtp_console.learning
        if learning is None:
            return
        if self._is_longer(learning):
            self._revealed += 1
            self.tell()
            self.text.scroll_end(animate=False)
        elif learning.is_presented and not learning.tutor.is_done:
            self._say(learning)
        elif self.text.scroll_offset.y < self.text.max_scroll_y and not learning.is_presented:
            self.page(1)
        else:
            self.post_message(Pane.Line(lessontold.NEXT))

    def _limit(self, learning: Learning) -> int | None:
        """How many blocks of the text are shown; None for all."""
        return self._revealed if learning.is_presented else None

    def _is_longer(self, learning: Learning) -> bool:
        limit = self._limit(learning)
        return limit is not None and limit < len(markdown.blocks(_written(learning)))

    def _say(self, learning: Learning) -> None:
        """Enter the next line of the solution."""
        line = self._next(learning)
        if line is not None:
            self._said += 1
            self.post_message(Pane.Line(line))

    def _next(self, learning: Learning) -> str | None:
        lines = learning.tutor.solution[self._said :]
        if lines:
            is_answer = lines[0].startswith("answer ")
            return f"/learn {lines[0]}" if is_answer else lines[0]
        ask = learning.tutor.ask
        return f"/learn answer {ask.right}" if ask is not None else None

    def _coming(self, learning: Learning) -> Iterator[Content]:
        """What the space bar will do, told before it does."""
        if not learning.is_presented or learning.tutor.is_done or self._is_longer(learning):
            return
        line = self._next(learning)
        if line is not None:
            shown = visible(line) or "an empty line"
            yield Content.assemble(("space  ", "$foreground-muted"), (shown, "bold $accent"))


def _title(learning: Learning, width: int, *, is_longer: bool) -> Content:
    tutor = learning.tutor
    right = "{key wire}, then {key lesson.hint} hint, {key lesson.back} back"
    if tutor.lesson.is_guided:
        right = "{key wire}, then {key lesson.leave} leaves"
    elif tutor.step is None:
        right = ""
    if learning.is_presented:
        right = "space goes on, {key lesson.back} back"
    elif is_longer:
        right = f"{{key prompt.page-down}} reads on{' · {key wire} keys' if right else ''}"
    right = told(right, learning.console.settings.keys)
    left = visible(lessontold.heading(tutor))
    gap = width - len(left) - len(right)
    if gap < 2:  # the title comes first
        right, gap = "", 0
    left = left if len(left) <= width else f"{left[: width - 1]}…"
    return Content.assemble((left, "bold"), " " * gap, (right, "$foreground-muted"))


def _written(learning: Learning) -> str:
    """The Markdown of the page."""
    tutor = learning.tutor
    return tutor.filled(tutor.step.text if tutor.step is not None else tutor.lesson.intro)


def _text(learning: Learning, width: int, limit: int | None) -> list[Content]:
    tutor = learning.tutor
    step = tutor.step
    lines = rendered(_written(learning), width, limit)
    if step is None:
        about = Content(visible(lessontold.about(tutor))).stylize("$foreground-muted")
        return [*lines, Content(""), *about.wrap(width)]
    if limit is not None and limit < len(markdown.blocks(_written(learning))):
        return lines
    for look in step.looks:
        pane = lessontold.pane(look.pane, learning.console.settings.keys)
        where = f"look at {pane}  " if pane else "look  "
        words = Content.assemble((where, "bold"), visible(tutor.filled(look.text)))
        lines += [Content(""), *hung(words, "  ", width)]
    return lines


def _foot(learning: Learning, width: int) -> Iterator[Content]:
    """What is to be done, and what has come of it."""
    tutor = learning.tutor
    if tutor.wrong is not None and not tutor.is_done:
        say = Content(visible(tutor.filled(tutor.wrong.say)))
        yield from hung(Content.assemble(("not quite: ", "bold $warning"), say), "", width)
    if tutor.hints and not tutor.is_done:
        hint = " ".join(map(visible, tutor.hints[-1].split("\n")))
        told = Content.assemble((f"hint {tutor.degree}: ", "bold $warning"), hint)
        yield from hung(told, "", width)
    yield from _question(learning, width)
    for tick in tutor.ticks:
        mark, style = ("ok ", "bold $success") if tick.holds else (" · ", "")
        yield from hung(Content(visible(tick.check.words)).stylize(style), mark, width)
    if tutor.is_finished:
        yield Content("ok  the lesson is done; /learn leave ends it").stylize("bold $success")
    if tutor.is_done and not learning.console.settings.coach:  # who would say so otherwise
        yield Content(visible(lessontold.going_on(tutor))).stylize("bold $success")


def _question(learning: Learning, width: int) -> Iterator[Content]:
    """The questions: those that are answered with what was said to that, then the open one."""
    tutor, step = learning.tutor, learning.tutor.step
    for number, ask in enumerate(step.asks if step is not None else ()):
        chosen = tutor.chosen.get(number)
        if chosen is not None:
            yield from hung(_said(tutor, ask.options[chosen - 1], chosen), "", width)
        if ask is tutor.ask:
            yield from hung(Content(visible(tutor.filled(ask.question))).stylize("bold"), "", width)
            for at, option in enumerate(ask.options, 1):
                yield from hung(Content(visible(tutor.filled(option.text))), f" {at} ", width)


def _said(tutor: Tutor, option: Option, number: int) -> Content:
    """What there is to say to an answer."""
    word, style = ("right", "$success") if option.is_right else ("not it", "$warning")
    because = visible(tutor.filled(option.because or option.text))
    return Content.assemble((f"{number} {word}: ", f"bold {style}"), because)
