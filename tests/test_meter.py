"""The meter and the lint say what is wrong with a message, and mends take it away."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpconsole.composer.draft import Draft
from smtpconsole.composer.lint import Content, lint
from smtpconsole.composer.mends import MENDS, mended
from smtpconsole.composer.meter import Measure, measure
from smtpconsole.composer.parts import Attachment
from smtpconsole.smtp.capabilities import Capabilities, Keyword

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
DRAFT = Draft("me@example.com", ("you@example.org",), subject="Hello", body="One line.\n")
HEAD = b"Date: Wed, 25 Nov 2026 12:00:00 +0000\r\nFrom: a@x\r\nTo: b@y\r\nMessage-ID: <1@x>\r\n"
SOUND = HEAD + b"Subject: s\r\n\r\ntext\r\n"
OFFER = Capabilities(
    "mail.example.org",
    (Keyword("SIZE", "1000"), Keyword("8BITMIME", ""), Keyword("LIMITS", "RCPTMAX=2")),
)


def measured(draft: Draft, known: Capabilities = OFFER) -> Measure:
    return measure(draft, draft.to_bytes(now=NOW), known)


def codes(draft: Draft, known: Capabilities = OFFER) -> set[str]:
    return {remark.code for remark in measured(draft, known).remarks}


def sourced(source: bytes) -> Draft:
    return replace(DRAFT, sender="a@x", recipients=("b@y",), source=source)


def test_a_sound_message_has_nothing_to_remark() -> None:
    assert lint(SOUND) == []
    measure_ = measured(sourced(SOUND))
    assert measure_.remarks == ()
    assert str(measure_) == (
        f"{len(SOUND)} octets of 1,000 · longest line 37 · 7-bit · 1 recipient · nothing to remark"
    )


FAULTS = {
    "empty": b"\r\n",
    "no-date": SOUND.replace(b"Date", b"X-Date"),
    "no-from": SOUND.replace(b"From", b"X-From"),
    "no-message-id": SOUND.replace(b"Message-ID", b"X-ID"),
    "no-recipient-header": SOUND.replace(b"To:", b"X-To:"),
    "repeated-header": b"Subject: one\r\n" + SOUND,
    "no-colon": b"just words\r\n" + SOUND,
    "blank-fold": b"X-A: b\r\n \t\r\n" + SOUND,
    "8bit-header": b"X-A: \xff\r\n" + SOUND,
    "8bit-undeclared": SOUND + b"\xff\r\n",
    "long-line": SOUND + b"x" * 999 + b"\r\n",
    "bare-cr": SOUND + b"a\rb\r\n",
    "bare-lf": SOUND + b"a\nb\r\n",
    "nul": SOUND + b"\0\r\n",
    "dots": SOUND + b".\r\n.x\r\n",
    "bad-date": SOUND.replace(b"25 Nov 2026", b"2026-11-25"),
    "bad-message-id": SOUND.replace(b"<1@x>", b"1@x"),
    "bcc": b"Bcc: b@y\r\n" + SOUND,
    "no-mime-version": b"Content-Type: text/plain\r\n" + SOUND,
    "7bit-lie": b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: 7bit\r\n" + SOUND + "für\r\n".encode(),
    "over-size": SOUND + (b"x" * 70 + b"\r\n") * 20,
    "from-not-aligned": SOUND.replace(b"a@x", b"a@elsewhere"),
    "dkim-not-aligned": b"DKIM-Signature: v=1; d=other.example; s=x\r\n" + SOUND,
    "blind-copy": SOUND.replace(b"b@y", b"c@y"),
    "not-in-envelope": SOUND.replace(b"b@y", b"b@y, c@y"),
}


@pytest.mark.parametrize("code", FAULTS)
def test_each_fault_is_named_and_what_can_be_mended_is(code: str) -> None:
    draft = sourced(FAULTS[code])
    assert code in codes(draft)
    assert code not in codes(sourced(SOUND))
    if code in MENDS and code not in ("long-line", "7bit-lie"):  # those are mended where one writes
        again = mended(draft, code, now=NOW)
        assert code not in codes(again)
        assert b"text\r\n" in again.to_bytes(now=NOW)


@pytest.mark.parametrize(
    ("code", "draft"),
    [
        ("no-date", DRAFT.with_header("Date", "")),
        ("no-message-id", DRAFT.with_header("Message-ID", "")),
        ("no-from", DRAFT.with_header("From", "")),
        ("repeated-header", replace(DRAFT, headers=(("Subject", "1"), ("Subject", "2")))),
        ("bcc", DRAFT.with_header("Bcc", "you@example.org")),
        ("from-not-aligned", DRAFT.with_header("From", "a@elsewhere.example")),
        ("long-line", replace(DRAFT, body="x" * 999, encoding="7bit")),
        ("8bitmime-not-offered", replace(DRAFT, body="für", encoding="8bit")),
        ("nul", replace(DRAFT, body="a\0b", encoding="7bit")),
    ],
)
def test_a_draft_is_mended_where_it_was_written(code: str, draft: Draft) -> None:
    known = Capabilities("x", (Keyword("PIPELINING", ""),))
    assert code in codes(draft, known)
    again = mended(draft, code, now=NOW)
    assert again.source is None and code not in codes(again, known)


def test_what_nobody_can_mend_stays() -> None:
    assert mended(DRAFT, "empty", now=NOW) is DRAFT


def test_the_offer_is_what_counts() -> None:
    none = Capabilities()
    strict = Capabilities("x", (Keyword("SIZE", "10"),))
    eight = replace(DRAFT, body="für", encoding="8bit")
    utf8 = replace(DRAFT, recipients=("zoë@example.org",))
    assert "8bitmime-not-offered" in codes(eight, strict)
    assert "8bitmime-not-offered" not in codes(eight, none)
    assert "smtputf8-not-offered" in codes(utf8, strict)
    assert measured(utf8).needs_utf8 and not measured(DRAFT).needs_utf8
    assert "over-size" not in codes(DRAFT, none)
    many = replace(DRAFT, recipients=("a@x", "b@x", "c@x"))
    assert "many-recipients" in codes(many) and "many-recipients" not in codes(many, none)


def test_filler_and_dots_are_counted() -> None:
    draft = replace(sourced(SOUND + b".x\r\n"), filler=780)
    result = measured(draft)
    assert result.octets == len(SOUND) + 4 + 780
    assert result.on_the_wire == result.octets + 1 + 3
    assert "1 recipient" in str(result)


def test_growth_is_told_before_it_hurts() -> None:
    draft = replace(DRAFT, attachments=(Attachment("x", b"0" * 5700),))
    (remark,) = [each for each in measured(draft).remarks if each.code == "base64-growth"]
    assert remark.text == "5,700 octets of attachments grow to 7,800 in base64"
    assert len(draft.to_bytes(now=NOW)) - len(DRAFT.to_bytes(now=NOW)) == pytest.approx(7800, 0.1)


def test_errors_come_first() -> None:
    remarks = measured(sourced(SOUND.replace(b"b@y", b"c@y") + b"\0\r\n")).remarks
    assert [remark.severity for remark in remarks] == ["error", "info", "info"]


@given(st.binary(max_size=300))
def test_any_octets_can_be_looked_at(octets: bytes) -> None:
    content = Content(octets)
    assert octets.startswith(content.head)
    assert octets.endswith(content.body)
    for remark in lint(octets):
        assert remark.text and remark.code


@given(st.sampled_from(sorted(FAULTS)), st.sampled_from(sorted(MENDS)))
def test_no_mend_breaks_anything(fault: str, code: str) -> None:
    again = mended(sourced(FAULTS[fault]), code, now=NOW)
    assert isinstance(again.to_bytes(now=NOW), bytes)
