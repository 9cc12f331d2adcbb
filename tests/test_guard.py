"""What a profile forbids is not said, however it is tried."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.configuring.guard import FOREIGN, Guard
from smtpconsole.smtp.commands import CONTENT, Send, raw, rcpt
from smtpconsole.smtp.streams import chunked, dotted

NO_DATA = ("DATA",), ()
OWN = (FOREIGN,), ("example.org", "@Example.NET.")


def guard(forbid: tuple[str, ...], domains: tuple[str, ...]) -> Guard:
    return Guard.of("work", forbid, domains)


def line(text: bytes) -> Send:
    return Send(text + b"\r\n", text.split(b" ")[0].upper())


def allows(watch: Guard, *sends: Send) -> bool:
    try:
        watch.check(sends)
    except ConsoleError as error:
        assert "the profile work does not allow this, and nothing was sent" in error.text
        assert error.next == ("/profile show work",)
        return False
    return True


@pytest.mark.parametrize(
    "said",
    [
        [line(b"DATA")],
        [line(b"data")],
        [line(b" DATA")],
        [line(b"BDAT 5 LAST")],
        [line(b"BURL imap://x LAST")],
        [raw(b"DATA\r\n")],
        [raw(b"NOOP\r\nDATA\r\n")],
        [raw(b"NOOP\nDATA\r\n")],
        [raw(b"NOOP\rdata\r\n")],
        [raw(b"\0DATA\r\n")],
        [raw(b"DA"), raw(b"TA\r\n")],
        [raw(b"D"), raw(b"A"), raw(b"T"), line(b"A")],
        [*chunked(b"x\r\n" * 200_000)],
        [line(b"MAIL FROM:<a@x>"), line(b"RCPT TO:<b@y>"), line(b"DATA")],
        [Send(b"", b"DATA")],
    ],
)
def test_a_forbidden_verb_is_not_said(said: list[Send]) -> None:
    assert not allows(guard(*NO_DATA), *said)


def test_the_rest_is_said() -> None:
    watch = guard(*NO_DATA)
    assert allows(
        watch, line(b"EHLO data"), line(b"MAIL FROM:<data@x>"), line(b"DATABASE"), raw(b"")
    )
    assert allows(watch, Send(b"", b"(greeting)"), rcpt("anybody@anywhere.example"))


def test_raw_octets_can_be_forbidden_altogether() -> None:
    watch = guard(("raw",), ())
    assert not allows(watch, raw(b"NOOP\r\n")) and allows(watch, line(b"NOOP"))


@pytest.mark.parametrize(
    "text",
    [
        b"RCPT TO:<bob@example.org>",
        b"rcpt to: <bob@EXAMPLE.ORG> NOTIFY=NEVER",
        b"RCPT TO:<bob+tag@example.net>",
        b"RCPT TO:<@relay.example:bob@example.org>",
        b"RCPT TO:<Postmaster>",
    ],
)
def test_recipients_of_ones_own_are_allowed(text: bytes) -> None:
    assert allows(guard(*OWN), line(text))


@pytest.mark.parametrize(
    "text",
    [
        b"RCPT TO:<bob@elsewhere.example>",
        b"RCPT TO:<bob@example.org.evil.example>",
        b"RCPT TO:<bob@notexample.org>",
        b"RCPT TO:bob@elsewhere.example",
        b"RCPT TO:<bob%elsewhere.example@example.org>",
        b"RCPT TO:<elsewhere.example!bob@example.org>",
        b'RCPT TO:<"bob@elsewhere.example"@example.org>',
        b"RCPT TO:<@example.org:bob@elsewhere.example>",
        b"RCPT TO:<bob@example.org,eve@elsewhere.example>",
        b"RCPT TO:<eve@elsewhere.example> x=<bob@example.org>",
        b"\tRcpt\tTo\t:\t<bob@elsewhere.example>",
        b"RCPT TO:<bob>",
        b"RCPT <bob@example.org>",
        b"RCPT",
    ],
)
def test_foreign_recipients_are_not_and_neither_is_what_cannot_be_told(text: bytes) -> None:
    assert not allows(guard(*OWN), line(text))
    assert not allows(guard(*OWN), raw(text + b"\r\n"))
    assert not allows(guard(*OWN), raw(b"NOOP\r\n" + text[:7]), raw(text[7:] + b"\r\n"))


def test_content_holds_no_end_that_only_some_servers_see() -> None:
    assert allows(guard(*OWN), dotted(b"RCPT TO:<x@elsewhere.example>\r\n.\r\n...\r\n"))
    assert allows(guard(*OWN), Send(b".\r\n", CONTENT))
    for end in (b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n\0.\r\n", b"\r\n.\r"):
        assert not allows(guard(*OWN), Send(b"x" + end + b"MAIL FROM:<a@x>\r\n", CONTENT))


def test_a_chunk_may_hold_anything_but_no_more_than_it_announced() -> None:
    watch = guard(*OWN)
    assert allows(watch, *chunked(b"\n.\nRCPT TO:<x@elsewhere.example>\n"))
    assert allows(watch, line(b"BDAT 10 LAST"), Send(b"12345\r\n", CONTENT))
    assert not allows(watch, Send(b"123RCPT TO:<x@elsewhere.example>\r\n", CONTENT))
    assert allows(watch, line(b"BDAT 3"), Send(b"abc", CONTENT), Send(b"long content\r\n", CONTENT))


@given(st.lists(st.binary(max_size=12), max_size=6), st.sampled_from([NO_DATA, OWN]))
def test_however_octets_are_cut_the_same_is_allowed(
    pieces: list[bytes], rules: tuple[tuple[str, ...], tuple[str, ...]]
) -> None:
    for end in (b"\r\nDATA\r\n", b"\r\nRCPT TO:<x@elsewhere.example>\r\n"):
        whole = b"".join(pieces) + end
        cut = [raw(each) for each in pieces] + [raw(end[:4]), raw(end[4:])]
        verdict = allows(guard(*rules), raw(whole))
        assert allows(guard(*rules), *cut) == verdict
