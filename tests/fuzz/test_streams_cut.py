"""However a stream is cut, the same comes of it: whole, octet by octet, and at any places."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import net_parsers
import pytest
from conversation import pieces
from effort import plainly
from garbling import STRANGE
from hypothesis import given
from hypothesis import strategies as st
from parsing import SECRET
from spoiling import inputs

from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.configuring.guard import Guard
from smtpconsole.net.messages import Reader
from smtpconsole.net.records import Sniffer
from smtpconsole.smtp import content, streams
from smtpconsole.smtp.commands import raw
from smtpconsole.smtp.replies import ReplyParser
from smtpconsole.transcript.redaction import Redactor, Sweep


@dataclass(frozen=True)
class Streamed:
    """Something that is fed pieces of a stream, and what it has made of all of them."""

    name: str
    fed: Callable[[list[bytes]], object]
    samples: tuple[bytes, ...]
    words: tuple[bytes, ...] = ()

    def __str__(self) -> str:
        return self.name


def _replies(parts: list[bytes]) -> object:
    parser = ReplyParser()
    found = [reply for part in parts for reply in parser.feed(part)]
    pending = parser.pending
    assert b"".join(reply.octets for reply in found) + pending == b"".join(parts)
    return [(reply.code, reply.lines, reply.flaws) for reply in found], pending


def _records(parts: list[bytes]) -> object:
    seen: list[str] = []
    reader = Reader(lambda each: seen.append(str(each)))
    sniffer = Sniffer("server", reader)
    for part in parts:
        sniffer.feed(part)
    assert len(sniffer._buffer) <= 5 + 16640 and len(seen) <= 400
    facts = reader.version, reader.group, reader.signature, reader.authorities
    return seen, facts, sniffer.stranger[:5]


def _codec(make: Callable[[], content.Lines | content.Ended]) -> Callable[[list[bytes]], object]:
    def fed(parts: list[bytes]) -> object:
        made = make()
        return b"".join([*map(made.feed, parts), made.finish()])

    return fed


def _doubled(
    make: Callable[[], content.Dots | content.StrictDots],
) -> Callable[[list[bytes]], object]:
    def fed(parts: list[bytes]) -> object:
        return b"".join(map(make().feed, parts))

    return fed


def _dotted(parts: list[bytes]) -> object:
    """Content for DATA: whoever takes the dots away again has what is canonical."""
    framing = streams.dotted(streams.Stream(parts)).framing
    octets = _all(framing, parts)
    assert octets.endswith(b".\r\n") and octets.count(b"\r\n.\r\n") <= 1
    body = octets[:-3]
    lines = [line.removeprefix(b".") for line in body.split(b"\r\n")]
    assert b"\r\n".join(lines) == content.canonical(b"".join(parts))
    return octets


def _chunked(parts: list[bytes]) -> object:
    """Content for BDAT: chunks are as long as they say."""
    (send,) = streams.chunked(streams.Stream(parts), size=7)
    octets, body = _all(send.framing, parts), b""
    while octets:
        line, _, octets = octets.partition(b"\r\n")
        size = int(line.split()[1])
        assert line.startswith(b"BDAT ") and size <= 7
        assert line.endswith(b" LAST") == (len(octets) == size)
        body, octets = body + octets[:size], octets[size:]
    assert body == content.canonical(b"".join(parts))
    return body


def _all(framing: streams.Framing | None, parts: list[bytes]) -> bytes:
    assert framing is not None
    said: list[bytes] = []
    for part in parts:
        framing.feed(part)
        said += _next(framing)
    framing.finish()
    return b"".join([*said, *_next(framing)])


def _next(framing: streams.Framing) -> list[bytes]:
    said: list[bytes] = []
    while sends := framing.next():
        said += [send.data for send in sends]
        if framing.ending in sends:
            break
    return said


def _swept(parts: list[bytes]) -> object:
    redactor = Redactor()
    redactor.learn(SECRET.encode())
    sweep = Sweep(redactor)
    told = b"".join(map(sweep.feed, parts)) + sweep.flush()
    assert SECRET.encode() not in told
    return told


def is_forbidden(parts: list[bytes]) -> bool:
    """By a profile, which says no where it cannot tell."""
    guard = Guard.of("work", ["VRFY"], [])
    try:
        for part in parts:
            guard.check((raw(part),))
    except ConsoleError:
        return True
    return False


_REPLIES = (b"220 mx\r\n250-a\r\n250 2.1.0 b\r\n", b"250 x\n550-y\r\n250 z\r\nhello\r\n")
_TEXT = (b"Subject: x\r\n\r\n.dot\r\nbare\nlf\rcr\r\n..\r\n.\r\n", b".", b"\r", b"\n.\n")
_WORDS = (b"\r\n", b"\n.", b"\r", b".", b"\r\n.\r\n", b"\r\n..")
_KNOWN = (b"a " + SECRET.encode() + b" b hush-7291-hus", b"hush-" * 9 + b"7291-hush")

STREAMED = (
    Streamed("replies", _replies, _REPLIES, STRANGE),
    Streamed("TLS records", _records, net_parsers.FLIGHTS, (b"\x16\3\3", b"\x15\3\3\0\2\2\x28")),
    Streamed("ends of lines", _codec(content.Lines), _TEXT, _WORDS),
    Streamed("the last end of a line", _codec(content.Ended), _TEXT, _WORDS),
    Streamed("dots", _doubled(content.Dots), _TEXT, _WORDS),
    Streamed("dots to the letter", _doubled(content.StrictDots), _TEXT, _WORDS),
    Streamed("content for DATA", _dotted, _TEXT, _WORDS),
    Streamed("content for BDAT", _chunked, _TEXT, _WORDS),
    Streamed("secrets that are hunted", _swept, _KNOWN, (SECRET.encode(), b"hush-")),
)


@pytest.mark.parametrize("stream", STREAMED, ids=str)
def test_a_stream_says_the_same_however_it_is_cut(stream: Streamed) -> None:
    @plainly(10)
    @given(inputs(stream.samples, stream.words), st.lists(st.integers(0, 2000), max_size=6))
    def holds(data: bytes, cuts: list[int]) -> None:
        check(stream, data, cuts)

    holds()


def check(stream: Streamed, data: bytes, cuts: list[int]) -> None:
    whole = stream.fed([data])
    assert stream.fed(pieces(data, cuts)) == whole
    if len(data) < 3000:
        assert stream.fed([data[at : at + 1] for at in range(len(data))]) == whole


@plainly(10)
@given(inputs((b"NOOP\r\nVRFY x\r\n", b" vrfy\r\n"), _WORDS), st.lists(st.integers(0, 99)))
def test_what_is_forbidden_is_so_in_however_many_parts(data: bytes, cuts: list[int]) -> None:
    if is_forbidden([data]):
        assert is_forbidden(pieces(data, cuts))
        assert is_forbidden([data[at : at + 1] for at in range(len(data))])


def test_the_fuzzer_notices_what_depends_on_the_cut() -> None:
    broken = Streamed("lines", lambda parts: sum(part.count(b"ab") for part in parts), (b"abab",))
    with pytest.raises(AssertionError):
        check(broken, b"abab", [1])
