"""Two sessions side by side."""

from __future__ import annotations

import json

import pytest
import recorded
from conversation import converse
from hypothesis import given
from hypothesis import strategies as st

from smtpconsole.smtp import events
from smtpconsole.smtp.commands import command
from smtpconsole.smtp.exchanges import ask, hello
from smtpconsole.smtp.facts import Problem, TlsFacts
from smtpconsole.transcript.diffing import FACTOR, KINDS, Comparison, compared
from smtpconsole.transcript.essence import Essence
from smtpconsole.transcript.journal import Journal
from smtpconsole.transcript.reading import Unreadable, read
from smtpconsole.transcript.sidebyside import as_json, report, verdict
from smtpconsole.transcript.turns import Turn, turns


def told(text: str) -> list[Turn]:
    return list(turns(read(text).journal))


def differences(comparison: Comparison) -> list[tuple[str, str, str, bool]]:
    return [(each.kind, each.left, each.right, comparison.counts(each)) for each in comparison.all]


OLD = """\
=== Trying 192.0.2.1:25...
<-  220 old.example.org ESMTP Postfix
 -> EHLO me.example.org
<-  250-old.example.org Hello me.example.org [192.0.2.9]
<-  250-SIZE 1000
<-  250-AUTH PLAIN LOGIN
<-  250 DSN
 -> MAIL FROM:<a@example.org>
<-  250 2.1.0 Ok
 -> RCPT TO:<b@example.net>
<-  250 2.1.5 Ok
 -> RCPT TO:<c@example.net>
<** 550 5.1.1 unknown
 -> DATA
<-  354 End data with <CR><LF>.<CR><LF>
 -> Date: Tue, 24 Nov 2026 01:00:00 +0000
 ->
 -> .
<-  250 2.0.0 Ok: queued as 4F1C2B3D
 -> QUIT
<-  221 2.0.0 Bye
"""
REFUSED = "RCPT TO:<c@example.net>"
SAME = (
    OLD.replace("192.0.2.1", "198.51.100.7")
    .replace("old.example.org", "mx.new.example")
    .replace("me.example.org [192.0.2.9]", "you [198.51.100.3]")
    .replace("me.example.org", "you")
    .replace("4F1C2B3D", "9A8B7C6D5E")
    .replace("AUTH PLAIN LOGIN", "AUTH LOGIN PLAIN")
)


def test_names_addresses_dates_and_queue_ids_make_no_difference() -> None:
    comparison = compared(told(OLD), told(SAME))
    assert differences(comparison) == []
    assert comparison.is_same and verdict(comparison) == "nothing that counts differs"
    assert all(row.left and row.right for row in comparison.rows)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("250 2.1.5 Ok", "451 4.7.1 Greylisted", ("codes", "250 2.1.5", "451 4.7.1", True)),
        ("550 5.1.1 unknown", "550 5.7.1 unknown", ("codes", "550 5.1.1", "550 5.7.1", True)),
        ("250-SIZE 1000\n", "250-SIZE 999\n", ("capabilities", "SIZE 1000", "SIZE 999", True)),
        ("AUTH LOGIN PLAIN", "AUTH X", ("capabilities", "AUTH PLAIN LOGIN", "AUTH X", True)),
        ("<-  250 DSN", "<-  250 HELP", ("capabilities", "DSN", "-", True)),
        ("2.1.0 Ok", "2.1.0 Sender fine", ("texts", "2.1.0 Ok", "2.1.0 Sender fine", False)),
        (f" -> {REFUSED}\n<** 550 5.1.1 unknown\n", "", ("commands", "said", "not said", True)),
        ("<-  221 2.0.0 Bye\n", "", ("codes", "221 2.0.0", "no reply", True)),
    ],
)  # fmt: skip
def test_what_differs_is_told(old: str, new: str, expected: tuple[str, str, str, bool]) -> None:
    comparison = compared(told(OLD), told(SAME.replace(old, new)))
    assert expected in [(k, left, right, c) for k, left, right, c in differences(comparison)]
    assert comparison.is_same is not expected[3]


def test_what_is_new_is_told_and_does_not_count() -> None:
    comparison = compared(told(OLD), told(SAME.replace("250 DSN", "250-DSN\n<-  250 CHUNKING")))
    assert differences(comparison) == [("capabilities", "-", "CHUNKING", False)]
    assert comparison.is_same and "worth a look" in verdict(comparison)


def test_what_counts_can_be_chosen() -> None:
    other = told(SAME.replace("2.1.0 Ok", "2.1.0 Sender fine"))
    assert not compared(told(OLD), other, heeded={"texts"}).is_same
    worse = told(SAME.replace("250 2.1.5 Ok", "550 5.1.1 no"))
    assert compared(told(OLD), worse, heeded={"texts"}).is_same


