"""/edit"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.arguments import Kind, choice, is_number
from smtpconsole.console.commands import command
from smtpconsole.console.composing import drafting
from smtpconsole.console.console import Console
from smtpconsole.console.language import secret_of

_SUFFIXES = {"body": ".txt", "html": ".html", "calendar": ".ics"}
_TEXTS = choice("body", "html", "calendar", "source")


def _part(text: str) -> str:
    return text if text.isascii() and text.isdecimal() else str(_TEXTS.parse(text))


PART = Kind(f"{_TEXTS.name}|NUMBER", _part, _TEXTS.complete)
LINE = Kind("LINE", hides=secret_of)


@command
async def edit(
    console: Console,
    what: Annotated[str, PART] = "",
    line: Annotated[str, LINE] = "",
) -> None:
    """Edit the message in the composer with your editor ($VISUAL or $EDITOR), or what is held.

    body, html and calendar are its texts.  source is the whole message as it goes out, octet for
    octet; what is changed there is sent as it is, and the fields of the composer rest.
    In step mode /edit 2 LINE says LINE instead of the second line of the held batch, and /edit 2
    opens that in your editor.
    """
    if is_number(what) or (not what and console.held is not None):
        await _edit_held(console, int(what or "1"), line)
        return
    what = what or "body"
    if line:
        raise ConsoleError("a line is said instead of one that is held", "/edit 2 LINE")
    if what == "source":
        changed = await _edit_source(console)
    else:
        changed = await _edit_text(console, what)
    if not changed:
        console.front.show(Answer(f"the {what} is as it was"))
        return
    lines = (str(drafting.measured(console)),) if console.draft.recipients else ()
    console.front.show(Answer(f"the {what} has changed", lines, ("/draft", "/rehearse")))


async def _edit_held(console: Console, number: int, line: str) -> None:
    stepping = console.stepping
    before = stepping.text(number)
    if not line:
        text = await console.front.edit(before.replace("\r\n", "\n"), suffix=".txt")
        line = before if text is None else text.removesuffix("\n").replace("\n", "\r\n")
    stepping.edit(number, line)


async def _edit_text(console: Console, name: str) -> bool:
    draft = console.draft
    if draft.source is not None or draft.body_octets is not None:
        raise ConsoleError("the message is made of octets", next=("/edit source",))
    text = await console.front.edit(getattr(draft, name), suffix=_SUFFIXES[name])
    if text is None:
        return False
    # What a command has changed meanwhile stays changed.
    console.draft = replace(console.draft, **{name: text})  # type: ignore[arg-type]  # a text
    return True


async def _edit_source(console: Console) -> bool:
    source = drafting.source_of(drafting.octets(console))
    text = await console.front.edit(source.text, suffix=".eml")
    if text is None:
        return False
    console.draft = replace(console.draft, source=source.octets(text))
    return True
