"""Transcripts of others, and our own, read into a journal."""

from __future__ import annotations

import pytest
import recorded
from hypothesis import given
from hypothesis import strategies as st

from smtpconsole.smtp import events
from smtpconsole.transcript.dialogue import talks
from smtpconsole.transcript.formats import FORMATS, exported
from smtpconsole.transcript.journal import Journal
from smtpconsole.transcript.reading import READERS, Unreadable, read
from smtpconsole.transcript.steps import Login, Message, StartTls, steps
from smtpconsole.transcript.turns import turns

SESSIONS = [recorded.delivered, recorded.typed_by_hand]


@pytest.mark.parametrize("session", SESSIONS)
def test_text_is_read_back_to_the_same_text(session) -> None:  # type: ignore[no-untyped-def]
    told = exported(session(), "text")
    reading = read(told)
    assert (reading.format, reading.problems) == ("text", ())
    assert exported(reading.journal, "text") == told


@pytest.mark.parametrize("session", SESSIONS)
@pytest.mark.parametrize("name", ["json", "jsonl"])
def test_json_is_read_back_to_the_octet(session, name: str) -> None:  # type: ignore[no-untyped-def]
    journal = session()
    reading = read(exported(journal, name))
    assert (reading.format, reading.problems) == (name, ())
    assert recorded.told(reading.journal) == recorded.told(journal)
    assert [entry.at for entry in reading.journal.entries][-1] == pytest.approx(
        [entry.at for entry in journal.entries][-1]
    )


def test_what_was_read_is_understood() -> None:
    reading = read(exported(recorded.delivered(), "text"))
    (talk,) = talks(turns(reading.journal))
    assert talk.target == recorded.TARGET
    done = steps(talk)
    assert any(isinstance(step, StartTls) and step.is_secure for step in done)
    (login,) = (step for step in done if isinstance(step, Login))
    assert (login.mechanism, login.code) == ("LOGIN", 235)
    (message,) = (step for step in done if isinstance(step, Message))
    assert message.content == recorded.CONTENT and message.codes == (250,)
    groups = {question.verb: question.group for question in talk.questions}
    assert groups[b"MAIL"] == groups[b"RCPT"] == groups[b"DATA"]


SWAKS = """\
=== Trying 127.0.0.1:8031...
=== Connected to 127.0.0.1.
<-  220 SERVER ESMTP ready
 -> EHLO h
<-  250-SERVER Hello Server [1.1.1.1]
<-  250 STARTTLS
 -> STARTTLS
=== response in 0.013s
<-  220 TLS go ahead
=== TLS started with cipher TLSv1.3:TLS_AES_256_GCM_SHA384:256
=== TLS client certificate not requested and not sent
 ~> EHLO h
<~  250 SERVER Hello
 ~> AUTH PLAIN AHRpbQB0YW5zdGFhZg==
<~  235 ok tanstaaf
 ~> MAIL FROM:<c@d.example>
<~* 550 rejected
  > 0000: 51 55 49 54
 ~> QUIT
<~  221 SERVER closing connection
=== Connection closed with remote host.
"""


def test_swaks_is_read_and_its_secret_known_as_one() -> None:
    reading = read(SWAKS)
    assert (reading.format, reading.problems) == ("swaks", ())
    (talk,) = talks(turns(reading.journal))
    assert talk.target == events.Target("127.0.0.1", 8031)
    assert talk.tls is not None and talk.tls.facts.cipher == "TLS_AES_256_GCM_SHA384"
    assert [question.code for question in talk.questions] == [220, 250, 220, 250, 235, 550, 221]
    assert talk.questions[2].seconds == pytest.approx(0.013)
    for name in FORMATS:
        told = exported(reading.journal, name)
        assert "tanstaaf" not in told and "AHRpbQB0YW5zdGFhZg==" not in told


