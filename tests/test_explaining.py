"""What the console explains: what is going on, a word, a line of the wire."""

from __future__ import annotations

import pytest
from test_console import Person, at
from test_console import sandbox as sandbox  # the fixture

from smtpconsole import knowledge
from smtpconsole.composer.lint import lint
from smtpconsole.console import situation
from smtpconsole.console.coach import advise
from smtpconsole.console.completion import complete
from smtpconsole.console.composing.drafting import explained
from smtpconsole.console.console import Console
from smtpconsole.console.explaining import here
from smtpconsole.console.sessions.details import details
from smtpconsole.net.problems import problem
from smtpconsole.sandbox import Sandbox
from smtpconsole.smtp import events
from smtpconsole.smtp.commands import Send
from smtpconsole.smtp.facts import Alert, TlsFacts
from smtpconsole.smtp.replies import Reply
from smtpconsole.smtp.targets import Target
from smtpconsole.transcript.journal import Journal


async def test_a_question_mark_tells_what_is_going_on(sandbox: Sandbox) -> None:
    async with at(sandbox) as (console, person):
        for line, title, suggested in (
            ("", "greeted, not yet introduced", f"EHLO {console.settings.name}"),
            ("EHLO client.example", "ready, and readable on the wire", "STARTTLS"),
            ("MAIL FROM:<a@b.example>", "a transaction is open, without recipients", "RSET"),
            (f"RCPT TO:<{console.recipient}>", "a transaction is open, with recipients", "DATA"),
            ("DATA", "the message is being typed", "."),
            ("/close", "not connected", console.connect_line),
        ):
            if line:
                await console.execute(line)
            # Within content the question mark is content.
            await console.execute("/explain" if line == "DATA" else "?")
            assert person.answers[-1].title == title, line
            assert suggested in person.answers[-1].next, line


async def test_what_can_be_said_is_what_the_moment_and_the_server_allow(sandbox: Sandbox) -> None:
    async with at(sandbox) as (console, person):
        await console.execute("?")
        assert "Can be said here: EHLO, HELO," in person.last and "MAIL" not in person.last
        await console.execute("EHLO client.example")
        await console.execute("?")
        can = next(line for line in person.answers[-1].lines if line.startswith("Can be said"))
        assert "MAIL" in can and "STARTTLS" in can and "RCPT" not in can and "ATRN" not in can


async def test_a_refusal_that_was_the_last_word_is_explained_first(sandbox: Sandbox) -> None:
    async with at(sandbox) as (console, person):
        for line in ("EHLO client.example", "MAIL FROM:<a@b.example>"):
            await console.execute(line)
        await console.execute("RCPT TO:<you@elsewhere.example>")
        assert advise(console).line == "?" and "relaying refused" in advise(console).text
        await console.execute("?")
        assert "relaying refused" in person.answers[-1].title
        assert any(line.startswith("Now: Log in") for line in person.answers[-1].lines)
        assert "without recipients: " in person.last
        assert "/mx elsewhere.example" in person.answers[-1].next
        assert advise(console).line == "STARTTLS"  # it was asked; on with the session


async def test_a_word_with_several_meanings_has_them_all(sandbox: Sandbox) -> None:
    async with at(sandbox) as (console, person):
        await console.execute("?AUTH")
        assert person.answers[-1].title == "AUTH mechanism [initial-response]"
        assert "also AUTH: Clients may log in" in person.last
        assert "also AUTH, parameter of MAIL" in person.last


async def test_an_unknown_word_gets_the_nearest_ones(sandbox: Sandbox) -> None:
    async with at(sandbox) as (console, person):
        await console.execute("?piplining")
        assert person.answers[-1].is_trouble and "?PIPELINING" in person.answers[-1].next
        await console.execute("?qqqqqq \x1b[31m")
        assert person.answers[-1].is_trouble and person.answers[-1].next == ("?550 5.7.1",)


async def test_suggested_lines_are_for_the_server_at_hand(sandbox: Sandbox) -> None:
    async with at(sandbox) as (console, person):
        await console.execute("?421")
        assert console.target is not None
        assert person.answers[-1].next == (f"/connect {console.target.host}:25",)
        await console.execute("?RCPT")
        assert f"RCPT TO:<{console.recipient}>" in person.answers[-1].next


@pytest.mark.parametrize(
    ("target", "line"),
    [
        (Target("2001:db8::1", 25), "/connect smtps://[2001:db8::1]"),
        (Target("mail.example.net", 25), "/connect smtps://mail.example.net"),
        (Target("", 0, path="/run/lmtp", lmtp=True), "/connect lmtp+unix:///run/lmtp"),
    ],
)
def test_a_suggested_server_can_be_connected_to(target: Target, line: str) -> None:
    console = Console(Person(), Journal())
    console.target = target
    assert here(console, ("/connect smtps://mail.example.com",)) == (line,)


async def test_whatever_has_a_name_is_completed_behind_the_question_mark(sandbox: Sandbox) -> None:
    async with at(sandbox) as (console, _):
        for typed, whole in (("?mx-is-al", "mx-is-alias"), ("?greyl", "greylisting")):
            assert [each.text for each in complete(console, typed)] == [whole]


def test_a_remark_on_a_message_is_explained_with_what_mends_it() -> None:
    (remark,) = (each for each in lint(b"Subject: x\r\n\r\na\nb\r\n") if each.code == "bare-lf")
    told = explained(remark)
    assert told.next == ("/mend bare-lf",) and told.lines[1].startswith("m mends it")
    assert any(line.startswith("Microsoft 365: ") for line in told.lines)


# --- the wire -----------------------------------------------------------------------------------


def title(*happened: events.Event, line: int = 0) -> str:
    journal = Journal()
    for event in happened:
        journal(event)
    answer = details(journal, len(happened) - 1, line)
    assert answer is not None
    return answer.title


def test_a_line_of_the_wire_that_remarks_is_explained() -> None:
    assert title(events.Anomaly("bare LF", "twice")) == "bare LF"
    assert title(events.Alerted(Alert("server", 48, "unknown CA", True))).startswith("unknown CA")


def test_tls_that_failed_is_explained_and_each_problem_of_its_certificate() -> None:
    found = problem("expired", 0, "expired 12 days ago")
    facts = TlsFacts(failure="no-common-suite", problems=(found,))
    failed = events.NotSecured(facts, "no suite in common")
    assert title(failed) == "no-common-suite, why TLS did not come about"
    assert title(failed, line=1) == "expired, a certificate's problem"
    assert title(events.Secured(facts), line=1) == "expired, a certificate's problem"


def test_a_reply_of_several_lines_is_explained_as_one() -> None:
    send = Send(b"RCPT TO:<a@b.example>\r\n", b"RCPT")
    lines = [b"5.1.1 The email account that you tried to reach", b"5.1.1 does not exist. gsmtp"]
    told = title(events.Sent(send), events.Answered(Reply(550, lines), send))
    assert told == "550 5.1.1 no such account at Google"


@pytest.mark.parametrize("name", ["unconnected", "hello", "ready", "content"])
def test_a_moment_has_a_title_a_meaning_and_a_way_on(name: str) -> None:
    moment = knowledge.moment(name)
    assert moment.explanation.text and moment.explanation.now and moment.explanation.next


def test_every_moment_that_a_session_can_be_in_is_described() -> None:
    console = Console(Person(), Journal())
    assert situation.situation(console).title == "not connected"
    for name in (*situation._PHASES.values(), "dialling", "held", "chunk", "hello again"):
        assert knowledge.moment(name).explanation.title
