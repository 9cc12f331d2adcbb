"""What is told of one entry."""

from __future__ import annotations

import base64

import pytest

from smtpconsole.console.sessions.details import details
from smtpconsole.smtp import events
from smtpconsole.smtp.commands import CONTENT, Send
from smtpconsole.smtp.replies import Reply
from smtpconsole.transcript.journal import Journal


@pytest.fixture
def journal() -> Journal:
    ticks = iter(range(100))
    journal = Journal(clock=lambda: next(ticks) / 10)
    auth = Send(b"AUTH LOGIN\r\n", b"AUTH")
    secret = Send(b"AHRpbQB0YW5zdGFhZg==\r\n", b"AUTH", secret=slice(0, 20), about="tim")
    for event in (
        events.Sent(auth),
        events.Answered(Reply(334, [b"VXNlcm5hbWU6"]), auth),
        events.Sent(secret),
        events.Sent(Send(b"a\r\nb\xff\r\n", CONTENT, replies=0)),
        events.Connected("127.0.0.1:1", "192.0.2.1:25", 0.5),
        events.Received(b"x"),
        events.Marked(1, "odd"),
    ):
        journal(event)
    return journal


def told(journal: Journal, number: int, line: int = 0) -> str:
    answer = details(journal, number, line)
    assert answer is not None
    return "\n".join((answer.title, *answer.lines))


def test_a_reply_is_explained_decoded_and_timed(journal: Journal) -> None:
    text = told(journal, 1)
    assert "base64 of Username:" in text
    assert "answers entry 0 after 100.0 ms" in text
    assert "33 33 34 20" in text and "18 octets" in text and "marked: odd" in text
    assert "answered 334 after 100.0 ms (entry 1)" in told(journal, 0)


def test_a_secret_is_not_told(journal: Journal) -> None:
    text = told(journal, 2)
    assert "20 octets not shown" in text and "not answered" in text
    for form in (b"tanstaaf", base64.b64encode(b"\0tim\0tanstaaf")):
        assert form.decode() not in text and form.hex(" ")[:24] not in text


def test_a_line_of_a_message_is_told_alone(journal: Journal) -> None:
    text = told(journal, 3, 1)
    assert text.startswith("b") and "4 octets, 7 with the rest of it" in text and "62 ff" in text


def test_an_event_tells_its_facts_and_what_shows_nothing_nothing(journal: Journal) -> None:
    assert "peer: 192.0.2.1:25" in told(journal, 4)
    assert details(journal, 5) is None