SMTPLIB = """\
connect: to ('mail.example.org', 25) None
reply: b'220 mail.example.org ESMTP\\r\\n'
reply: retcode (220); Msg: b'mail.example.org ESMTP'
connect: b'mail.example.org ESMTP'
send: 'ehlo me\\r\\n'
reply: b'250-mail.example.org\\r\\n'
reply: b'250 SIZE 10\\r\\n'
reply: retcode (250); Msg: b'mail.example.org\\nSIZE 10'
send: 'mail FROM:<a@example.org> size=9\\r\\n'
reply: b'250 ok\\r\\n'
reply: retcode (250); Msg: b'ok'
send: 'data\\r\\n'
reply: b'354 go\\r\\n'
reply: retcode (354); Msg: b'go'
data: (354, b'go')
send: b'Subject: x\\r\\n\\r\\n..dot\\r\\n.\\r\\n'
reply: b'250 queued\\r\\n'
reply: retcode (250); Msg: b'queued'
data: (250, b'queued')
"""


@pytest.mark.parametrize("is_timed", [False, True])
def test_smtplib_is_read_with_and_without_times(is_timed: bool) -> None:
    text = SMTPLIB
    if is_timed:
        lines = enumerate(SMTPLIB.splitlines())
        text = "".join(f"09:59:{number:02}.500000 {line}\n" for number, line in lines)
    reading = read(text)
    assert (reading.format, reading.problems) == ("smtplib", ())
    (talk,) = talks(turns(reading.journal))
    assert talk.target == events.Target("mail.example.org", 25)
    (message,) = (step for step in steps(talk) if isinstance(step, Message))
    assert message.content == b"Subject: x\r\n\r\n.dot\r\n" and message.codes == (250,)
    assert (talk.questions[1].seconds or 0) == (2.0 if is_timed else 0.0)


SIDED = {
    "rfc": "S: 220 hi\nC: EHLO me\nS: 250-hi\nS: 250 SIZE\nC: NOOP\nS: 250 ok\n",
    "in TLS": "S~ 220 hi\nC~ EHLO me\nS~ 250-hi\nS~ 250 SIZE\nC~ NOOP\nS~ 250 ok\n",
    "indented, with times": (
        "  0.1 S: 220 hi\n  0.2 C: EHLO me\n  0.3 S: 250-hi\n  0.3 S: 250 SIZE\n"
        "  1.0 C: NOOP\n  1.5 S: 250 ok\n"
    ),
    "msmtp": "<-- 220 hi\n--> EHLO me\n<-- 250-hi\n<-- 250 SIZE\n--> NOOP\n<-- 250 ok\n",
    "curl": "* Trying\n< 220 hi\n> EHLO me\n< 250-hi\n< 250 SIZE\n> NOOP\n< 250 ok\n",
    "exim": "  SMTP<< 220 hi\n  SMTP>> EHLO me\n  SMTP<< 250-hi\n         250 SIZE\n",
    "sendmail": "<<< 220 hi\n>>> EHLO me\n<<< 250-hi\n<<< 250 SIZE\n>>> NOOP\n<<< 250 ok\n",
}


@pytest.mark.parametrize("name", sorted(SIDED))
def test_lines_with_a_side_before_them_are_read(name: str) -> None:
    reading = read(SIDED[name].replace("\n", "\r\n"))
    assert reading.format == "sided"
    (talk,) = talks(turns(reading.journal))
    assert talk.questions[0].code == 220 and talk.questions[1].line == "EHLO me"
    assert talk.questions[1].is_secure is (name == "in TLS")
    if name.startswith("indented"):
        assert talk.questions[2].seconds == pytest.approx(0.5)
    if name == "exim":
        assert reading.problems == ("line 4 does not say whose it is",)


TELNET = """\
$ telnet mail.example.org 25
Trying 192.0.2.1...
Connected to mail.example.org.
Escape character is '^]'.
220 mail.example.org ESMTP
helo me
250 mail.example.org
AUTH LOGIN
334 VXNlcm5hbWU6
dGlt
334 UGFzc3dvcmQ6
dGFuc3RhYWY=
235 ok
MAIL FROM:<a@example.org>
250 ok
DATA
354 go
250 is no reply here
.
250 queued
QUIT
221 bye
Connection closed by foreign host.
"""


