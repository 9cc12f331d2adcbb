"""Octets become replies, whatever they are and however they were cut."""

from __future__ import annotations

import pytest
from conversation import pieces
from hypothesis import given
from hypothesis import strategies as st

from smtpconsole.smtp import replies
from smtpconsole.smtp.replies import Reply, ReplyParser, stranger

lines = st.lists(
    st.one_of(
        st.binary(max_size=20),
        st.sampled_from([b"250 ok", b"250-more", b"550 no", b"250", b"25", b"099 x", b"250\tx"]),
    ),
    max_size=12,
)
streams = st.builds(
    lambda parts, end: end.join(parts), lines, st.sampled_from([b"\r\n", b"\n", b"\r"])
)
cuts = st.lists(st.integers(0, 400), max_size=6)


def parse(data: bytes) -> list[Reply]:
    return ReplyParser().feed(data)


def test_a_reply_of_one_line() -> None:
    (reply,) = parse(b"250 2.1.0 Ok\r\n")
    assert (reply.code, reply.lines, reply.flaws) == (250, [b"2.1.0 Ok"], ())
    assert reply.enhanced == "2.1.0"
    assert reply.is_positive and not reply.is_negative
    assert str(reply) == "250 2.1.0 Ok"


def test_a_reply_of_many_lines() -> None:
    (reply,) = parse(b"250-mail.example.org\r\n250-SIZE 1000\r\n250 HELP\r\n")
    assert reply.lines == [b"mail.example.org", b"SIZE 1000", b"HELP"]
    assert reply.text == "mail.example.org\nSIZE 1000\nHELP"
    assert reply.flaws == () and reply.raw is None


@pytest.mark.parametrize(
    ("octets", "code", "flaws"),
    [
        (b"250 ok\n", 250, ["bare LF"]),
        (b"250 o\rk\r\n", 250, ["bare CR"]),
        (b"250 o\0k\r\n", 250, ["NUL in reply"]),
        (b"250\r\n", 250, []),
        (b"250 \r\n", 250, []),
        (b"250ok\r\n", 250, ["no separator after the code"]),
        (b"250\tok\r\n", 250, ["no separator after the code"]),
        (b"hello\r\n", -1, ["no reply code"]),
        (b"\r\n", -1, ["no reply code"]),
        (b"25 x\r\n", -1, ["no reply code"]),
        (b"99999 x\r\n", -1, ["no reply code"]),
        (b"2500x\r\n", -1, ["no reply code"]),
        (b"000 x\r\n", 0, ["reply code out of range"]),
        (b"099 x\r\n", 99, ["reply code out of range"]),
        (b"199 x\r\n", 199, ["reply code out of range"]),
        (b"200-a\r\n200 b\r\n", 200, []),
        (b"599-a\r\n599 b\r\n", 599, []),
        (b"600 x\r\n", 600, ["reply code out of range"]),
        (b"250-a\r\n550 b\r\n", 550, ["code changes within the reply"]),
        (b"550-a\r\n250 b\r\n", 550, ["code changes within the reply"]),
        (b"250-a\r\nwhat\r\n250 b\r\n", 250, ["line without a code within the reply"]),
        (
            b"000-a\r\nwhat\r\n000 b\r\n",
            0,
            ["reply code out of range", "line without a code within the reply"],
        ),
        (b"250 " + b"x" * 506 + b"\r\n", 250, []),
        (b"250 " + b"x" * 507 + b"\r\n", 250, ["reply line over 512 octets"]),
        (b"250 " + b"x" * 4091 + b"\r\n", 250, ["reply line over 512 octets"]),
    ],
)
def test_what_is_odd_is_a_flaw(octets: bytes, code: int, flaws: list[str]) -> None:
    (reply,) = parse(octets)
    assert reply.code == code
    assert list(reply.flaws) == flaws
    assert reply.octets == octets


@pytest.mark.parametrize(
    ("octets", "text"),
    [(b"250ok\r\n", "250 ok"), (b"250\tok\r\n", "250 \tok"), (b"000 x\r\n", "000 x")],
)
def test_what_is_odd_reads_as_it_was_meant(octets: bytes, text: str) -> None:
    (reply,) = parse(octets)
    assert str(reply) == text


def test_octets_that_are_no_text_are_kept() -> None:
    assert Reply(250, [b"caf\xe9"]).text == "caf\udce9"


@pytest.mark.parametrize(
    ("code", "is_positive", "is_negative"),
    [
        (-1, False, True),
        (199, False, True),
        (200, True, False),
        (299, True, False),
        (300, False, False),
        (399, False, False),
        (400, False, True),
    ],
)
def test_the_first_digit_decides(code: int, is_positive: bool, is_negative: bool) -> None:
    reply = Reply(code, [b""])
    assert (reply.is_positive, reply.is_negative) == (is_positive, is_negative)


@pytest.mark.parametrize(
    ("octets", "is_clear"),
    [
        (b"200 yes\r\n", True),
        (b"299 yes\n", True),
        (b"300 go on\r\n", False),
        (b"400 not now\r\n", True),
        (b"599 no\r\n", True),
        (b"600 what\r\n", False),
        (b"199 what\r\n", False),
        (b"250-yes\r\n550 no\r\n", False),
    ],
)
def test_a_clear_answer_is_yes_or_no(octets: bytes, is_clear: bool) -> None:
    (reply,) = parse(octets)
    assert reply.is_clear is is_clear


