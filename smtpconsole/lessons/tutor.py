"""The tutor: where the learner is, and what has been seen since.

1. The tutor asks the journal, and never hooks the engine.  It looks when nothing is unanswered, so
   that a step is not done while its reply is still on the way.
2. A step begins where the one before was done: who goes on typing before reading on has not typed
   in vain.  Only a step that switches faults begins when it is come to.
3. A wrong turn is told each time that it is taken, and no longer once the step is done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from smtpconsole.lessons import checks
from smtpconsole.lessons.checks import Check, View
from smtpconsole.lessons.lesson import Ask, Lesson, Step, Wrong
from smtpconsole.sandbox import faults
from smtpconsole.smtp.events import (
    Anomaly,
    Answered,
    Closed,
    Connected,
    Entered,
    Learned,
    Noted,
    NotSecured,
    Phase,
    Secured,
    Sent,
)
from smtpconsole.transcript.journal import Journal

if TYPE_CHECKING:
    from smtpconsole.sandbox.server import Sandbox

# What checks look at: of octets that flood in, nothing is read.
_TELLING: tuple[type, ...] = (Sent, Answered, Learned, Anomaly, Connected, Secured, NotSecured)
_TELLING += (Closed, Entered, Noted)
INTRODUCTION = -1  # the page before the first step


class Scene(Protocol):
    """What the tutor looks at."""

    @property
    def journal(self) -> Journal:
        """What happens."""

    @property
    def sandbox(self) -> Sandbox | None:
        """The other side; None where the lesson is pointed at somebody's own server."""

    @property
    def phase(self) -> Phase | None:
        """Where the session stands; None without a connection."""

    @property
    def identity(self) -> str | None:
        """Who is logged in."""

    @property
    def typed(self) -> Sequence[str]:
        """The lines that were entered at the prompt."""

    @property
    def is_settled(self) -> bool:
        """Nothing is unanswered, and no handshake is under way."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A check, and whether it holds."""

    check: Check
    holds: bool


@dataclass(slots=True)
class Mark:
    """A point in time, as the journal and the mailbox count it."""

    entry: int = 0
    letter: int = 0
    typed: int = 0


@dataclass(slots=True)
class News:
    """What came about since the tutor looked last."""

    ticks: list[Check] = field(default_factory=list)  # that hold now, and did not
    wrong: Wrong | None = None
    is_done: bool = False  # the step is done now, and was not

    def __bool__(self) -> bool:
        return bool(self.ticks or self.wrong or self.is_done)


