"""The composer's fields: what stands in each, and the draft that a text makes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpconsole.composer import fields
from smtpconsole.composer.draft import Draft
from smtpconsole.composer.fields import Field
from smtpconsole.composer.mime import headers
from smtpconsole.smtp.capabilities import Capabilities, Keyword

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
DRAFT = Draft("alice@here.example", ("bob@there.example",), subject="Hello", body="x\n")
ALL = {
    each.name: each for each in (*fields.ENVELOPE, *fields.HEADERS, *fields.WRITING, *fields.RARE)
}


def said(draft: Draft) -> list[tuple[str, str]]:
    return [pair for pair in headers(draft, NOW) if pair[0] not in ("Date", "Message-ID")]


def texts(draft: Draft) -> list[str]:
    return [each.text for each in fields.differences(draft)]


@pytest.mark.parametrize("field", ALL.values(), ids=list(ALL))
def test_a_field_shows_what_was_written_in_it(field: Field) -> None:
    for text in field.choices or ("carol@here.example",):
        assert field.shown(field.written(DRAFT, text)) == text
    shown = field.shown(DRAFT)
    assert field.written(DRAFT, shown) == DRAFT, "what is shown changes nothing"


def test_the_reverse_path_of_nobody_is_written_as_it_is_said() -> None:
    sender = ALL["sender"]
    assert sender.written(DRAFT, "<>").sender == "" == sender.written(DRAFT, "").sender
    assert sender.shown(sender.written(DRAFT, " <> ")) == "<>"
    assert sender.written(DRAFT, "<carol@here.example>").sender == "carol@here.example"


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("a@x.example,b@x.example; c@x.example", ("a@x.example", "b@x.example", "c@x.example")),
        ("Bob Fox <bob@x.example>, <c@x.example>", ("bob@x.example", "c@x.example")),
        ('"a b, c"@x.example d@x.example', ('"a b, c"@x.example', "d@x.example")),
    ],
)
def test_recipients_are_read_as_people_write_them(text: str, people: tuple[str, ...]) -> None:
    assert ALL["recipients"].written(DRAFT, text).recipients == people


def test_a_header_follows_the_envelope_until_it_is_written() -> None:
    from_ = ALL["From"]
    assert from_.shown(DRAFT) == "" and from_.implied(DRAFT) == "alice@here.example"
    own = from_.written(DRAFT, "Carol <carol@here.example>")
    assert ("From", "Carol <carol@here.example>") in said(own) and own.sender == DRAFT.sender
    assert from_.written(own, "") == DRAFT


def test_a_dash_leaves_a_header_out() -> None:
    draft = ALL["Date"].written(ALL["Subject"].written(DRAFT, "-"), "-")
    assert ALL["Date"].shown(draft) == "-"
    assert not {"Date", "Subject"} & {name for name, _ in headers(draft, NOW)}


def test_any_header_is_written_in_a_line_of_its_own() -> None:
    draft = fields.with_others(DRAFT, "X-One: 1\nX-Folded: a\n  b\n\nhalf a nam")
    assert draft.headers == (("X-One", "1"), ("X-Folded", "a b"), ("half a nam", ""))
    assert fields.others(draft) == "X-One: 1\nX-Folded: a b\nhalf a nam"
    assert [name for name, _ in said(draft)][-2:] == ["X-One", "X-Folded"]


def test_a_second_subject_stands_behind_the_first() -> None:
    draft = fields.with_others(DRAFT, "Subject: another")
    assert [value for name, value in said(draft) if name == "Subject"] == ["Hello", "another"]
    assert ALL["Subject"].shown(draft) == "Hello" and fields.others(draft) == "Subject: another"
    changed = ALL["Subject"].written(draft, "new")
    assert [value for name, value in said(changed) if name == "Subject"] == ["new", "another"]


def test_a_line_break_in_a_header_stays_in_its_line() -> None:
    draft = Draft("a@x.example", headers=(("X-Test", "one\r\nBcc: evil@x.example"),))
    assert "\n" not in fields.others(draft)


def test_where_envelope_and_headers_differ_it_is_said_in_words() -> None:
    assert texts(DRAFT) == []
    assert texts(DRAFT.with_header("From", "Carol <Carol@here.example>")) == [
        "sender and From differ"
    ]
    assert "nobody (<>)" in texts(Draft("", ("b@x.example",), headers=(("From", "a@b.c"),)))[0]
    other = DRAFT.with_header("To", "list@there.example").with_header("Cc", "bob@there.example")
    assert texts(other) == ["To: list@there.example gets nothing"]
    blind = DRAFT.with_recipients("bob@there.example, eve@there.example").with_header(
        "To", "bob@there.example"
    )
    assert texts(blind) == ["eve@there.example: a blind copy"]
    source = Draft("a@x.example", ("b@x.example",), source=b"From: c@x.example\r\n\r\n")
    assert [each.names for each in fields.differences(source)] == [
        ("sender", "From"),
        ("recipients", "To"),
    ]


def test_a_parameter_that_is_not_offered_is_marked_as_forced() -> None:
    draft = Draft(
        "a@x.example", mail_parameters=("RET=HDRS", "XVERP"), rcpt_parameters=("NOTIFY=NEVER",)
    )
    known = Capabilities("there", (Keyword("DSN", ""),))
    assert [each.text for each in fields.forced(draft, known)] == [
        "XVERP is forced: no XVERP offered"
    ]
    assert list(fields.forced(draft, Capabilities())) == []


@given(st.text(st.characters(exclude_characters="\r")))
def test_whatever_is_typed_for_other_headers_is_kept_line_by_line(text: str) -> None:
    once = fields.with_others(DRAFT, text)
    assert fields.with_others(once, fields.others(once)) == once
