"""Each kind of check: what makes it hold, and what does not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from smtpconsole.lessons import checks
from smtpconsole.lessons.checks import KINDS, View
from smtpconsole.sandbox.mailbox import Letter
from smtpconsole.smtp.capabilities import Capabilities, Keyword
from smtpconsole.smtp.commands import CONTENT, Send
from smtpconsole.smtp.events import (
    Anomaly,
    Answered,
    Closed,
    Connected,
    Entered,
    Event,
    Learned,
    Noted,
    NotSecured,
    Phase,
    Secured,
    Sent,
)
from smtpconsole.smtp.facts import Problem, TlsFacts
from smtpconsole.smtp.replies import Reply
from smtpconsole.transcript.journal import Entry

MAIL = Send(b"MAIL FROM:<a@x>\r\n", b"MAIL")
LOGIN = Send(b"AUTH PLAIN x\r\n", b"AUTH")
EXPIRED = TlsFacts(problems=(Problem("error", "expired", 0, "it is over"),), failure="not-tls")


def answer(code: int, text: bytes, send: Send | None) -> Answered:
    return Answered(Reply(code, [text, b"more"]), send)


def view(*events: Event, is_secure: bool = False, **more: object) -> View:
    entries = [Entry(n, 0.0, event, is_secure) for n, event in enumerate(events)]
    return View(entries, **more)  # type: ignore[arg-type]


def letter(content: bytes) -> Letter:
    return Letter(datetime.now(UTC), "p", "h", False, None, "a@x", ("b@x", "c@x"), content)


LETTER = letter(b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nTo: x\r\n\r\nfirst\r\nsecond\r\n")
REFUSED = view(answer(550, b"5.7.1 Relaying denied", MAIL))

HOLDS = [
    ("sent ^mail from:", view(Sent(MAIL)), view(Sent(Send(b"XMAIL FROM:\r\n")))),
    ("sent ^$", view(Sent(Send(b"\r\n", CONTENT))), view(Sent(Send(b" \r\n", CONTENT)))),
    ("sent ^two$", view(Sent(Send(b"one\r\ntwo\r\n"))), view(Sent(Send(b"one two\r\n")))),
    ("reply 550", REFUSED, view(answer(250, b"Ok", MAIL))),
    ("reply 5..", REFUSED, view(answer(450, b"later", MAIL))),
    ("reply 5.7.1", REFUSED, view(answer(550, b"5.7.2 no", MAIL))),
    ("reply 5.x.1", REFUSED, view(answer(550, b"5.1.0 no", MAIL))),
    ("reply 550 relaying", REFUSED, view(answer(550, b"no such user", MAIL))),
    ("reply 550 ^more$", REFUSED, view(Sent(MAIL))),
    ("reply to mail 550", REFUSED, view(answer(550, b"no", Send(b"x\r\n", b"RCPT")))),
    ("reply to . 250", view(answer(250, b"Ok", Send(b".\r\n", CONTENT))), REFUSED),
    ("reply to MAIL 550", REFUSED, view(answer(550, b"no", None))),
    ("tls on", view(Sent(MAIL), is_secure=True), view(Sent(MAIL))),
    ("tls off", view(Sent(MAIL)), view(Sent(MAIL), is_secure=True)),
    ("tls off", view(Sent(MAIL)), view(Noted("x"))),
    ("tls failed", view(NotSecured(EXPIRED, "no")), view(Secured(EXPIRED))),
    ("tls problem expired", view(Secured(EXPIRED)), view(Secured(TlsFacts()))),
    ("tls problem not-tls", view(NotSecured(EXPIRED, "no")), view(Secured(TlsFacts()))),
    ("phase content", view(phase=Phase.CONTENT), view(phase=Phase.READY)),
    ("received subject ~ ^grüße$", view(letters=[LETTER]), view(letters=[letter(b"\r\nGr")])),
    ("received body ~ ^second", view(letters=[LETTER]), view(letters=[letter(b"second: x\r\n")])),
    ("received count 1", view(letters=[LETTER]), view(letters=[LETTER, LETTER])),
    ("envelope from ^a@", view(letters=[LETTER]), view()),
    ("envelope to ^c@", view(letters=[LETTER]), view(letters=[])),
    ("command explain 550", view(Entered("?550 5.7.1")), view(Entered("/explainer 550"))),
    ("command /send", view(Entered("/SEND x")), view(Sent(Send(b"/send\r\n")))),
    ("typed ^connect", view(typed=["connect x"]), view(typed=["/connect x"])),
    ("remark ^aha", view(Noted("Aha!")), view(Noted("oh"))),
    ("anomaly bare lf", view(Anomaly("bare LF", "")), view(Anomaly("other", ""))),
    ("connected", view(Connected("a", "b", 0.1)), view()),
    ("closed", view(Closed("client")), view(Connected("a", "b", 0.1))),
    ("closed by server", view(Closed("server")), view(Closed("client"))),
    ("not sent ^x", view(Sent(MAIL)), view(Sent(Send(b"x\r\n")))),
    (
        "caps SIZE ^10",
        view(Learned(Capabilities("", (Keyword("SIZE", "1000"),)))),
        view(Learned(Capabilities("", (Keyword("SIZE", "200"), Keyword("X", "10"))))),
    ),
    (
        "identity alice",
        view(answer(235, b"Ok", LOGIN), identity="alice@x"),
        view(answer(535, b"no", LOGIN), identity="alice@x"),
    ),
    (
        "identity alice",
        view(answer(235, b"Ok", LOGIN), identity="alice@x"),
        view(answer(235, b"Ok", LOGIN), identity="bob@x"),
    ),
]


@pytest.mark.parametrize(("line", "good", "bad"), HOLDS)
def test_a_check_holds_for_the_one_and_not_for_the_other(line: str, good: View, bad: View) -> None:
    check = checks.parse(line)
    assert check.holds(good)
    assert not check.holds(bad)
    assert check.is_negative or not check.holds(View())
    assert check.words and check.line == line


def test_no_kind_of_check_is_left_out() -> None:
    assert {line.split()[0] for line, _, _ in HOLDS} == {*KINDS, "not"}


def test_words_are_the_teachers_or_made_readable_and_names_are_filled_in() -> None:
    words = {"name": "a.b", "domain": "x.example"}
    assert checks.parse(r"sent (?i)^EHLO +\S+$").words == "you say EHLO …"
    assert checks.parse("reply to DATA 354").words == "DATA is answered 354"
    assert checks.parse("sent ^EHLO {name}$  # you greet as {name}", words).words == (
        "you greet as a.b"
    )
    check = checks.parse("sent ^EHLO {name}$", words)
    assert check.holds(view(Sent(Send(b"EHLO a.b\r\n"))))
    assert not check.holds(view(Sent(Send(b"EHLO axb\r\n"))))  # it is no pattern
    assert checks.filled("{domain} {other} {2,3}", words) == "x.example {other} {2,3}"