def test_a_line_without_code_behind_a_reply_is_a_reply_of_its_own() -> None:
    replies = parse(b"250-a\r\n250 b\r\nhello\r\n")
    assert [reply.code for reply in replies] == [250, -1]


def test_a_reply_without_code_is_neither_positive_nor_overlooked() -> None:
    (reply,) = parse(b"what?\r\n")
    assert not reply.is_positive
    assert reply.is_negative
    assert str(reply) == "what?"


@pytest.mark.parametrize("text", [b"5.1.1 no", b"2.01.0 ok", b"2.1 ok", b"2.1.0x", b"no 2.1.0"])
def test_an_enhanced_code_must_be_well_formed_and_agree(text: bytes) -> None:
    assert Reply(250, [text]).enhanced is None


def test_a_line_without_end_is_cut_and_said_so() -> None:
    parser = ReplyParser()
    (reply,) = parser.feed(b"250 " + b"x" * 5000)
    assert replies.LINE_TOO_LONG in reply.flaws
    assert len(reply.octets) == replies.MAX_LINE == 4096


def test_an_uncoded_line_without_end_within_a_reply_ends_it() -> None:
    parser = ReplyParser()
    (reply,) = parser.feed(b"250-a\r\n" + b"x" * 5000)
    assert replies.LINE_TOO_LONG in reply.flaws


@pytest.mark.parametrize("line", [b"250-more\r\n", b"250-more\r\nwithout\r\n"])
def test_a_reply_without_end_is_cut_and_said_so(line: bytes) -> None:
    first = parse(line * 600)[0]
    assert replies.REPLY_TOO_LONG in first.flaws
    assert len(first.lines) == replies.MAX_LINES == 512


def test_a_reply_of_too_many_octets_is_cut() -> None:
    parser = ReplyParser()
    line = b"250-" + b"x" * 4090 + b"\r\n"
    octets = line * (replies.MAX_REPLY // len(line))
    assert len(octets) == replies.MAX_REPLY
    for _ in range(2):  # what was given up counts for nothing
        assert parser.feed(b"250-" + octets[5:]) == []
        parser.clear()
        (reply,) = parser.feed(octets)
        assert replies.REPLY_TOO_LONG in reply.flaws


def test_what_is_pending_is_known_and_can_be_given_up() -> None:
    parser = ReplyParser()
    parser.feed(b"250-a\r\n250 b")
    assert parser.pending == b"250-a\r\n250 b"
    assert parser.clear() == b"250-a\r\n250 b"
    assert parser.pending == b""
    assert parser.feed(b"220 new\r\n") == [Reply(220, [b"new"])]


@given(st.one_of(st.binary(max_size=400), streams))
def test_nothing_is_lost(data: bytes) -> None:
    parser = ReplyParser()
    found = parser.feed(data)
    assert b"".join(reply.octets for reply in found) + parser.pending == data


@given(st.one_of(st.binary(max_size=400), streams), cuts)
def test_segmentation_makes_no_difference(data: bytes, places: list[int]) -> None:
    whole, parts = ReplyParser(), ReplyParser()
    expected = whole.feed(data)
    found = [reply for piece in pieces(data, places) for reply in parts.feed(piece)]
    assert (found, parts.pending) == (expected, whole.pending)


@given(st.integers(4000, 13000), st.integers(0, 13000))
def test_segmentation_makes_no_difference_to_endless_lines(length: int, place: int) -> None:
    data = b"250 " + b"x" * length + b"\r\n250 ok\r\n"
    whole, parts = ReplyParser(), ReplyParser()
    expected = whole.feed(data)
    found = [reply for piece in pieces(data, [place]) for reply in parts.feed(piece)]
    assert found == expected


@given(
    st.integers(200, 599),
    st.lists(st.from_regex(rb"[ -~]{0,60}", fullmatch=True), min_size=1, max_size=5),
)
def test_what_is_well_formed_has_no_flaws(code: int, texts: list[bytes]) -> None:
    reply = Reply(code, texts)
    (found,) = parse(reply.octets)
    assert found == reply


@pytest.mark.parametrize(
    ("octets", "name"),
    [
        (b"\x15\x03\x01\x00\x02\x02\x28", "TLS"),
        (b"HTTP/1.1 400 Bad Request\r\n", "HTTP"),
        (b"http/1.0 200 ok\r\n", "HTTP"),
        (b"<!doctype html>\r\n", "HTTP"),
        (b"<HTML>\r\n", "HTTP"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH"),
        (b"* ok, bye\r\n", "IMAP"),
        (b"* Bye\r\n", "IMAP"),
        (b"* preauth\r\n", "IMAP"),
        (b"+ok\r\n", "POP3"),
        (b"* OK IMAP4rev1 ready\r\n", "IMAP"),
        (b"+OK POP3 ready\r\n", "POP3"),
        (b"220 mail.example.org ESMTP\r\n", None),
        (b"", None),
    ],
)
def test_strangers_are_recognised(octets: bytes, name: str | None) -> None:
    assert stranger(octets) == name
