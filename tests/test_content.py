"""Content as the wire wants it: piece by piece as well as whole."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from smtpconsole.smtp import content
from smtpconsole.smtp.streams import PIECE, Stream, file_size


def repr_of(source: object) -> str:
    return repr(source)[:12]


TEXT = st.text(alphabet="a.\r\n\n\r", max_size=40).map(str.encode)


def cut(text: bytes, places: list[int]) -> Iterator[bytes]:
    ends = sorted(place % (len(text) + 1) for place in places)
    for begin, end in zip([0, *ends], [*ends, len(text)], strict=True):
        yield text[begin:end]


def in_pieces(pieces: Iterator[bytes]) -> bytes:
    lines, dots = content.Lines(), content.Dots()
    done = [dots.feed(lines.feed(piece)) for piece in pieces]
    return b"".join([*done, dots.feed(lines.finish()), content.END])


@given(TEXT, st.lists(st.integers(min_value=0), max_size=6))
@example(b"a\r\nb", [2])
@example(b"a\r\n.b", [3])
@example(b"a\r.b", [2])
@example(b"\r", [0])
@example(b"..", [1])
def test_content_is_the_same_wherever_it_is_cut(text: bytes, places: list[int]) -> None:
    whole = content.stuffed(content.canonical(text))
    assert in_pieces(cut(text, places)) == whole
    assert in_pieces(text[at : at + 1] for at in range(len(text))) == whole


@given(TEXT, st.lists(st.integers(min_value=0), max_size=6))
@example(b"a\r\n.\r\n", [2])
@example(b"a\r\n.", [3, 3])
def test_to_the_letter_dots_are_doubled_behind_crlf_alone(text: bytes, places: list[int]) -> None:
    dots = content.StrictDots()
    done = b"".join(map(dots.feed, cut(text, places)))
    assert done == (b"\r\n" + text).replace(b"\r\n.", b"\r\n..")[2:]
    if text.count(b"\r") == text.count(b"\n") == text.count(b"\r\n"):
        assert done == content.stuffed(text).removesuffix(content.END)


def test_a_dot_behind_the_very_first_line_end_is_doubled() -> None:
    assert content.stuffed(b"\n.x") == b"\n..x" + content.END


@pytest.mark.parametrize(
    ("pieces", "end"),
    [([], b""), ([b"a\r", b"\n"], b""), ([b"a\n"], b"\r\n"), ([b"a\r\n", b"b"], b"\r\n")],
)
def test_content_that_keeps_its_line_ends_has_one_at_its_end(
    pieces: list[bytes], end: bytes
) -> None:
    lines = content.Ended()
    assert [lines.feed(piece) for piece in pieces] == pieces
    assert lines.finish() == end


@given(TEXT)
def test_the_size_of_content_is_known_without_making_it(text: bytes) -> None:
    assert content.canonical_size(text) == len(content.canonical(text))
    assert Stream(text).size == len(content.canonical(text))
    assert file_size(io.BytesIO(text)) == len(content.canonical(text))


def test_a_file_is_measured_from_where_it_stands_and_left_there() -> None:
    file = io.BytesIO(b"head\nbody\n")
    file.seek(5)
    assert file_size(file) == len(b"body\r\n")
    assert file.read() == b"body\n"


def test_a_long_file_is_measured_to_its_end_whether_or_not_it_tells_that_it_can_be() -> None:
    class File:
        def __init__(self, octets: bytes) -> None:
            self.file = io.BytesIO(octets)
            self.read, self.seek, self.tell = self.file.read, self.file.seek, self.file.tell

    assert file_size(File(b"1\r\n" * PIECE)) == 3 * PIECE


def test_what_cannot_be_rewound_is_not_measured() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    assert file_size(Pipe(b"x")) is None

    class Reader:
        def read(self, size: int) -> bytes:
            return b""

    assert file_size(Reader()) is None


def test_large_octets_come_in_pieces() -> None:
    big = b"x" * (2 * PIECE + 1)
    for source in (big, bytearray(big), memoryview(big), io.BytesIO(big), [b"", big]):
        pieces = [bytes(piece) for piece in Stream(source).pieces()]  # type: ignore[union-attr]
        assert b"".join(pieces) == big
        assert max(map(len, pieces)) == PIECE


@pytest.mark.parametrize(
    "source", ["text", io.StringIO("text"), ["text"], ["x" * (PIECE + 1)]], ids=repr_of
)
def test_text_is_refused_with_a_sentence(source: object) -> None:
    with pytest.raises(
        TypeError, match=r"^content must be bytes; a file of it is opened in binary mode$"
    ):
        stream = Stream(source)  # type: ignore[arg-type]
        for piece in stream.pieces():  # type: ignore[union-attr]
            stream.took(piece)


def test_progress_is_told_in_octets_of_the_source() -> None:
    told: list[int] = []
    stream = Stream([b"12\n", b"345"], progress=told.append)
    for piece in stream.pieces():  # type: ignore[union-attr]
        stream.took(piece)
    assert told == [3, 6]
    assert stream.taken == 6


def test_binary_content_is_measured_as_it_is() -> None:
    assert Stream(b"a\nb", binary=True).size == 3


def test_an_asynchronous_source_is_taken_as_it_is() -> None:
    async def source() -> AsyncIterator[bytes]:
        yield b"x"

    assert isinstance(Stream(source()).pieces(), AsyncIterator)


def test_a_generator_is_closed_when_its_content_is_no_longer_wanted() -> None:
    def source() -> Iterator[bytes]:
        try:
            yield b"x"
        finally:
            closed.append(True)

    closed: list[bool] = []
    pieces = Stream(source()).pieces()
    assert next(pieces) == b"x"  # type: ignore[arg-type]
    pieces.close()  # type: ignore[union-attr]
    assert closed == [True]
