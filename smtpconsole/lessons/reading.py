"""A Markdown file, read into a lesson.

1. Between two lines `---` at the top stands what is to be known of it, a `key: value` a line.
2. What comes before the first `## ` is the introduction, and every `## ` begins a step.
3. Fenced blocks whose first word is in `BLOCKS` say what the console is to do; all else is text.
4. Reading is total: any text gives a lesson, or a `LessonError` with every problem's line and what
   to do about it.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass

from smtpconsole.lessons import checks, kinds  # noqa: F401  # the kinds of checks are registered
from smtpconsole.lessons.lesson import (
    PANES,
    Ask,
    Lesson,
    LessonError,
    Look,
    Option,
    Problem,
    Step,
    Wrong,
)
from smtpconsole.sandbox import faults, house
from smtpconsole.sandbox.house import House

LARGEST = 256 * 1024  # characters of a lesson
MOST_HINTS = 3


def parse(text: str, name: str = "lesson", number: int = 0) -> Lesson:
    """Read a lesson; LessonError with all that is the matter with it."""
    return _Reader(text, name, number).lesson()


@dataclass(slots=True)
class _Block:
    """A fenced block."""

    kind: str
    number: int  # of the line that opens it
    lines: list[str]

    def numbered(self) -> list[tuple[int, str]]:
        """Its lines that are not blank, with their numbers."""
        pairs = enumerate(self.lines, self.number + 1)
        return [(number, line.rstrip()) for number, line in pairs if line.strip()]


@dataclass(slots=True)
class _Part:
    """The introduction or a step, as it stands in the file."""

    title: str
    number: int
    text: list[str]
    blocks: list[_Block]


class _Reader:
    """Reads one file."""

    def __init__(self, text: str, name: str, number: int) -> None:
        self._problems: list[Problem] = []
        self._name, self._number = name, number
        if len(text) > LARGEST:
            raise LessonError([Problem(1, "the file is too large", "write two lessons of it")])
        # Not splitlines(), which knows line ends that no editor counts.
        self._lines = [line.removesuffix("\r") for line in text.removeprefix("\ufeff").split("\n")]

    def lesson(self) -> Lesson:
        """All of it."""
        head, begin = self._head()
        intro, *parts = self._parts(begin)
        rules = self._rules(head, intro)
        steps = tuple(self._step(part) for part in parts)
        if not steps:
            self._bad(len(self._lines), "the lesson has no step", "begin each with a line ## Title")
        minutes = head.get("minutes", (0, "10"))
        if not re.fullmatch(r"[1-9]\d?", minutes[1], re.ASCII):
            self._bad(minutes[0], f"minutes cannot be {minutes[1]!r}", "write a number up to 99")
        needs = self._choice(head, "needs", ("sandbox", "any"))
        if needs == "any":
            self._check_harmless(head, intro, parts)
        tls = self._choice(head, "tls", ("starttls", "implicit", "none"))
        is_guided = self._choice(head, "guided", ("no", "yes")) == "yes"
        if self._problems:
            raise LessonError(self._problems)
        values = {key: text for key, (_, text) in head.items()}
        return Lesson(
            self._name,
            values["title"],
            steps,
            self._number,
            int(minutes[1]),
            "any" if needs == "any" else "sandbox",
            values.get("rfc", ""),
            values.get("summary", ""),
            _prose(intro.text),
            rules,
            "none" if tls == "none" else "implicit" if tls == "implicit" else "starttls",
            is_guided,
        )

    def _bad(self, number: int, text: str, remedy: str) -> None:
        self._problems.append(Problem(max(1, number), text, remedy))

    # --- the head -----------------------------------------------------------------------------

    def _head(self) -> tuple[dict[str, tuple[int, str]], int]:
        """What stands between the lines, by key with its line; and where the text begins."""
        head: dict[str, tuple[int, str]] = {}
        if self._lines[0].strip() != "---":
            self._bad(1, "the file does not begin with ---", "write the title between two of them")
            return {"title": (1, "?")}, 0
        stop = next((n for n, line in enumerate(self._lines) if n and line.strip() == "---"), 0)
        if not stop:
            self._bad(1, "what begins with --- has no end", "write a line --- behind it")
            return {"title": (1, "?")}, len(self._lines)
        for number, line in enumerate(self._lines[1:stop], 2):
            if line.strip():
                self._entry(head, number, line)
        if not head.get("title", (0, ""))[1]:
            self._bad(1, "the lesson has no title", "write title: and what it is about")
            head["title"] = 1, "?"
        return head, stop + 1

    def _entry(self, head: dict[str, tuple[int, str]], number: int, line: str) -> None:
        key, colon, value = line.partition(":")
        key = key.strip().lower()
        if not colon or key not in _KEYS:
            what = f"{key!r} is not known here" if colon else "this is no key: value"
            self._bad(number, what, f"there are {', '.join(_KEYS)}")
        elif key in head:
            self._bad(number, f"{key} is given twice", "leave one of them out")
        else:
            value = value.strip()
            if len(value) > 1 and value[0] == value[-1] == '"' and key != "house":
                value = value[1:-1]
            head[key] = number, value

    def _choice(self, head: dict[str, tuple[int, str]], key: str, known: Sequence[str]) -> str:
        number, value = head.get(key, (0, known[0]))
        if value not in known:
            self._bad(number, f"{key} cannot be {value!r}", f"write one of {', '.join(known)}")
        return value

    def _rules(self, head: dict[str, tuple[int, str]], intro: _Part) -> House:
        """The house rules: a line of the head, or a block of the introduction."""
        written = [(number, f"x = {{{value}}}") for number, value in _given(head, "house")]
        rules = house.default()
        for number, text in written:
            rules = self._house(number, text, rules, is_inline=True)
        for block in intro.blocks:
            if block.kind == "house":
                rules = self._house(block.number, "\n".join(block.lines), rules, is_inline=False)
            else:
                self._bad(
                    block.number,
                    f"a block of {block.kind} stands before the first step",
                    "put it below a ## Title",
                )
        return rules

    def _house(self, number: int, text: str, base: House, *, is_inline: bool) -> House:
        try:
            if is_inline:
                return house.read(tomllib.loads(text)["x"], base, "house")
            return house.parsed(text, base, "house")
        except (ValueError, RecursionError) as error:
            told = str(error) if isinstance(error, house.HouseError) else "house is not TOML"
            self._bad(number, told, "write rules such as greylist = 3; docs/sandbox.md has them")
        return base

    def _check_harmless(
        self, head: dict[str, tuple[int, str]], intro: _Part, parts: list[_Part]
    ) -> None:
        numbers = [number for key in ("house", "tls") for number, _ in _given(head, key)]
        blocks = [block for part in (intro, *parts) for block in part.blocks]
        numbers += [block.number for block in blocks if block.kind in ("house", "fault")]
        for number in numbers:
            self._bad(number, "somebody's own server has no such thing", "write needs: sandbox")

    # --- the text -----------------------------------------------------------------------------

    def _parts(self, begin: int) -> list[_Part]:
        """The introduction and the steps."""
        parts = [_Part("", begin + 1, [], [])]
        block: _Block | None = None
        fence = ""
        for number, line in enumerate(self._lines[begin:], begin + 1):
            found = _FENCE.match(line)
            if block is not None:
                if found and not found[2].strip() and found[1].startswith(fence):
                    self._close(parts[-1], block, fence)
                    block = None
                else:
                    block.lines.append(line)
            elif found:
                fence, block = found[1], _Block(found[2].strip(), number, [])
            elif line.startswith("## "):
                parts.append(_Part(line[3:].strip().rstrip("#").strip(), number, [], []))
            else:
                parts[-1].text.append(line)
        if block is not None:
            self._bad(block.number, "a block has no end", f"close it with a line {fence}")
        return parts

    def _close(self, part: _Part, block: _Block, fence: str) -> None:
        word = block.kind.split()[0].lower() if block.kind else ""
        if word in BLOCKS:
            block.kind = word
            part.blocks.append(block)
            return
        near = difflib.get_close_matches(word, BLOCKS, n=1, cutoff=0.75)
        if near:
            self._bad(block.number, f"a block {word!r} is not known", f"did you mean {near[0]}?")
        part.text += [f"{fence}{block.kind}", *block.lines, fence]

    # --- a step -------------------------------------------------------------------------------

    def _step(self, part: _Part) -> Step:
        if not part.title:
            self._bad(part.number, "the step has no title", "write it behind ##")
        by_kind: dict[str, list[_Block]] = {kind: [] for kind in BLOCKS}
        for block in part.blocks:
            by_kind[block.kind].append(block)
        for block in by_kind["house"]:
            self._bad(block.number, "the house stands in a step", "put it before the first step")
        lines = {kind: [each for block in by_kind[kind] for each in block.numbered()]
                 for kind in ("check", "fault", "try")}  # fmt: skip
        for number, line in lines["check"]:
            self._check(number, line)
        for number, line in lines["fault"]:
            self._fault(number, line)
        if lines["check"] and not lines["try"]:
            self._bad(part.number, "there is no way to do it", "write the solution: a block try")
        # A line of a message may be empty, so a block try has its blank lines, too.
        tries = tuple(line.rstrip() for block in by_kind["try"] for line in block.lines)
        return Step(
            part.title,
            part.number,
            _prose(part.text),
            tuple(line.strip() for _, line in lines["check"]),
            self._hints(by_kind["hint"]),
            tuple(wrong for block in by_kind["wrong"] for wrong in self._wrongs(block)),
            tuple(look for block in by_kind["look"] for look in self._looks(block)),
            tuple(line.strip() for _, line in lines["fault"]),
            tuple(self._ask(block) for block in by_kind["ask"]),
            tries,
        )

    def _check(self, number: int, line: str) -> None:
        try:
            checks.parse(line)
        except checks.CheckError as error:
            self._bad(number, str(error), error.remedy)

    def _fault(self, number: int, line: str) -> None:
        try:
            faults.parsed(line)
        except faults.FaultError as error:
            what, _, remedy = str(error).partition("; ")
            self._bad(number, what, remedy)

    def _hints(self, blocks: list[_Block]) -> tuple[str, ...]:
        hints: list[str] = []
        for block in blocks:
            degree: list[str] = []
            for line in [*block.lines, "---"]:
                if line.strip() == "---":
                    hints.append("\n".join(degree).strip())
                    degree = []
                else:
                    degree.append(line)
        hints = [hint for hint in hints if hint]
        if len(hints) > MOST_HINTS:
            number = blocks[-1].number
            self._bad(number, f"there are {len(hints)} hints", f"write {MOST_HINTS} at most")
        return tuple(hints)

    def _wrongs(self, block: _Block) -> list[Wrong]:
        found: list[tuple[int, list[str], list[str], list[str]]] = []
        for number, line in block.numbered():
            word, _, rest = line.strip().partition(" ")
            if word in ("try", "when") and (not found or found[-1][3]):
                found.append((number, [], [], []))
            if word == "try":
                found[-1][1].append(rest)
            elif word == "when":
                self._check(number, rest)
                found[-1][2].append(rest.strip())
            elif found and (word == "say" or found[-1][3]):
                found[-1][3].append(rest.strip() if word == "say" else line.strip())
            else:
                self._bad(number, f"{word!r} has no place here", "write try, when and say lines")
        wrongs = [Wrong(tuple(t), tuple(w), " ".join(s), n) for n, t, w, s in found]
        if not wrongs or not all(each.tries and each.whens and each.say for each in wrongs):
            remedy = "write what is tried, when it is known, and what to say"
            self._bad(block.number, "a wrong turn is not whole", remedy)
        return wrongs

    def _looks(self, block: _Block) -> list[Look]:
        looks: list[Look] = []
        for _, line in block.numbered():
            found = _LOOK.match(line.strip())
            if found and found[1].lower() in PANES:
                looks.append(Look(found[1].lower(), found[2].strip()))
            elif looks:
                text = f"{looks[-1].text} {line.strip()}".strip()
                looks[-1] = Look(looks[-1].pane, text)
            else:
                looks.append(Look("", line.strip()))
        return looks

    def _ask(self, block: _Block) -> Ask:
        question: list[str] = []
        options: list[Option] = []
        for number, line in block.numbered():
            found = _OPTION.match(line)
            if found:
                options.append(Option(found[2].strip(), found[1] in "xX"))
            elif not options:
                question.append(line.strip())
            elif line[:1].isspace():
                last = options[-1]
                because = f"{last.because} {line.strip()}".strip()
                options[-1] = Option(last.text, last.is_right, because)
            else:
                self._bad(number, "this is neither an answer nor indented", "write - [ ] before it")
        if not question or not 2 <= len(options) <= 9:
            self._bad(block.number, "a question needs 2 to 9 answers", "write each as - [ ] text")
        elif all(each.is_right for each in options) or not any(each.is_right for each in options):
            self._bad(block.number, "right and wrong are not told apart", "mark the right one [x]")
        return Ask("\n".join(question), tuple(options))


def _prose(lines: list[str]) -> str:
    """The lines without blank ones around them; what is indented at the beginning is code."""
    return _BLANK_LINES.sub("", "\n".join(lines)).rstrip()


def _given(head: dict[str, tuple[int, str]], key: str) -> list[tuple[int, str]]:
    return [head[key]] if key in head else []


BLOCKS = ("check", "hint", "wrong", "look", "fault", "ask", "try", "house")
_KEYS = ("title", "minutes", "needs", "rfc", "summary", "house", "tls", "guided")
_BLANK_LINES = re.compile(r"\A(?:[^\S\n]*\n)+")
_FENCE = re.compile(r" {0,3}(`{3,})([^`]*)$")
_OPTION = re.compile(r"\s{0,3}[-*] \[([ xX])\] (.*)")
_LOOK = re.compile(
    r"(?:(?:F\d{1,2}|\^[A-Z]) +)?(?:The +)?([A-Z]+)(?: (?:line|pane|box))?\s*[:—–-]\s*(.*)",  # noqa: RUF001
    re.IGNORECASE,
)