def timed(seconds: float) -> Journal:
    clock = recorded.Clock()
    journal = Journal(clock=lambda: clock.now)
    session = recorded.begun(journal)
    session.begin(hello(b"me"), recorded.Nowhere())
    session.take_outgoing()
    clock.now += seconds
    session.receive(b"250 hi\r\n")
    return journal


def test_an_answer_that_takes_much_longer_is_told() -> None:
    quick, slow = list(turns(timed(0.1))), list(turns(timed(0.1 * FACTOR + 1)))
    assert differences(compared(quick, slow)) == [("times", "100 ms", "1.50 s", False)]
    assert differences(compared(slow, quick)) == []
    assert differences(compared(quick, list(turns(timed(0.25))))) == []


def secured(**facts: object) -> list[Turn]:
    journal = Journal()
    session = recorded.begun(journal)
    journal(events.Secured(TlsFacts(**facts)))  # type: ignore[arg-type]
    session.upgraded()
    converse(ask(command(b"NOOP")), "C: NOOP\nS: 250 ok", session)
    return list(turns(journal))


def test_tls_and_certificates_are_compared() -> None:
    expired = Problem("error", "expired", 0, "expired 12 days ago")
    good, bad = secured(version="TLSv1.3"), secured(version="TLSv1.2", problems=(expired,))
    assert differences(compared(good, bad)) == [
        ("tls", "TLSv1.3", "TLSv1.2", False),
        ("certificates", "-", "expired 12 days ago", True),
    ]
    assert compared(bad, good).is_same
    plain = told("S: 220 hi\nC: NOOP\nS: 250 ok\n")
    assert ("tls", "TLSv1.3", "no TLS", True) in differences(compared(good, plain))


def test_a_log_in_is_one_exchange_whatever_it_took() -> None:
    short = told(
        "S: 220 hi\nC: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: eA==\nS: 235 in\nC: NOOP\nS: 250 ok\n"
    )
    long = told(
        "S: 220 hi\nC: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: eA==\nS: 334 UGFzc3dvcmQ6\nC: eA==\n"
        "S: 235 in\nC: NOOP\nS: 250 ok\n"
    )
    assert differences(compared(short, long)) == []


def test_the_report_fits_its_width_and_marks_what_counts() -> None:
    comparison = compared(told(OLD), told(SAME.replace("250 2.1.5 Ok", "550 5.7.1 \x1b[2Jno")))
    lines = list(report(comparison, width=80))
    assert max(map(len, lines)) <= 80
    (line,) = (line for line in lines if line.startswith("!"))
    assert (
        "RCPT TO:<b@example.net>" in line and "250 2.1.5 Ok" in line and "550 5.7.1 ␛[2Jno" in line
    )
    assert verdict(comparison) == "1 difference counts"
    found = json.loads(json.dumps(as_json(comparison)))
    assert found["same"] is False
    assert [row["command"] for row in found["commands"] if row["differences"]] == [
        "RCPT TO:<b@example.net>"
    ]


@pytest.mark.parametrize(
    ("text", "essence"),
    [
        ("Ok at Tue, 24 Nov 2026 01:00:00 +0000 (UTC)", "Ok at (date)"),
        ("2026-11-24T01:00:00Z ready", "(date) ready"),
        ("Ok: queued as 4F1C2B3D", "Ok: queued as (id)"),
        ("OK id=1rX2yZ-0001Ab-3C", "OK id=(id)"),
        ("OK  1732410000 a640c23a62f3a-aa123si456.78 - gsmtp", "OK (number) (id) - gsmtp"),
        ("Hello [192.0.2.9]", "Hello (address)"),
        ("5.1.1 unknown user", "5.1.1 unknown user"),
        ("message size exceeds 10485760", "message size exceeds (number)"),
        ("PIPELINING is not postmaster", "PIPELINING is not postmaster"),
    ],
)  # fmt: skip
def test_the_essence_of_words(text: str, essence: str) -> None:
    assert Essence(()).of(text) == essence


@given(st.lists(st.sampled_from(OLD.splitlines()), max_size=20), st.text(max_size=200))
def test_any_two_sessions_can_be_compared(lines: list[str], text: str) -> None:
    try:
        other = told("\n".join(lines))
    except Unreadable:
        return
    comparison = compared(told(OLD), other)
    assert {each.kind for each in comparison.all} <= KINDS.keys()
    assert list(report(comparison)) or not comparison.rows
    assert compared(other, other).is_same
    assert isinstance(Essence(()).of(text), str)
