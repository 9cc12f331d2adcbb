"""Several lines at once, as from a clipboard: looked at and confirmed before one is said."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from smtpconsole import knowledge
from smtpconsole.console import language
from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.console import Console
from smtpconsole.smtp.events import Phase

QUESTION = "Say them one after the other?"
_SHOWN = 12  # lines
_RESPONSE = re.compile(r"[A-Za-z0-9+/]*={0,2}", re.ASCII)
_HIDDEN = "[not shown]"


def split(text: str) -> list[str]:
    """The lines of what was pasted, whatever ends them."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return lines[:-1] if len(lines) > 1 and not lines[-1] else lines


def staged(console: Console, lines: Sequence[str]) -> Answer:
    """How many there are, and what the first of them would do; what is secret is not shown."""
    rows = list(_rows(console, lines))
    kinds = [kind for kind, _ in rows]
    counts = {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}
    told = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    width = max(map(len, counts))
    shown = [f"{kind:{width}}  {line}" for kind, line in rows[:_SHOWN]]
    if len(rows) > _SHOWN:
        shown.append(f"{'':{width}}  ... and {len(rows) - _SHOWN} more")
    title = f"{len(lines)} lines were pasted, and nothing is said yet: {told}"
    return Answer(title, tuple(shown))


def _rows(console: Console, lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What each line is; a session is followed as far as that can be foreseen."""
    in_content = console.phase is Phase.CONTENT
    in_login = console.phase is Phase.AUTH
    for line in lines:
        if in_login and _is_response(line.strip()):
            yield "said", _HIDDEN
            continue
        kind = _kind(line, in_content)
        word = line.strip().upper()
        if kind == "said":
            in_login = word.startswith("AUTH ")
            in_content = word == "DATA"
        elif kind == "content" and line == ".":
            in_content = False
        yield kind, f"{line.split(' ')[0]} {_HIDDEN}" if _is_secret(console, line, kind) else line


def _is_response(word: str) -> bool:
    """It is an answer to a challenge rather than a command, four letters though that may have."""
    is_base64 = _RESPONSE.fullmatch(word) and len(word) % 4 == 0
    return word == "*" or bool(word and is_base64 and knowledge.verb(word) is None)


def _kind(line: str, in_content: bool) -> str:
    try:
        meaning = language.parse(line, in_content=in_content)
    except ConsoleError:
        return "mistaken"
    match meaning:
        case language.Call():
            return "to the console"
        case language.Remark():
            return "noted"
    return "content" if in_content else "said" if line.strip() else "left out"


def _is_secret(console: Console, line: str, kind: str) -> bool:
    if kind == "content":
        return False
    has_response = len(line.split()) > 2 and line.strip().upper().startswith("AUTH ")
    return has_response or console.is_secret(line)


async def enter(console: Console, lines: Sequence[str]) -> None:
    """Do what these lines say, one after the other, as long as there is somebody to hear it."""
    for number, line in enumerate(lines):
        in_content = console.phase is Phase.CONTENT
        kind = _kind(line, in_content)
        if kind == "left out":
            continue
        is_over = console.connection is None or console.phase in (Phase.CLOSING, Phase.CLOSED)
        if kind in ("said", "content") and number and is_over:
            left = len(lines) - number
            trouble = ConsoleError(
                f"there is no connection: the last {left} lines were not said",
                next=(console.connect_line,),
            )
            console.front.show(trouble.answer())
            return
        await console.execute(line)
