"""Content that is pulled: a message of any size is said piece by piece, as the transport takes it.

1. A `Stream` knows where the octets come from; a *framing* makes Sends of them, for DATA or for
   BDAT.  Whoever carries the octets pulls while there is room, and tells the session
   (`upload`).
2. Line ends and dots are made right on the way, unless the content is binary.
3. A source that fails ends the connection: a message cut short is never sent as a whole one.
"""

from __future__ import annotations

from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Callable,
    Generator,
    Iterable,
    Iterator,
    Sequence,
)
from typing import Protocol

from smtpconsole.smtp import content as octets
from smtpconsole.smtp.commands import CONTENT, Send
from smtpconsole.smtp.content import Octets

PIECE = 128 * 1024  # octets: what is pulled at a time
LEAST = 16 * 1024  # octets: smaller pieces are put together
CHUNK = 256 * 1024  # octets in a BDAT command, where nothing else is asked for
NOT_BYTES = "content must be bytes; a file of it is opened in binary mode"


class File(Protocol):
    """What is asked of a file; for one on disk, since reading it waits for nobody else."""

    def read(self, size: int, /) -> bytes: ...


Source = Octets | File | Iterable[Octets] | AsyncIterable[Octets]


class Stream:
    """A message that is taken from its source while it is sent, once.

    `size` is that of the canonical content, if it is known; `taken` counts the octets of the
    source taken so far, and `progress` is called with it after each piece.
    """

    __slots__ = ("_source", "bare_dots", "binary", "progress", "size", "taken")

    def __init__(
        self,
        source: Source,
        *,
        size: int | None = None,
        binary: bool = False,
        bare_dots: bool = False,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        if size is None and isinstance(source, bytes | bytearray):
            size = len(source) if binary else octets.canonical_size(source)
        self._source = source
        self.size = size
        self.binary = binary  # sent as it is: BODY=BINARYMIME, or line ends that are meant
        self.bare_dots = bare_dots  # for DATA: no dot is doubled but behind CRLF (RFC 5321, 4.5.2)
        self.progress = progress
        self.taken = 0

    def pieces(self) -> Iterator[Octets] | AsyncIterator[Octets]:
        """The source's pieces, none too large where they do not come one by one."""
        source = self._source
        if isinstance(source, bytes | bytearray | memoryview):
            return _sliced((source,))
        if isinstance(source, AsyncIterable):
            return aiter(source)
        if isinstance(source, str):
            raise TypeError(NOT_BYTES)
        if hasattr(source, "read"):
            return iter(lambda: source.read(PIECE), b"")
        return _sliced(source)

    def took(self, piece: Octets) -> bytes:
        """Count a piece, and give its octets."""
        if not isinstance(piece, bytes | bytearray | memoryview):
            raise TypeError(NOT_BYTES)
        self.taken += len(piece)
        if self.progress is not None:
            self.progress(self.taken)
        return bytes(piece)


Content = bytes | Stream


def file_size(file: File) -> int | None:
    """The canonical size of what a file has left to read; None if that cannot be known first."""
    seek, tell = getattr(file, "seek", None), getattr(file, "tell", None)
    if seek is None or tell is None or not getattr(file, "seekable", lambda: True)():
        return None
    began, lines, size = tell(), octets.Lines(), 0
    while piece := file.read(PIECE):
        size += len(lines.feed(piece))
    seek(began)
    return size + len(lines.finish())


def sliced(data: Octets) -> Iterator[memoryview]:
    """Views of octets, none larger than a piece."""
    whole = memoryview(data)
    for at in range(0, len(whole), PIECE):
        yield whole[at : at + PIECE]


def _sliced(pieces: Iterable[Octets]) -> Iterator[Octets]:
    try:
        for piece in pieces:
            if isinstance(piece, bytes | bytearray | memoryview) and len(piece) > PIECE:
                yield from sliced(piece)
            else:
                yield piece
    finally:
        if isinstance(pieces, Generator):
            pieces.close()


# --- framings ---------------------------------------------------------------------------------


class Framing(Protocol):
    """Makes Sends of content."""

    stream: Stream
    ending: Send  # the last that asks for a reply; it stands for all of them until then
    is_over: bool  # the source has no more
    owed: bool  # the final reply is owed before all is said: a server may refuse early
    one_by_one: bool  # the next Send waits for the reply to the one before

    def feed(self, data: bytes) -> None:
        """Take a piece of the content."""

    def finish(self) -> None:
        """There is no more."""

    def next(self) -> Sequence[Send]:
        """What can be said now, in one go; nothing more comes when `ending` is the first of it."""


class Dotted:
    """Content behind DATA: pieces that ask for nothing, and the lone dot (RFC 5321, 4.1.1.4)."""

    owed = True
    one_by_one = False

    def __init__(self, stream: Stream, ending: Send) -> None:
        self.stream = stream
        self.is_over = False
        self.ending = ending
        self._lines = octets.Ended() if stream.binary else octets.Lines()
        self._dots = octets.StrictDots() if stream.bare_dots else octets.Dots()
        self._kept = bytearray()

    def feed(self, data: bytes) -> None:
        self._kept += self._dots.feed(self._lines.feed(data))

    def finish(self) -> None:
        self._kept += self._lines.finish()
        self.ending.data = octets.END
        self.is_over = True

    def next(self) -> Sequence[Send]:
        if self._kept and (self.is_over or len(self._kept) >= LEAST):
            ready, self._kept = bytes(self._kept), bytearray()
            return (Send(ready, CONTENT, replies=0),)
        return (self.ending,) if self.is_over else ()


class Chunked:
    """Content in BDAT commands of a chosen size, the last of which says so (RFC 3030, 2)."""

    owed = False

    def __init__(self, stream: Stream, ending: Send, *, size: int, one_by_one: bool) -> None:
        self.stream = stream
        self.is_over = False
        self.one_by_one = one_by_one
        self.ending = ending
        self._size = size
        self._lines = None if stream.binary else octets.Lines()
        self._kept = bytearray()

    def feed(self, data: bytes) -> None:
        self._kept += data if self._lines is None else self._lines.feed(data)

    def finish(self) -> None:
        if self._lines is not None:
            self._kept += self._lines.finish()
        self.is_over = True

    def next(self) -> Sequence[Send]:
        if len(self._kept) > self._size:  # not >=: the last chunk must be known to be the last
            chunk = bytes(self._kept[: self._size])
            del self._kept[: self._size]
            return (Send(b"BDAT %d\r\n" % self._size, b"BDAT"), Send(chunk, CONTENT, replies=0))
        if not self.is_over:
            return ()
        self.ending.data = b"BDAT %d LAST\r\n" % len(self._kept)
        return (self.ending, Send(bytes(self._kept), CONTENT, replies=0))


def dotted(content: Content, *, replies: int = 1) -> Send:
    """Content for DATA; bytes are canonical, and streamed where they are long."""
    if isinstance(content, bytes):
        if len(content) <= PIECE:
            return Send(octets.stuffed(content), CONTENT, replies)
        content = Stream(content, binary=True)  # canonical, or meant as it is
    send = Send(b"", CONTENT, replies)
    send.framing = Dotted(content, send)
    return send


def chunked(
    content: Content, *, replies: int = 1, size: int | None = None, one_by_one: bool = False
) -> tuple[Send, ...]:
    """Content for BDAT, in chunks of at most `size` octets.

    The reply is asked for by the command line, which then need not keep the chunk to wait for it.
    """
    size = size or CHUNK
    if isinstance(content, bytes):
        if len(content) <= min(size, PIECE):
            line = Send(b"BDAT %d LAST\r\n" % len(content), b"BDAT", replies)
            return line, Send(content, CONTENT, replies=0)
        content = Stream(content, binary=True)  # canonical, or meant as it is
    send = Send(b"", b"BDAT", replies)
    send.framing = Chunked(content, send, size=size, one_by_one=one_by_one)
    return (send,)
