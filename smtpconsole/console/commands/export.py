"""/export"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.arguments import PATH, choice
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.transcript.formats import FORMATS, exported


@command
async def export(
    console: Console,
    format: Annotated[str, choice(*sorted(FORMATS))] = "text",
    file: Annotated[str, PATH] = "",
) -> None:
    """Save the transcript, without credentials, to be kept or pasted.

    `text` has the marks of swaks, `markdown` is for a bug report.  A file that exists is not
    written over.
    """
    path = Path(file).expanduser() if file else _name(console, FORMATS[format].suffix)
    text = exported(console.journal, format)
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise ConsoleError(
            f"{path} is there already, and was left as it is", "give another name"
        ) from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConsoleError(f"{path} cannot be written: {reason}", "give another name") from error
    with open(descriptor, "w", encoding="utf-8") as out:
        out.write(text)
    lines = (f"{text.count(chr(10))} lines; credentials are not in it",)
    console.front.show(Answer(f"saved as {path.resolve()}", lines))


def _name(console: Console, suffix: str) -> Path:
    host = console.target.host if console.target is not None else "session"
    safe = "".join(char if char.isalnum() or char in ".-" else "-" for char in host)
    return Path(f"smtpconsole-{safe}-{console.now():%Y%m%d-%H%M%S}.{suffix}")
