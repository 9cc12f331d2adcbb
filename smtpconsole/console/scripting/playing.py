"""Scripts are played: line by line, each with what came of it, until one fails.

1. A script is lines of the console's language; `$NAME` stands for a variable also in lines that
   are said.  All of it is read before anything is said.
2. A line has failed if its command could not be done, or if a refusal came that no /expect
   behind it speaks of.
3. What is held by step mode is released by the script's own /next, or by whoever watches.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from smtpconsole.console import commands, language, troubles
from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.scripting import exitcodes, variables
from smtpconsole.console.scripting.expecting import Unmet
from smtpconsole.console.submission.stages import CLOSED, OK
from smtpconsole.smtp.commands import GREETING
from smtpconsole.smtp.errors import Disconnected, Silence
from smtpconsole.smtp.events import Answered, Dialling, Phase, Sent
from smtpconsole.smtp.replies import Reply
from smtpconsole.smtp.typed import opened
from smtpconsole.transcript.formats.script import STAMP

if TYPE_CHECKING:
    from smtpconsole.console.console import Console

DEEPEST = 8  # scripts in scripts
STEPPING = frozenset({"next", "skip", "edit", "step", "break", "pipeline", "expect"})
_CONNECTING = ("connect", "reconnect")

_DEPTH: ContextVar[int] = ContextVar("depth", default=0)


class ScriptError(ConsoleError):
    """A script that cannot be played, and its lines that are wrong."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a script."""

    number: int
    text: str
    is_content: bool  # of a message
    call: language.Call | None = None  # if it is a command

    @property
    def is_idle(self) -> bool:
        """It does nothing: it is empty, or about the file."""
        is_stamp = self.is_remark and STAMP.match(self.text) is not None
        return is_stamp or not (self.is_content or self.text.strip())

    @property
    def is_remark(self) -> bool:
        """It is for whoever reads the script."""
        return self.call is None and not self.is_content and self.text.startswith("#")

    @property
    def is_expectation(self) -> bool:
        """It says what the line before is to be answered."""
        return self.call is not None and self.call.name == "expect"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a line."""

    line: Line
    script: str
    told: str  # the last reply, or why it failed
    seconds: float
    code: int = OK  # the exit code, were this all

    @property
    def has_failed(self) -> bool:
        """It did not go as it should."""
        return self.code != OK


@dataclass(slots=True)
class Script:
    """A script that was read."""

    name: str
    lines: list[Line] = field(default_factory=list)

    @property
    def connects(self) -> bool:
        """It says where to connect."""
        return any(line.call is not None and line.call.name in _CONNECTING for line in self.lines)


def read(text: str, name: str, *, has: Callable[[str], bool]) -> Script:
    """Read a script; ScriptError names every line that is wrong.  `has` knows variables."""
    script, reader = Script(name), _Reader(has)
    for number, line in enumerate(text.splitlines(), 1):
        script.lines.append(reader.read(number, line.rstrip("\r")))
    if reader.problems:
        count = len(reader.problems)
        what = "a line" if count == 1 else f"{count} lines"
        raise ScriptError(f"{name}: {what} cannot be played; nothing was sent", *reader.problems)
    return script


class _Reader:
    """Follows a script as far as that is possible without a server."""

    def __init__(self, has: Callable[[str], bool]) -> None:
        self.problems: list[str] = []
        self._has = has
        self._set: set[str] = set()
        self._is_content = False
        self._left = 0  # octets of a chunk
        self._after_data = False

    def read(self, number: int, text: str) -> Line:
        is_content = self._is_content or self._left > 0
        try:
            meaning = language.parse(text, in_content=is_content)
            call = meaning if isinstance(meaning, language.Call) else None
            if call is not None:
                self._check(call)
            self._check_names(text, call)
        except ConsoleError as error:
            hint = f"; {error.hints[0]}" if error.hints else ""
            self.problems.append(f"line {number}: {error.text}{hint}")
            call = None
        line = Line(number, text, is_content and call is None, call)
        self._follow(line)
        return line

    def _check(self, call: language.Call) -> None:
        """Arguments that are wrong are wrong before anything is said, if they are known."""
        command = commands.find(call.name)
        if call.name == "set" and call.words and variables.is_variable(call.words[0]):
            self._set.add(call.words[0])
        if not any("$" in word for word in call.words):
            values = command.bound(call.words)
            if call.name == "expect":
                from smtpconsole.console.scripting.expecting import parse

                parse(values.get("what", ()))

    def _check_names(self, text: str, call: language.Call | None) -> None:
        names = variables.used(text) if call is None else language.names(text)
        missing = [name for name in names if not (name in self._set or self._has(name))]
        if missing and not (call is not None and call.name == "repeat" and missing == ["N"]):
            raise ConsoleError(f"${missing[0]} is not set", "export it, or give NAME=VALUE")

    def _follow(self, line: Line) -> None:
        word = line.text.strip().upper()
        if line.is_content and self._left:
            self._left = max(0, self._left - len(line.text.encode()) - 2)
        elif line.is_content:
            self._is_content = line.text != "."
        elif line.call is not None and line.is_expectation and self._after_data:
            self._is_content = self._is_content and line.call.words[:1] == ("354",)
            self._after_data = False
        elif line.call is None and word:
            self._is_content = self._after_data = word == "DATA"
            chunk = opened(line.text.encode()) if word.startswith("BDAT ") else None
            self._left = chunk.left if chunk is not None else 0


class Player:
    """Plays a script on a console."""

    def __init__(
        self,
        console: Console,
        script: Script,
        *,
        target: str = "",
        keep_going: bool = False,
        tell: Callable[[Result], None] = lambda result: None,
    ) -> None:
        self._console = console
        self._script = script
        self._target = target  # instead of where the script connects
        self._keep_going = keep_going
        self._tell = tell
        self.results: list[Result] = []
        self._content = 0  # lines of the message that is being said

    async def play(self) -> list[Result]:
        """All of it, or up to the first line that fails; ConsoleError if it is too deep."""
        if _DEPTH.get() >= DEEPEST:
            raise ConsoleError(f"scripts call each other more than {DEEPEST} deep", "/run itself?")
        token = _DEPTH.set(_DEPTH.get() + 1)
        try:
            lines = [line for line in self._script.lines if not line.is_idle]
            if self._target and not self._script.connects:
                lines.insert(0, _connecting(self._target))
            at = 0
            while at < len(lines):
                taken = await self._play(lines[at], lines[at + 1 :])
                at += taken
                has_failed = bool(self.results) and self.results[-1].has_failed
                if (has_failed and not self._keep_going) or _leaves(lines[at - 1]):
                    break
        finally:
            _DEPTH.reset(token)
        return self.results

    # --- one line

    async def _play(self, line: Line, after: Sequence[Line]) -> int:
        """One line, and those that release it if it is held; how many that were."""
        console = self._console
        began, mark = asyncio.get_running_loop().time(), len(console.journal)
        if line.is_content and console.phase is not Phase.CONTENT:
            is_open = console.phase not in (None, Phase.CLOSED)
            told = "the server does not wait for content" if is_open else "the connection has ended"
            code = exitcodes.DATA if is_open else CLOSED
            self._add(line, told, began, code)
            return 1
        doing = asyncio.ensure_future(self._do(line))
        taken = 1
        try:
            while not await console.stepping.settled(doing):
                following = after[taken - 1] if taken <= len(after) else None
                if following is not None and _is_for_held(following):
                    await self._play_held(following)
                    taken += 1
                else:
                    await self._released(doing)
            error = doing.exception()
        finally:
            doing.cancel()
        if error is not None and not isinstance(error, Exception):
            raise error
        following = next((each for each in after[taken - 1 :] if not each.is_remark), None)
        is_expected = following is not None and following.is_expectation
        self._judge(line, error, mark, began, is_expected=is_expected)
        return taken

    async def _play_held(self, line: Line) -> None:
        """A line that does something with what another wants to say."""
        began, mark = asyncio.get_running_loop().time(), len(self._console.journal)
        error: Exception | None = None
        try:
            await self._do(line)
        except Exception as raised:
            error = raised
        self._judge(line, error, mark, began, is_expected=True)

    async def _do(self, line: Line) -> None:
        text = line.text
        if line.call is None and not line.is_remark:
            text = variables.expanded(text, self._console.variables.get)
        elif line.call is not None and line.call.name == "connect" and self._target:
            _, *options = line.call.words or ("",)
            words = (self._target, *options)
            text = " ".join(["/connect", *map(language.quoted, words)])
        await self._console.dispatch(text)

    async def _released(self, doing: asyncio.Future[None]) -> None:
        """Somebody else releases what is held, or nobody does."""
        console = self._console
        if not console.stepping.is_watched:
            console.stepping.withdraw("a batch is held, and the script does not say /next")
            await asyncio.wait({doing})
            return
        await console.stepping.until(lambda: doing.done() or console.held is None)

    # --- what came of it

    def _judge(
        self,
        line: Line,
        error: Exception | None,
        mark: int,
        began: float,
        *,
        is_expected: bool,
    ) -> None:
        console = self._console
        answered = [  # what nobody has asked for decides nothing
            (event.send.verb, event.reply)
            for entry in console.journal.since(mark, Answered)
            if isinstance(event := entry.event, Answered) and event.send is not None
        ]
        told = _first_line(answered[-1][1]) if answered else ""
        if error is not None:
            is_known = bool(answered) or isinstance(error, (Disconnected, Silence))
            if is_expected and is_known and not isinstance(error, (Unmet, Failed)):
                self._add(line, told or str(error), began)
            else:
                self._fail(line, error, began)
            return
        is_judged = answered and (line.call is None or line.call.name not in ("run", "repeat"))
        refused = exitcodes.refusal(answered, self._said(mark)) if is_judged else None
        if refused is not None and not is_expected:
            told = f"{_first_line(refused.reply)}: nobody expected that"
            told += f"; {troubles.TWICE}" if refused.is_in_doubt else ""
            self._add(line, told, began, refused.code)
        elif line.is_content and not answered:
            self._content += 1
        elif not line.is_remark:
            self._add(line, told, began)

    def _fail(self, line: Line, error: Exception, began: float) -> None:
        console = self._console
        found = troubles.trouble(error, console.target) or troubles.bug(error)
        name = line.call.name if line.call is not None else ""
        if isinstance(error, Failed):
            code = error.code
        elif isinstance(error, Unmet):
            code = exitcodes.FAILED
            if error.about == "reply":
                code = exitcodes.stage(self._said(len(console.journal)))
            elif error.about == "tls":
                code = exitcodes.TLS
        else:
            code = exitcodes.of_error(error, self._said(len(console.journal)), name)
        doubt = f"; {troubles.TWICE}" if troubles.is_in_doubt(error) else ""
        self._add(line, f"{found.text}{doubt}", began, code)

    def _said(self, until: int) -> list[bytes]:
        """The verbs that were said on this connection; the greeting counts as one."""
        journal = self._console.journal
        dialled = journal.since(0, Dialling).numbers
        first = dialled[-1] if len(dialled) else 0
        verbs = [GREETING]
        for entry in journal.since(first, Sent):
            if entry.number < until and isinstance(entry.event, Sent) and entry.event.send.verb:
                verbs.append(entry.event.send.verb)
        return verbs

    def _add(self, line: Line, told: str, began: float, code: int = OK) -> None:
        if line.text == "." and self._content:
            told = f"{told}   ({self._content} lines of content)"
            self._content = 0
        seconds = asyncio.get_running_loop().time() - began
        clean = self._console.journal.redactor.sweep_text
        result = Result(line, self._script.name, clean(told), seconds, code)
        self.results.append(result)
        self._tell(result)


class Failed(ConsoleError):
    """A script in a script has failed."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


def failure(results: Sequence[Result]) -> Result | None:
    """The first line that has failed."""
    return next((result for result in results if result.has_failed), None)


def _first_line(reply: Reply) -> str:
    first, _, more = str(reply).partition("\n")
    return f"{first} …" if more else first


def _is_for_held(line: Line) -> bool:
    return line.call is not None and line.call.name in STEPPING


def _leaves(line: Line) -> bool:
    return line.call is not None and line.call.name == "quit"


def _connecting(target: str) -> Line:
    """A line before all others that connects."""
    call = language.Call("connect", (target,))
    return Line(0, f"/connect {language.quoted(target)}", False, call)