class Tutor:
    """Somebody who follows a lesson."""

    def __init__(self, lesson: Lesson, words: Mapping[str, str], scene: Scene) -> None:
        """`words` are what stands for the names in braces, such as `{sandbox}`."""
        self.lesson = lesson
        self.words = dict(words)
        self.scene = scene
        self.index = INTRODUCTION
        self.done: set[int] = set()  # steps, by their index
        self.degree = 0  # hints that were asked for
        self.wrong: Wrong | None = None  # the turn that was taken last
        self.chosen: dict[int, int] = {}  # the answer given, by question
        self._checks: list[Check] = []
        self._held: set[str] = set()
        self._whens: list[tuple[Wrong, list[Check]]] = []
        self._since = Mark()  # when the step began
        self._seen = Mark()  # when it was looked last
        self._is_stale = True  # to be looked at even if nothing has happened
        self._turned: dict[int, Mark] = {}  # when a wrong turn was told
        self._on: tuple[str, ...] = ()  # the faults of this step, by name
        self.begin(INTRODUCTION, afresh=True)

    # --- where one is -------------------------------------------------------------------------

    @property
    def step(self) -> Step | None:
        """The step at hand; None in the introduction."""
        return self.lesson.steps[self.index] if self.index >= 0 else None

    @property
    def is_done(self) -> bool:
        """The step at hand is done; an introduction is, too."""
        return self.index < 0 or self.index in self.done

    @property
    def is_just_done(self) -> bool:
        """It is, and nothing was said since."""
        return self.is_done and not self._has_acted(self._since)

    @property
    def is_last(self) -> bool:
        """There is no further step."""
        return self.index + 1 == len(self.lesson.steps)

    @property
    def is_finished(self) -> bool:
        """The lesson is."""
        return self.is_last and self.is_done

    @property
    def ask(self) -> Ask | None:
        """The question that waits for an answer."""
        number = self._open_ask()
        step = self.step
        return step.asks[number] if step is not None and number is not None else None

    @property
    def ticks(self) -> list[Tick]:
        """The checks of the step, and which of them hold."""
        return [Tick(each, self.is_done or each.line in self._held) for each in self._checks]

    @property
    def hints(self) -> tuple[str, ...]:
        """The hints that were asked for."""
        return self._all_hints()[: self.degree]

    @property
    def has_more_hints(self) -> bool:
        """There is another one to ask for."""
        return self.degree < len(self._all_hints())

    @property
    def typed(self) -> Sequence[str]:
        """The lines that were entered in this step."""
        return self.scene.typed[self._since.typed :]

    @property
    def solution(self) -> tuple[str, ...]:
        """The lines that do the step."""
        step = self.step
        return tuple(map(self.filled, step.tries)) if step is not None else ()

    def filled(self, text: str) -> str:
        """Text of the lesson with what stands for its {names}."""
        return checks.filled(text, self.words)

    def _all_hints(self) -> tuple[str, ...]:
        step = self.step
        if step is None:
            return ()
        hints = tuple(map(self.filled, step.hints))
        lines = [line for line in self.solution if line]
        if len(hints) == 3 or not lines:
            return hints
        return (*hints, "Type: " + "   then: ".join(lines))

    # --- going --------------------------------------------------------------------------------

    def begin(self, index: int, *, afresh: bool = False) -> News:
        """Come to a step; `afresh` forgets what was said before.  What of it is done already."""
        step = self.lesson.steps[index] if index >= 0 else None
        self._switch(step.faults if step is not None else ())
        self.index, self.degree, self.wrong, self.chosen = index, 0, None, {}
        if afresh or (step is not None and step.faults):
            self._since = self._now()
        self._seen = self._now()
        self._turned, self._held = {}, set()
        self._checks = self.parsed(step.checks) if step is not None else []
        wrongs = step.wrongs if step is not None else ()
        self._whens = [(each, self.parsed(each.whens)) for each in wrongs]
        if step is not None and step.is_reading:
            self.done.add(index)
        self._is_stale = True
        return self.look()

    def leave(self) -> None:
        """Switch off what the lesson switched on."""
        self._switch(())

    def hint(self) -> bool:
        """Give another hint; False if there is none."""
        if not self.has_more_hints:
            return False
        self.degree += 1
        return True

    def answer(self, number: int) -> str:
        """Answer the question; what there is to say to that.  IndexError if there is no such."""
        at, ask = self._open_ask(), self.ask
        if at is None or ask is None or not 1 <= number <= len(ask.options):
            raise IndexError(number)
        option = ask.options[number - 1]
        self.chosen[at] = number
        self._is_stale = True
        self.look()
        return self.filled(option.because)

    def _open_ask(self) -> int | None:
        """The first question without its right answer."""
        step = self.step
        if step is None or self.index in self.done:
            return None
        for number, ask in enumerate(step.asks):
            chosen = self.chosen.get(number)
            if chosen is None or not ask.options[chosen - 1].is_right:
                return number
        return None

    def parsed(self, lines: Sequence[str]) -> list[Check]:
        """Checks as they are written, filled in."""
        return [checks.parse(line, self.words) for line in lines]

    def _switch(self, names: tuple[str, ...]) -> None:
        """Switch on the faults of a step, and off those of the step before."""
        sandbox = self.scene.sandbox
        if sandbox is None:
            return
        for name in self._on:
            sandbox.faults.switch_off(name)
        wanted = [faults.parsed(name) for name in names]
        for fault in wanted:
            sandbox.faults.switch_on(fault)
        self._on = tuple(fault.name for fault in wanted)

    # --- looking ------------------------------------------------------------------------------

    def look(self) -> News:
        """Look at what has happened; what is new of it."""
        news, scene = News(), self.scene
        if not scene.is_settled:
            return news
        if self.index < 0:
            return self.begin(0) if self._has_acted(self._since) else news
        if self.index in self.done or not (self._is_stale or self._now() != self._seen):
            return news
        self._is_stale = False
        view = self._view(self._since)
        held = {each.line for each in self._checks if each.holds(view)}
        news.ticks = [each for each in self._checks if each.line in held - self._held]
        self._held = held
        if len(held) == len({each.line for each in self._checks}) and self._open_ask() is None:
            self._finish(news)
        else:
            news.wrong = self._turn()
        self._seen = self._now()
        return news

    def _finish(self, news: News) -> None:
        self.done.add(self.index)
        self.wrong = None
        self._since = self._now()
        news.is_done = True

    def _turn(self) -> Wrong | None:
        """The first wrong turn that was taken since it was told last."""
        for number, (wrong, whens) in enumerate(self._whens):
            view = self._view(self._turned.get(number, self._since))
            if all(each.holds(view) for each in whens):
                self._turned[number] = self._now()
                self.wrong = wrong
                return wrong
        if self._has_acted(self._seen):  # something else was tried
            self.wrong = None
        return None

    def _has_acted(self, since: Mark) -> bool:
        """The learner did something other than asking the tutor."""
        if any(not line.startswith("/learn") for line in self.scene.typed[since.typed :]):
            return True
        return any(
            isinstance(entry.event, Sent) or not entry.event.line.startswith("/learn")
            for entry in self.scene.journal.since(since.entry, Sent, Entered)
            if isinstance(entry.event, Sent | Entered)
        )

    def _view(self, since: Mark) -> View:
        scene = self.scene
        letters = scene.sandbox.mailbox.letters() if scene.sandbox is not None else ()
        return View(
            scene.journal.since(since.entry, *_TELLING),
            tuple(letter for letter in letters if letter.number > since.letter),
            scene.phase,
            scene.identity,
            scene.typed[since.typed :],
        )

    def _now(self) -> Mark:
        scene = self.scene
        letters = scene.sandbox.mailbox.letters() if scene.sandbox is not None else ()
        return Mark(len(scene.journal), letters[-1].number if letters else 0, len(scene.typed))
