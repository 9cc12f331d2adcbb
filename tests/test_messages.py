"""The ready-made messages: each is what it says it is."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest

from smtpconsole.composer.draft import Draft
from smtpconsole.composer.lint import lint
from smtpconsole.composer.messages import MESSAGES, fresh

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
ENVELOPE = Draft("me@example.com", ("you@example.org",), body="not this", subject="nor this")

# What lint must find in each; where nothing stands, it must find nothing to mind.
FAULTS = {
    "bare-lf": {"bare-cr", "bare-lf"},
    "dots": set(),
    "duplicate-headers": {"repeated-header"},
    "eight-bit": {"8bit-undeclared"},
    "empty": {"empty"},
    "end-of-data": {"bare-cr", "bare-lf"},
    "long-lines": {"long-line"},
    "nul": {"nul"},
}


def octets(name: str) -> bytes:
    return MESSAGES[name].of(ENVELOPE).to_bytes(now=NOW)


def read(name: str) -> EmailMessage:
    message = email.message_from_bytes(octets(name), policy=email.policy.SMTP)
    assert isinstance(message, EmailMessage)
    return message


@pytest.mark.parametrize("name", MESSAGES)
def test_each_has_the_faults_it_is_made_for_and_no_others(name: str) -> None:
    found = {each.code for each in lint(octets(name)) if each.severity != "info"}
    assert found == FAULTS.get(name, set())


@pytest.mark.parametrize("name", MESSAGES)
def test_each_says_what_it_tests_and_what_to_expect(name: str) -> None:
    message = MESSAGES[name]
    assert message.tests.endswith(".") and message.expects and message.codes
    assert b"not this" not in octets(name) and b"nor this" not in octets(name)
    assert message.of(ENVELOPE) == message.of(ENVELOPE)


def test_the_list_of_faults_is_current() -> None:
    assert set(FAULTS) <= set(MESSAGES)
    assert fresh(ENVELOPE) == Draft("me@example.com", ("you@example.org",))


def test_they_hold_what_they_promise() -> None:
    assert "🚀" in read("utf8")["Subject"]
    (file,) = read("attachment").iter_attachments()
    assert file.get_filename() == "prüfung.bin"
    assert file.get_payload(decode=True) == bytes(range(256)) * 4
    assert b"GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X" in octets("gtube")
    (virus,) = read("eicar").iter_attachments()
    content = virus.get_payload(decode=True)
    assert isinstance(content, bytes) and len(content) == 68
    depth, part = 0, read("nested")
    while part.is_multipart():
        depth, (part,) = depth + 1, part.iter_parts()
    assert depth == 12 and part.get_content().startswith("The innermost")
    assert read("auto-reply")["Auto-Submitted"] == "auto-replied"
    assert MESSAGES["auto-reply"].of(ENVELOPE).sender == ""
    assert octets("empty") == b""
    assert b"\r\n..\r\n" in octets("dots") and octets("dots").endswith(b"\r\n\r\n.\r\n\r\n")
    assert max(map(len, octets("long-lines").split(b"\r\n"))) == 10_000


def test_the_large_one_is_made_while_it_is_sent() -> None:
    draft = MESSAGES["huge"].of(ENVELOPE)
    assert len(draft.to_bytes(now=NOW)) < 1000
    assert sum(map(len, draft.pieces(now=NOW))) == pytest.approx(20 * 2**20, rel=0.001)
    smaller = MESSAGES["huge"].of(Draft("a@x", ("b@x",), filler=78_000))
    assert sum(map(len, smaller.pieces(now=NOW))) < 80_000


def test_the_many_are_made_from_the_first() -> None:
    people = MESSAGES["many-recipients"].of(ENVELOPE).recipients
    assert len(set(people)) == 150 and people[7] == "you+7@example.org"


def test_the_receipt_is_asked_for_in_the_envelope() -> None:
    draft = MESSAGES["dsn"].of(ENVELOPE)
    assert draft.mail_parameters == ("RET=HDRS", "ENVID=smtpconsole-test")
    assert draft.rcpt_parameters == ("NOTIFY=SUCCESS,FAILURE,DELAY",)
