"""A session told with swaks' marks, and as a bug report."""

from __future__ import annotations

import pytest
from conversation import converse, ready
from hypothesis import given
from hypothesis import strategies as st

from smtpconsole.smtp import events, facts, sasl
from smtpconsole.smtp.commands import command
from smtpconsole.smtp.exchanges import ask, hello, start_tls, typed
from smtpconsole.smtp.login import authenticate
from smtpconsole.smtp.replies import Reply
from smtpconsole.transcript.formats import FORMATS, exported, is_unchanged
from smtpconsole.transcript.journal import Journal
from smtpconsole.transcript.turns import Side, turns

TARGET = events.Target("mail.example.org", 587)


def session_of(journal: Journal):  # type: ignore[no-untyped-def]
    session = ready()
    session.observe = journal
    return session


def played() -> Journal:
    journal = Journal(clock=lambda: 0.0)
    journal(events.Dialling(TARGET))
    journal(events.Resolved("mail.example.org", ("192.0.2.1",), 0.018))
    journal(events.Tried("192.0.2.1:587", "refused", 0.001))
    journal(events.Connected("127.0.0.1:1", "192.0.2.2:587", 0.002))
    session = session_of(journal)
    converse(hello(b"me"), "C: EHLO me\nS: 250-mail\nS: 250 STARTTLS", session)
    session.begin(start_tls(), _Nowhere())
    session.take_outgoing()
    session.receive(b"220 go\r\n")
    journal(events.Secured(facts.TlsFacts("TLSv1.3", "AES", 256, "X25519", seconds=0.02)))
    session.upgraded()
    who = sasl.credentials("tim", "tanstaaf")
    converse(
        authenticate(sasl.MECHANISMS["PLAIN"], who),
        "C: AUTH PLAIN AHRpbQB0YW5zdGFhZg==\nS: 535 5.7.8 not tanstaaf",
        session,
    )
    session.receive(b"421 bye\r\n")
    session.receive_eof()
    return journal


class _Nowhere:
    def done(self) -> bool:
        return False

    def set_result(self, result: object, /) -> None: ...

    def set_exception(self, exception: BaseException, /) -> None: ...


TEXT = """\
=== connecting to mail.example.org:587
=== mail.example.org is 192.0.2.1 (18 ms)
*** 192.0.2.1:587: refused (1 ms)
=== connected to 192.0.2.2:587 in 2 ms
 -> EHLO me
<-  250-mail
<-  250 STARTTLS
 -> STARTTLS
<-  220 go
=== TLS 1.3, AES, X25519, 20 ms
 ~> AUTH PLAIN [20 octets not shown]
<~* 535 5.7.8 not [not shown]
<~* 421 bye
*** unsolicited reply: 421 bye
=== the server closed the connection
"""


def test_text_has_the_marks_of_swaks_and_no_secret() -> None:
    told = exported(played(), "text")
    assert told.startswith(TEXT)
    stamp, digest = told.removeprefix(TEXT).splitlines()
    assert stamp.startswith("=== transcript by smtpconsole ") and "credentials" in stamp
    assert digest.startswith("=== sha256 ") and is_unchanged(told)


def test_markdown_begins_with_what_a_bug_tracker_wants_to_know() -> None:
    report = exported(played(), "markdown")
    assert report.startswith("# SMTP session with `mail.example.org:587`\n\nThe last trouble: ")
    assert "- Address: `192.0.2.2:587`" in report
    assert "- TLS: `TLSv1.3, AES, X25519`" in report
    assert "```text\n" + TEXT + "```\n" in report
    assert "tanstaaf" not in report


def test_a_refusal_that_ends_it_is_told_with_its_question() -> None:
    journal = Journal()
    session = session_of(journal)
    converse(ask(command(b"NOOP")), "C: NOOP\nS: 500 what", session)
    assert "The last refusal answers `NOOP`: `500 what`" in exported(journal, "markdown")


def test_backticks_cannot_end_the_transcript() -> None:
    journal = Journal()
    session = session_of(journal)
    converse(ask(command(b"NOOP")), "C: NOOP\nS: 250 ```` # `heading`", session)
    report = exported(journal, "markdown")
    assert "`````text\n" in report and "\n`````\n" in report


def test_content_is_known_as_content_and_a_failed_handshake_as_trouble() -> None:
    journal = Journal()
    session = session_of(journal)
    converse(typed(session, b"DATA"), "C: DATA\nS: 354 go", session)
    converse(typed(session, b"Hi"), "C: Hi", session)
    journal(events.NotSecured(facts.TlsFacts(), "the peer\x1bsays no"))
    *_, hi, failed = turns(journal)
    assert hi.is_content and hi.side is Side.CLIENT
    assert failed.is_trouble and failed.mark == "***"
    assert "***" in exported(journal, "text") and "\x1b" not in exported(journal, "text")


@pytest.mark.parametrize("name", sorted(FORMATS))
@given(st.lists(st.binary(max_size=60), max_size=6))
def test_whatever_was_said_an_export_is_plain_text(name: str, said: list[bytes]) -> None:
    journal = Journal()
    for data in said:
        journal(events.Answered(Reply(250, [data]), None))
        journal(events.Anomaly("odd", data.decode("latin-1")))
    text = exported(journal, name)
    assert all(char.isprintable() or char == "\n" for char in text)
