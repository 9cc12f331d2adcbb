"""Drafts become messages that say what was written."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpconsole.composer.draft import Draft
from smtpconsole.composer.errors import DraftError
from smtpconsole.composer.flowed import WIDTH, flowed, unflowed
from smtpconsole.composer.parts import Attachment, attached, media_type

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
DRAFT = Draft("me@example.com", ("you@example.org",), subject="Hello", body="One line.\n")
PIXEL = bytes.fromhex("89504e470d0a1a0a0000000d49484452")


def written(draft: Draft) -> bytes:
    return draft.to_bytes(now=NOW)


def read(draft: Draft) -> EmailMessage:
    message = email.message_from_bytes(written(draft), policy=email.policy.SMTP)
    assert isinstance(message, EmailMessage)
    return message


def test_headers_follow_the_envelope() -> None:
    message = read(DRAFT)
    assert message.keys()[:5] == ["From", "To", "Subject", "Date", "Message-ID"]
    assert message["From"] == "me@example.com" and message["To"] == "you@example.org"
    assert message["Date"].datetime == NOW
    assert message["Message-ID"].endswith("@example.com>")
    assert text(message) == "One line.\n"


def test_what_was_written_replaces_what_follows() -> None:
    draft = DRAFT.with_header("From", "Me <boss@example.com>").with_header("X-Note", "a")
    message = read(draft)
    assert message.get_all("From") == ["Me <boss@example.com>"]
    assert message["X-Note"] == "a"
    assert draft.header("from") == "Me <boss@example.com>" and draft.header("Cc") is None


def test_an_empty_header_leaves_one_out() -> None:
    message = read(DRAFT.with_header("Date", "").with_header("message-id", ""))
    assert "Date" not in message and "Message-ID" not in message


def test_a_header_can_be_there_twice_on_purpose() -> None:
    draft = replace(DRAFT, headers=(("Subject", "one"), ("Subject", "two")))
    assert written(draft).count(b"\r\nSubject: ") == 2


@pytest.mark.parametrize("value", ["a\r\nBcc: x@y", "a\nb", "a\rb", "a\x0bb", "a\u2028b"])
def test_a_header_never_becomes_two(value: str) -> None:
    for draft in (replace(DRAFT, subject=value), DRAFT.with_header("X-Y", value)):
        with pytest.raises(DraftError, match="holds a line break"):
            written(draft)


@pytest.mark.parametrize("name", ["", "X Y", "X:Y", "Ü", "a\r\nb"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(DraftError, match="is no name of a header"):
        written(replace(DRAFT, headers=((name, "value"),)))


@given(
    st.lists(
        st.tuples(
            st.from_regex(r"X-[A-Za-z0-9-]{1,20}", fullmatch=True),
            st.text(min_size=1, max_size=120),
        ),
        max_size=3,
    ),
    st.text(max_size=300),
    st.text(max_size=300),
)
def test_what_was_written_is_read_again_or_was_refused(
    headers: list[tuple[str, str]], subject: str, body: str
) -> None:
    draft = replace(DRAFT, headers=tuple(headers), subject=subject, body=body)
    try:
        octets = written(draft)
    except DraftError as error:
        assert str(error)
        return
    message = email.message_from_bytes(octets, policy=email.policy.SMTP)
    assert isinstance(message, EmailMessage)
    assert " ".join((message["Subject"] or "").split()) == " ".join(subject.split())
    for name, value in headers:
        assert " ".join(value.split()) in {
            " ".join(each.split()) for each in message.get_all(name, [""])
        }
    ends = body.replace("\r\n", "\n").replace("\r", "\n")
    assert text(message).rstrip("\n") == ends.rstrip("\n")
    assert octets.count(b"\n") == octets.count(b"\r\n") == octets.count(b"\r")


def text(message: EmailMessage) -> str:
    content = message.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


def kinds(draft: Draft) -> list[str]:
    return [part.get_content_type() for part in read(draft).walk()]


def test_each_body_gets_the_tree_it_needs() -> None:
    assert kinds(replace(DRAFT, body="", html="<p>x")) == ["text/html"]
    both = replace(DRAFT, html="<p>x")
    assert kinds(both) == ["multipart/alternative", "text/plain", "text/html"]
    image = Attachment("dot.png", PIXEL, "image/png", "dot")
    file = Attachment("a.pdf", b"%PDF", "application/pdf")
    assert kinds(replace(both, attachments=(image, file))) == [
        *("multipart/mixed", "multipart/alternative", "text/plain"),
        *("multipart/related", "text/html", "image/png", "application/pdf"),
    ]
    assert kinds(replace(both, calendar="BEGIN:VCALENDAR\nMETHOD:REQUEST\nEND:VCALENDAR\n")) == [
        *("multipart/alternative", "text/plain", "text/html", "text/calendar"),
    ]
    assert kinds(replace(DRAFT, body="", html="<p>x", attachments=(image,))) == [
        *("multipart/related", "text/html", "image/png"),
    ]


def test_parts_say_what_they_are() -> None:
    image = Attachment("dot.png", PIXEL, "image/png", "dot")
    name = "Rechnung für März.pdf"
    draft = replace(DRAFT, html="<p>x", attachments=(image, Attachment(name, b"\0\xff", "a/b")))
    parts = {part.get_content_type(): part for part in read(draft).walk()}
    assert parts["image/png"]["Content-ID"] == "<dot>"
    assert parts["image/png"].get_content_disposition() == "inline"
    assert parts["image/png"].get_payload(decode=True) == PIXEL
    assert parts["a/b"].get_filename() == name
    assert parts["a/b"].get_payload(decode=True) == b"\0\xff"
    calendar = replace(DRAFT, calendar="BEGIN:VCALENDAR\r\nMETHOD:request\r\nEND:VCALENDAR\r\n")
    (part,) = [each for each in read(calendar).walk() if each.get_content_subtype() == "calendar"]
    assert part.get_param("method") == "REQUEST"


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        ("ascii\n", "7bit"),
        ("x" * 998, "7bit"),
        ("x" * 999, "quoted-printable"),
        ("für\n", "quoted-printable"),
        ("привет мир\n", "base64"),
        ("NUL \0\n", "quoted-printable"),
    ],
)
def test_a_text_gets_the_encoding_it_needs(body: str, encoding: str) -> None:
    message = read(replace(DRAFT, body=body))
    assert message["Content-Transfer-Encoding"] == encoding
    assert text(message).rstrip("\n") == body.rstrip("\n")


def test_charset_and_encoding_can_be_forced() -> None:
    octets = written(replace(DRAFT, body="für\n", charset="iso-8859-1", encoding="8bit"))
    assert b'charset="iso-8859-1"' in octets and octets.endswith(b"f\xfcr\r\n")
    with pytest.raises(DraftError, match=r"has no '\\u20ac' \(U\+20AC\); choose utf-8"):
        written(replace(DRAFT, body="10 €\n", charset="iso-8859-1"))
    with pytest.raises(DraftError, match="klingon is no character set"):
        written(replace(DRAFT, charset="klingon"))


def test_a_source_is_sent_as_it_is() -> None:
    source = b"Subject: odd\n\nbare LF\rbare CR\0"
    assert written(replace(DRAFT, source=source)) == source + b"\r\n"
    assert written(replace(DRAFT, source=b"x\r\n")) == b"x\r\n"
    assert written(replace(DRAFT, source=b"")) == b""


def test_a_filler_is_made_while_it_is_sent() -> None:
    first, *rest = replace(DRAFT, filler=780).pieces(now=NOW)
    assert first.endswith(b"One line.\r\n") and sum(map(len, rest)) == 780
    assert len(rest) == 10 and rest[1].startswith(b"00000001 xxx")
    assert list(DRAFT.pieces(now=NOW))[1:] == []


def test_a_draft_without_recipient_or_with_a_wrong_one_is_refused() -> None:
    with pytest.raises(DraftError, match="no recipient"):
        written(replace(DRAFT, recipients=()))
    with pytest.raises(DraftError, match="control character"):
        written(replace(DRAFT, recipients=("a@x\r\nRCPT TO:<b@y>",)))
    assert DRAFT.with_recipients("a@x, b@y;c@z a@x").recipients == ("a@x", "b@y", "c@z")


@given(st.text(alphabet=" >abFrom\n-é", max_size=400))
def test_flowed_text_is_the_same_when_it_has_flowed_back(text: str) -> None:
    clean = "\n".join(
        line if line == "-- " else line.rstrip(" ") for line in text.split("\n")
    ).rstrip("\n")
    sent = flowed(clean)
    assert unflowed(sent).rstrip("\n") == clean
    assert all(len(line) <= WIDTH + 1 for line in sent.split("\n") if " " in line.strip())


def test_a_flowed_draft_says_so() -> None:
    message = read(replace(DRAFT, body="word " * 40, is_flowed=True))
    assert message.get_param("format") == "flowed"
    assert unflowed(text(message)).strip() == ("word " * 40).strip()


def test_a_file_is_read_when_it_is_attached(tmp_path: Path) -> None:
    file = tmp_path / "a.tar.gz"
    file.write_bytes(b"data")
    assert attached(file) == Attachment("a.tar.gz", b"data", "application/gzip")
    assert media_type("x.png") == "image/png" and media_type("x") == "application/octet-stream"
    with pytest.raises(DraftError, match="no such file or directory; name a file"):
        attached(tmp_path / "none")
    with pytest.raises(DraftError, match="is a directory"):
        attached(tmp_path)


@pytest.mark.parametrize("kind", ["text", "multipart/mixed", "a/b c", "a/b\r\nX: y"])
def test_a_media_type_that_is_none_is_refused(kind: str) -> None:
    with pytest.raises(DraftError, match="is no media type"):
        written(replace(DRAFT, attachments=(Attachment("x", b"", kind),)))