def test_a_terminal_with_telnet_is_read() -> None:
    reading = read(TELNET)
    assert (reading.format, reading.problems) == ("terminal", ())
    (talk,) = talks(turns(reading.journal))
    codes = [question.code for question in talk.questions]
    assert codes == [220, 250, 334, 334, 235, 250, 354, 250, 221]
    (message,) = (step for step in steps(talk) if isinstance(step, Message))
    assert message.content == b"250 is no reply here\r\n"
    assert "dGFuc3RhYWY=" not in exported(reading.journal, "text")


OPENSSL = """\
CONNECTED(00000003)
depth=0 CN = mail.example.org
verify error:num=18:self-signed certificate
---
Certificate chain
 0 s:CN = mail.example.org
---
New, TLSv1.3, Cipher is TLS_AES_256_GCM_SHA384
Verify return code: 18 (self-signed certificate)
---
250 HELP
EHLO me
250 mail.example.org
QUIT
221 bye
closed
"""


def test_a_terminal_with_openssl_is_read() -> None:
    reading = read(OPENSSL)
    assert (reading.format, reading.problems) == ("terminal", ())
    (talk,) = talks(turns(reading.journal))
    assert talk.tls is not None and talk.tls.facts.version == "TLSv1.3"
    assert [question.line for question in talk.questions] == ["", "EHLO me", "QUIT"]
    assert talk.questions[1].is_secure


def test_lines_that_cannot_be_read_are_told_by_number() -> None:
    reading = read("C: NOOP\nnonsense\nS: 250 ok\n\nmore of it\n")
    assert reading.problems == (
        "line 2 does not say whose it is",
        "line 5 does not say whose it is",
    )


def test_of_many_such_lines_only_the_first_are_told() -> None:
    lines = ["C: NOOP", "S: 250 ok"] * 40 + ["?"] * 30
    assert read("\n".join(lines)).problems[-1] == "and 10 more lines"


@pytest.mark.parametrize("text", ["", "\n\n", "Dear Sir or Madam,\n", "{}", '{"a": [}', "\0"])
def test_what_is_no_transcript_is_refused_with_what_could_be_read(text: str) -> None:
    with pytest.raises(Unreadable, match=r"swaks|no line of a session"):
        read(text)


_PIECES = st.sampled_from(
    [
        *SWAKS.splitlines(),
        *SMTPLIB.splitlines(),
        *TELNET.splitlines(),
        *OPENSSL.splitlines(),
        *(line for text in SIDED.values() for line in text.splitlines()),
        *exported(recorded.delivered(), "json").splitlines(),
        *exported(recorded.delivered(), "text").splitlines(),
        *exported(recorded.typed_by_hand(), "jsonl").splitlines(),
        "BDAT 99999999999 LAST",
        "STARTTLS",
        "S: 220 go",
        "send: b'\\xff",
        "reply: '\\ud800'",
    ]
)


@given(st.lists(st.one_of(_PIECES, st.text(max_size=40)), max_size=30))
def test_any_text_is_read_or_refused_and_can_be_exported(lines: list[str]) -> None:
    text = "\n".join(lines)
    try:
        reading = read(text)
    except Unreadable:
        return
    assert len(reading.journal)
    once = exported(reading.journal, "text")
    again = exported(read(once).journal, "text")  # what contradicted itself has been mended
    assert exported(read(again).journal, "text") == again


@given(st.binary(max_size=300))
def test_any_octets_are_read_or_refused(data: bytes) -> None:
    for reader in READERS:
        with_a_head = f"{reader}\nS: 220 x\nC: ".encode() + data
        for text in (data, with_a_head):
            try:
                assert isinstance(read(text).journal, Journal)
            except Unreadable:
                continue
