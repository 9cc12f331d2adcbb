"""/export"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Protocol, runtime_checkable

from smtpconsole.console.agreeing import agrees
from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.arguments import NUMBER, PATH, choice
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.console.filenames import path_of
from smtpconsole.console.sessions.saving import save, suggested
from smtpconsole.transcript.formats import FORMATS, exported
from smtpconsole.transcript.showing import Show

SCREEN = "svg"  # a picture, which only a front end with a screen can make
PREVIEW = 16  # lines


@runtime_checkable
class ExportScreen(Protocol):
    """A front end with a screen of its own for this."""

    def open_export(self) -> None:
        """Open it."""

    def screen_svg(self) -> str:
        """A picture of what is on the screen."""


@command
async def export(
    console: Console,
    format: Annotated[str, choice(*sorted(FORMATS), SCREEN)] = "",
    file: Annotated[str, PATH] = "",
    *,
    no_content: bool = False,
    no_addresses: bool = False,
    credentials: bool = False,
    last: Annotated[str, choice("connection", "exchange")] = "",
    from_: Annotated[int | None, NUMBER] = None,
    to: Annotated[int | None, NUMBER] = None,
    preview: bool = False,
) -> None:
    """Save the transcript, without credentials; alone it shows what would be saved.

    For reading: text (with the marks of swaks), markdown (for a bug report), html (for a browser),
    svg (the screen).  For programs: json, jsonl.  To say the same again: script, swaks, curl,
    openssl, python, python-aiosmtplib, python-smtpconsole.
    --no-content leaves out messages, --no-addresses masks addresses and host names, the same one
    always the same way.  --last connection|exchange and --from, --to NUMBER take a part.
    --credentials shows passwords, as long as the session is in memory.  A file that exists is
    not written over.
    """
    front = console.front
    if not format and isinstance(front, ExportScreen):
        front.open_export()
        return
    if format == SCREEN:
        if not isinstance(front, ExportScreen):
            raise ConsoleError("there is no screen to take a picture of", "html is for a browser")
        _saved(console, front.screen_svg(), Path(file) if file else None, SCREEN, Show())
        return
    show = Show(credentials, not no_content, not no_addresses)
    if credentials and not preview:
        await _permitted(console)
    text = exported(
        console.journal,
        format or "text",
        show=show,
        first=from_,
        last=to,
        last_connection=last == "connection",
        last_exchange=last == "exchange",
    )
    if preview or not format:
        front.show(_preview(format or "text", text, show))
    else:
        _saved(console, text, Path(file) if file else None, FORMATS[format].suffix, show)


async def _permitted(console: Console) -> None:
    question = "The file will hold the passwords that were said. Go on all the same?"
    if not await agrees(console.front, question):
        raise ConsoleError("nothing was saved", "without --credentials they are left out")


def _saved(console: Console, text: str, path: Path | None, suffix: str, show: Show) -> None:
    path = save(
        path_of(str(path))
        if path is not None
        else suggested(console, suffix, names_host=show.addresses),
        text,
    )
    console.front.show(Answer(f"saved as {path}", (f"{text.count(chr(10))} lines; {show}",)))


def _preview(format: str, text: str, show: Show) -> Answer:
    lines = text.splitlines()
    told = list(lines[:PREVIEW])
    if len(lines) > PREVIEW:
        told.append(f"… {len(lines) - PREVIEW} lines more")
    told += ["", str(show)]
    return Answer(
        f"as {format} this would be saved",
        tuple(told),
        (f"/export {format}", *(f"/export {name}" for name in ("markdown", "html"))),
    )
