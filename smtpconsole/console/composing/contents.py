"""Content for the console's commands: the message in the composer, or a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO

from smtpconsole.composer.draft import FILLER_LINE, Draft, filler_lines
from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.composing import drafting
from smtpconsole.console.filenames import path_of
from smtpconsole.smtp.replies import Reply
from smtpconsole.smtp.streams import PIECE, Content, Stream, file_size

if TYPE_CHECKING:
    from smtpconsole.console.console import Console


@dataclass(frozen=True, slots=True)
class Load:
    """Content to be said, and how many octets are to be taken for it."""

    content: Content
    length: int

    @property
    def taken(self) -> int:
        """The octets taken so far; what is said in one go is taken at once."""
        return self.content.taken if isinstance(self.content, Stream) else self.length


@contextmanager
def content_of(
    console: Console,
    file: str,
    *,
    binary: bool = False,
    draft: Draft | None = None,
    octets: bytes | None = None,
) -> Iterator[Load]:
    """What is to be sent, of the console's draft or another; a file is open as long as this."""
    if not file:
        octets = octets if octets is not None else drafting.octets(console)
        filler = (draft or console.draft).filler
        has_bare_dots = (draft or console.draft).bare_dots
        yield _filled(octets, filler) if filler else whole(octets, bare_dots=has_bare_dots)
        return
    try:
        opened = path_of(file).open("rb")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConsoleError(f"nothing was sent: {file} cannot be read: {reason}") from error
    with opened:
        yield stream_of(opened, binary=binary)


def whole(octets: bytes, *, bare_dots: bool = False) -> Load:
    """Octets as they are; long ones are taken piece by piece, so that it is known how far."""
    if len(octets) <= PIECE and not bare_dots:
        return Load(octets, len(octets))
    stream = Stream(octets, size=len(octets), binary=True, bare_dots=bare_dots)
    return Load(stream, len(octets))


def _filled(octets: bytes, filler: int) -> Load:
    """The message with the lines that are made while it is sent."""
    lines = filler_lines(filler)
    length = len(octets) + filler // FILLER_LINE * FILLER_LINE
    return Load(Stream(chain((octets,), lines), size=length, binary=True), length)


def stream_of(file: BinaryIO, *, binary: bool = False) -> Load:
    """A file, from its beginning, as content that is pulled."""
    file.seek(0, 2)
    length = file.tell()
    file.seek(0)
    size = length if binary else file_size(file)
    return Load(Stream(file, size=size, binary=binary), length)


def sent(console: Console, reply: Reply) -> None:
    """The server has answered some content."""
    if reply.is_positive:
        console.delivered()
