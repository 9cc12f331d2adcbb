"""A lesson under way in a console: its sandbox, its tutor, and what is to be said of both."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from smtpconsole.console.actions import ACTIONS
from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.configuring import keynames
from smtpconsole.console.sandboxing import sandboxes
from smtpconsole.console.targets import written
from smtpconsole.console.teaching import lessons, lessontold
from smtpconsole.console.teaching.standing import Place
from smtpconsole.lessons.lesson import Lesson
from smtpconsole.lessons.tutor import INTRODUCTION, Tutor
from smtpconsole.smtp.events import Noted, Phase, Target
from smtpconsole.transcript.journal import Journal

if TYPE_CHECKING:
    from smtpconsole.console.composing.progress import Progress
    from smtpconsole.console.console import Console
    from smtpconsole.sandbox import Sandbox
    from smtpconsole.sandbox.house import House

PATIENCE = 5.0  # seconds that the solution of a step may take to show
_LATER = 3600.0  # seconds that pass for the server before a step is played


class Learning:
    """A lesson that somebody follows."""

    def __init__(
        self, console: Console, lesson: Lesson, target: Target | None = None, name: str = ""
    ) -> None:
        """With a target the lesson is pointed at somebody's own server; ConsoleError if it has
        to stay in the sandbox.  Its `name` is what progress is kept by."""
        if target is not None:
            lessons.harmless(lesson)
        self.console = console
        self.lesson = lesson
        self.name = name or lesson.name
        self.target = target
        self.is_replaying = False
        self.is_presented = False  # to a room: large, and revealed bit by bit
        self.typed: list[str] = []  # at the prompt
        self.marks: list[tuple[int, int]] = []  # entries of the journal where steps begin
        self.hands = Hands(())  # that played last
        self.had_sandbox = console.sandbox is not None
        self.before = (console.suggestions, console.target)
        self._happened = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._is_due = False
        console.journal.subscribe(self._wake)
        self.tutor = Tutor(lesson, {}, self)

    # --- what the tutor looks at --------------------------------------------------------------

    @property
    def journal(self) -> Journal:
        """What happens."""
        return self.console.journal

    @property
    def sandbox(self) -> Sandbox | None:
        """The other side, where the lesson is not pointed at somebody's own server."""
        return self.console.sandbox if self.target is None else None

    @property
    def phase(self) -> Phase | None:
        """Where the session stands."""
        return self.console.phase

    @property
    def identity(self) -> str | None:
        """Who is logged in."""
        connection = self.console.connection
        return connection.session.identity if connection is not None else None

    @property
    def is_settled(self) -> bool:
        """Nothing is unanswered, and no handshake is under way."""
        connection = self.console.connection
        if self.console.is_dialling:
            return False
        if connection is None or connection.session.phase is Phase.CLOSED:
            return True
        session = connection.session
        return not session.unanswered and session.phase not in (Phase.GREETING, Phase.UPGRADING)

    @property
    def next_line(self) -> str:
        """The first line of the solution that was not entered yet; "" if there is none."""
        typed = list(self.tutor.typed)
        for line in self.tutor.solution:
            if line not in typed:
                return f"/learn {line}" if line.startswith("answer ") else line
            typed.remove(line)
        return ""

    @property
    def is_stranded(self) -> bool:
        """Something is to be said, and there is no connection to say it on."""
        is_connected = self.console.connection is not None and self.phase is not Phase.CLOSED
        return not is_connected and self.next_line[:1] not in ("", "/", "?", "#")

    @property
    def on_enter(self) -> str:
        """What Enter alone does: it goes on where a step is done.  Within a message, and within a
        login, it may be meant for the server, unless the step was done just now."""
        is_amid = self.phase in (Phase.CONTENT, Phase.AUTH)
        can_go_on = self.tutor.is_just_done if is_amid else self.tutor.is_done
        return lessontold.NEXT if can_go_on else ""

    def meant(self, line: str) -> str:
        """What a line means here: nothing goes on, a number answers the question."""
        if not line:
            return self.on_enter
        is_amid = self.phase in (Phase.CONTENT, Phase.AUTH)
        is_answer = len(line) == 1 and line in "123456789" and self.tutor.ask is not None
        return f"/learn answer {line}" if is_answer and not is_amid else line

    def look(self) -> None:
        """Look at what has happened, and tell what is new of it; not amid a command, of which half
        would be taken for the whole."""
        if self.console.doing:
            return
        index = self.tutor.index
        news = self.tutor.look()
        if self.is_replaying:
            return
        if self.tutor.index != index:
            self.marks[-1] = self.marks[-1][0], self.tutor.index  # what was done is of this step
            self._tell(lessontold.page(self.tutor))
        if news:
            self.keep()
            self._tell(lessontold.news(self.tutor, news))

    def _wake(self) -> None:
        """Something has happened: look when the engine is through with it, whoever waits."""
        self._happened.set()
        if not self._is_due and self.console.learning is self and not self._loop.is_closed():
            self._is_due = True
            self._loop.call_soon(self._look_now)

    def _look_now(self) -> None:
        self._is_due = False
        if self.console.learning is self:
            self.look()

    # --- what the learner asks for ------------------------------------------------------------

    def show(self) -> None:
        """The step at hand once more."""
        self._tell(lessontold.page(self.tutor))

    async def next(self) -> None:
        """Go on; a step that is not done is done by the lesson itself."""
        if self.tutor.is_done:
            self.step(self.tutor.index + 1)
        else:
            await self.begin(self.tutor.index + 1)
        self.keep()
        self.show()

    async def back(self) -> None:
        """Go back a step, with the session as it was then."""
        if self.tutor.step is None:
            raise ConsoleError("this is the beginning of the lesson", next=(lessontold.NEXT,))
        await self.begin(self.tutor.index - 1)
        self.keep()
        self.show()

    async def again(self) -> None:
        """Begin the step once more; after the last one, the lesson."""
        await self.begin(INTRODUCTION if self.tutor.is_finished else self.tutor.index)
        self.keep()
        self.show()

    def hint(self) -> None:
        """Another hint, or the last one again."""
        self.tutor.hint()
        self._tell(lessontold.hint(self.tutor))

    def answer(self, number: int) -> None:
        """Answer the question."""
        ask = self.tutor.ask
        if ask is None:
            raise ConsoleError("nothing is asked here", "/learn shows the step")
        try:
            because = self.tutor.answer(number)
        except IndexError:
            raise ConsoleError(
                f"there is no answer {number}", f"give a number from 1 to {len(ask.options)}"
            ) from None
        is_right = ask.options[number - 1].is_right
        self.keep()
        self._tell(lessontold.answered(self.tutor, number, because, is_right=is_right))

    def _tell(self, answer: Answer) -> None:
        self.console.front.teach(answer)

    def keep(self) -> None:
        """Remember how far the learner has come."""
        standing, tutor = self.console.standing, self.tutor
        was_finished = standing.place(self.name).is_finished
        place = Place(tutor.index, tuple(sorted(tutor.done)), was_finished or tutor.is_finished)
        standing.keep(self.name, place)

    # --- its life -----------------------------------------------------------------------------

    async def begin(self, index: int = INTRODUCTION) -> None:
        """Come to a step, the session as it is then: on a fresh server, with what the lesson
        itself would have said up to there.  Behind the last step all of them are done."""
        await self._fresh()
        self.console.learning = self
        self.journal(Noted(f"lesson: {self.lesson.title}"))
        done = self.tutor.done
        self.marks = [(len(self.journal), INTRODUCTION)]
        self.tutor = Tutor(self.lesson, self._words(), self)
        with self._quietly():
            for number in range(index):
                self.step(number)
                self.later()
                await self.play(self.tutor.solution)
                self.answer_all()
                await self.until(lambda: self.tutor.is_done)
            self.tutor.done |= done - {index}
            if index < len(self.lesson.steps):
                self.step(index, afresh=True)

    def later(self) -> None:
        """Nobody who plays a lesson has to wait for as long as who takes it."""
        if self.sandbox is not None:
            self.sandbox.wait(_LATER)

    def step(self, index: int, *, afresh: bool = False) -> None:
        """Come to a step of the session that is under way."""
        self.marks.append((len(self.journal), index))
        self.tutor.begin(index, afresh=afresh)

    async def end(self) -> None:
        """Leave the lesson; who had a sandbox before has a fresh one again, who had a server is
        offered that."""
        console = self.console
        self.tutor.leave()
        console.learning = None
        if self.target is not None:
            return
        await sandboxes.end(console)
        if self.had_sandbox:
            await sandboxes.begin(console, sandboxes.fresh())
        else:
            console.suggestions, console.target = self.before

    async def _fresh(self) -> None:
        """A new sandbox in place of the old one; nobody is connected to it yet."""
        console = self.console
        await console.disconnect()
        if self.target is not None:
            return
        rules = self.lesson.rules
        if self.lesson.tls == "none":
            rules = replace(rules, withdraw=(*rules.withdraw, "STARTTLS"))
        await self._replace(rules)
        console.suggestions = replace(console.suggestions, target=self._address())
        console.target = None

    async def _replace(self, rules: House) -> None:
        """Within a lesson the address stays, for that is what was typed before."""
        console, old = self.console, self.sandbox
        if console.learning is self and old is not None and old.is_running:
            with suppress(ConsoleError):  # somebody else may have taken a port
                return await sandboxes.begin(console, old.afresh(rules), connects=False)
        await sandboxes.begin(console, sandboxes.fresh(rules=rules), connects=False)

    def _address(self) -> str:
        if self.target is not None:
            return written(self.target)
        assert self.sandbox is not None
        is_implicit = self.lesson.tls == "implicit"
        return written(sandboxes.target(self.sandbox, "tls" if is_implicit else "smtp"))

    def _words(self) -> dict[str, str]:
        """What stands for the names in braces."""
        own = self.console.settings.keys
        words = {f"key {name}": keynames.told(f"{{key {name}}}", own) for name in ACTIONS}
        words |= {"sandbox": self._address(), "name": self.console.settings.name}
        if self.sandbox is None:
            assert self.target is not None
            return {**words, "domain": self.target.host, "user": self.console.sender}
        return {
            **words,
            "user": self.sandbox.user,
            "password": self.sandbox.password,
            "domain": self.sandbox.rules.domain,
            "token": self.sandbox.token,
            "tls": written(sandboxes.target(self.sandbox, "tls")),
            "lmtp": written(sandboxes.target(self.sandbox, "lmtp")),
        }

    # --- playing ------------------------------------------------------------------------------

    async def play(self, lines: Iterable[str], each: Callable[[], None] = lambda: None) -> None:
        """Enter these lines as a person would; a question is answered by the next of them."""
        hands = self.hands = Hands(lines)
        front, self.console.front = self.console.front, hands
        try:
            while hands.lines:
                await self._enter(hands.lines.popleft())
                each()
        finally:
            self.console.front = front

    def answer_all(self) -> None:
        """Give the right answers that the solution leaves out."""
        while (ask := self.tutor.ask) is not None:
            self.tutor.answer(ask.right)

    async def _enter(self, line: str) -> None:
        word, _, number = line.partition(" ")
        if word == "answer" and number.isdecimal() and len(number) < 6:
            if self.tutor.ask is not None:
                self.tutor.answer(int(number))
        elif line or self.phase is Phase.CONTENT:
            await self.console.execute(line)
        self.tutor.look()

    async def until(self, condition: Callable[[], bool]) -> bool:
        """Wait until something is so, looking whenever something happens; whether it is."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not condition():
                    await self._happened.wait()
                    self._happened.clear()
                    self.tutor.look()
        except TimeoutError:
            return False
        return True

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        stepping = self.console.stepping
        was_on, breakpoints = stepping.is_on, stepping.breakpoints
        self.is_replaying, stepping.is_on, stepping.breakpoints = True, False, []
        try:
            yield
        finally:
            self.is_replaying = False
            stepping.is_on = stepping.is_on or was_on
            stepping.breakpoints = breakpoints + stepping.breakpoints


class Hands:
    """A front end that types by itself."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = deque(lines)
        self.told: list[Answer] = []

    def show(self, answer: Answer) -> None:
        """Nobody looks, unless something goes wrong."""
        self.told.append(answer)

    async def ask(self, question: str, *, secret: bool = False) -> str:
        """The next line."""
        return self.lines.popleft() if self.lines else ""

    async def edit(self, text: str, *, suffix: str) -> str | None:
        """It leaves texts as they are."""
        return None

    def progress(self, progress: Progress | None) -> None:
        """Nobody looks."""

    def copy(self, text: str) -> str:
        """There is no clipboard."""
        return ""

    def teach(self, answer: Answer) -> None:
        """Nobody learns."""

    def leave(self) -> None:
        """It stays."""
