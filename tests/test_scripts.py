"""A session as a script, and the script as a session."""

from __future__ import annotations

import pytest
import recorded
from hypothesis import given
from hypothesis import strategies as st

from smtpconsole.console import language  # scripts are readable with it
from smtpconsole.console.scripting import scripts, variables  # noqa: F401  # scripts are readable with it
from smtpconsole.smtp import events
from smtpconsole.smtp.commands import Send, raw
from smtpconsole.smtp.replies import Reply
from smtpconsole.transcript.dialogue import talks
from smtpconsole.transcript.formats import exported
from smtpconsole.transcript.formats.script import said
from smtpconsole.transcript.journal import Journal
from smtpconsole.transcript.reading import read
from smtpconsole.transcript.steps import Login, Message, Say, Step, steps
from smtpconsole.transcript.turns import turns


def done(journal: Journal) -> list[Step]:
    """What the client did; who was pipelined with whom, a script does not tell."""
    return [_alone(step) for talk in talks(turns(journal)) for step in steps(talk)]


def _alone(step: Step) -> Step:
    match step:
        case Say(data, verb, codes):
            return Say(data, verb if verb.isalpha() else b"", codes)  # raw octets have none
        case Message(code, content, wire, codes, _, has_end):
            return Message(code, content, wire, codes, 0, has_end)
        case Login(mechanism, user, code):
            return Login(mechanism, user, code)
    return step


@pytest.mark.parametrize("session", [recorded.delivered, recorded.typed_by_hand])
def test_a_session_is_a_script_and_the_script_the_session(session) -> None:  # type: ignore[no-untyped-def]
    journal = session()
    told = exported(journal, "script")
    reading = read(told)
    assert (reading.format, reading.problems) == ("script", ())
    assert done(reading.journal) == done(journal)
    assert exported(reading.journal, "script") == told


def test_the_end_of_the_connection_before_is_not_that_of_this_one() -> None:
    journal = Journal()
    journal(events.Closed("client"))
    recorded.begun(journal)
    assert "/close" not in exported(journal, "script")
    journal(events.Closed("client"))
    assert exported(journal, "script").splitlines()[-2] == "/close"


SCRIPT = """\
/connect mail.example.org:587
/expect 220
EHLO client.example.net
/expect 250
STARTTLS
/expect 220
EHLO client.example.net
/expect 250
/login alice@example.org --mechanism LOGIN
/expect 235
MAIL FROM:<alice@example.org> size=100
/expect 250
RCPT TO:<bob@example.net>
/expect 250
RCPT TO:<nobody@example.net>
/expect 550
DATA
/expect 354
From: Alice <alice@example.org>
To: bob@example.net
Subject: hi

Hello
..dot
.
/expect 250
QUIT
/expect 221
"""


def test_a_script_reads_as_one_would_type_it() -> None:
    lines = exported(recorded.delivered(), "script").splitlines(keepends=True)
    assert "".join(lines[1:-1]) == SCRIPT
    assert lines[0].startswith("# ") and lines[-1].startswith("# ")


def test_odd_lines_are_said_as_they_were() -> None:
    told = exported(recorded.typed_by_hand(), "script")
    for line in (
        "//etc",
        r"/raw '# no remark\r\n'",
        " NOOP",
        r"/raw '\x00\xff\x1b[2J\r\nX\r\n' --replies 2",
        "//slash",
        "café",
        r"/raw '\x1b]0;x\x07\r\n' --replies 0",
        r"/raw '\xff\r\n' --replies 0",
        r"/raw 'BDAT 5 LAST\r\nhello'",
    ):
        assert f"\n{line}\n" in told


_LINES = st.one_of(
    st.binary(max_size=40).map(lambda data: data.replace(b"\r\n", b"") + b"\r\n"),
    st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass") + b"\r\n"),
    st.sampled_from(
        [b"\r\n", b"/\r\n", b"//\r\n", b"?x\r\n", b"#\r\n", b"--x\r\n", b"'\r\n", b"\\\r\n"]
    ),
    st.binary(max_size=20),
)


@given(_LINES, st.booleans())
def test_whatever_is_said_its_line_says_it(data: bytes, in_content: bool) -> None:
    line = said(data, 1, in_content=in_content)
    assert line.isprintable()
    match language.parse(line, in_content=in_content):
        case language.Say(octets):
            assert variables.expanded(octets.decode("utf-8", "surrogateescape"), str) == (
                data.removesuffix(b"\r\n").decode("utf-8", "surrogateescape")
            )
        case language.Call(name, (text, *options)):
            assert name == "raw" and options == []
            assert language.unescaped(text) == data
        case language.Call(name, ()):
            assert data == b"" and name == "raw"
        case other:
            raise AssertionError(other)


@given(st.lists(st.tuples(_LINES, st.integers(200, 599)), max_size=8))
def test_any_session_goes_through_a_script(exchanges: list[tuple[bytes, int]]) -> None:
    journal = Journal()
    for data, code in [(b"NOOP\r\n", 250), *exchanges]:
        send = raw(data) if not data.startswith(b"NOOP") else Send(data, b"NOOP")
        if data:
            journal(events.Sent(send))
            journal(events.Answered(Reply(code, [b"x"]), send))
    told = exported(journal, "script")
    reading = read(told)
    assert reading.problems == ()
    assert [(step.data, step.codes) for step in done(reading.journal) if isinstance(step, Say)] == [
        (step.data, step.codes) for step in done(journal) if isinstance(step, Say)
    ]
