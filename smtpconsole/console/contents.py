"""Content for the console's commands: the message in the composer, or a file, with progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from smtpconsole.composer.draft import FILLER_LINE, filler_lines
from smtpconsole.console import drafting
from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.smtp.replies import Reply
from smtpconsole.smtp.streams import Content, Stream, file_size

if TYPE_CHECKING:
    from smtpconsole.console.console import Console

LARGE = 2**20  # octets: from here on progress is told
STEPS = 5


@contextmanager
def content_of(
    console: Console, file: str, *, binary: bool = False, octets: bytes | None = None
) -> Iterator[Content]:
    """What is to be sent; a file is open as long as this lasts."""
    if not file:
        octets = octets if octets is not None else drafting.octets(console)
        yield _filled(console, octets) if console.draft.filler else octets
        return
    try:
        opened = Path(file).expanduser().open("rb")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConsoleError(f"nothing was sent: {file} cannot be read: {reason}") from error
    with opened:
        yield stream_of(console, opened, binary=binary)


def _filled(console: Console, octets: bytes) -> Stream:
    """The message with the lines that are made while it is sent."""
    lines = filler_lines(console.draft.filler)
    length = len(octets) + console.draft.filler // FILLER_LINE * FILLER_LINE
    progress = _teller(console, length) if length >= LARGE else None
    return Stream(chain((octets,), lines), size=length, progress=progress)


def stream_of(console: Console, file: BinaryIO, *, binary: bool = False) -> Stream:
    """A file, from its beginning, as content that is pulled."""
    file.seek(0, 2)
    length = file.tell()
    file.seek(0)
    size = length if binary else file_size(file)
    progress = _teller(console, length) if length >= LARGE else None
    return Stream(file, size=size, binary=binary, progress=progress)


def _teller(console: Console, length: int) -> Callable[[int], None]:
    """Tell every fifth of the way."""
    told = 0

    def tell(taken: int) -> None:
        nonlocal told
        step = taken * STEPS // length
        if told < step < STEPS:
            told = step
            percent = 100 * step // STEPS
            console.front.show(Answer(f"{percent} % of {length:,} octets are on their way"))

    return tell


def sent(console: Console, reply: Reply) -> None:
    """The server has answered some content."""
    if reply.is_positive:
        console.delivered()
