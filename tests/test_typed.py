"""What a line means when somebody types it."""

from __future__ import annotations

import pytest
from conversation import Watched, converse, ready

from smtpconsole.smtp.commands import CONTENT, PER_RECIPIENT, Send, command
from smtpconsole.smtp.events import Phase, Sent
from smtpconsole.smtp.exchanges import ask, typed
from smtpconsole.smtp.session import Session


@pytest.fixture
def session() -> Session:
    return ready()


def say(session: Session, line: bytes, answer: str = "250 ok") -> Send:
    """Type a line that is answered, and give what it was taken for."""
    send = session.typed(line)
    converse(typed(session, line), f"C: {line.decode()}\nS: {answer}", session)
    return send


@pytest.mark.parametrize("line", [b"", b"  "])
def test_a_line_of_nothing_has_no_verb(session: Session, line: bytes) -> None:
    assert session.typed(line) == Send(line + b"\r\n")


def test_octets_that_are_no_text_are_kept(session: Session) -> None:
    assert session.typed(b"MAIL FROM:<\xff@x>").about == "\udcff@x"
    assert session.typed(b"AUTH \xff dGlt").secret == slice(7, 11)


def test_a_response_is_secret_however_auth_is_spelt_and_whatever_is_in_it() -> None:
    for line in (b"auth plain AHRpbQBw", b" Auth\tPLAIN  AHRp\nbQBw"):
        send = ready().typed(line)
        assert send.secret is not None
        assert send.data[send.secret] == line[line.index(b"AHRp") :]


def test_what_holds_no_secret_is_shown(session: Session) -> None:
    assert session.typed(b"AUTH EXTERNAL dGlt") == Send(
        b"AUTH EXTERNAL dGlt\r\n", b"AUTH", about="tim"
    )
    assert session.typed(b"AUTH ANONYMOUS dGlt").about == "anonymous"
    say(session, b"AUTH LOGIN", "334 VXNlcm5hbWU6")
    assert session.typed(b"").secret is None


def test_the_first_answer_is_the_name_where_the_server_asks_nothing(session: Session) -> None:
    say(session, b"AUTH LOGIN", "334 %%%")
    assert say(session, b"dGlt", "334 %%%").about == "tim"
    assert say(session, b"cHc=", "235 ok").about is None
    assert session.identity == "tim"


def test_auth_that_is_said_to_a_challenge_is_still_a_command(session: Session) -> None:
    say(session, b"AUTH LOGIN", "334 VXNlcm5hbWU6")
    again = command(b"AUTH", b"PLAIN", b"AHRpbQBw")
    converse(ask(again), "C: AUTH PLAIN AHRpbQBw\nS: 503 no", session)
    assert isinstance(session, Watched)
    assert session.of(Sent)[-1].send is again


@pytest.mark.parametrize(
    ("lmtp", "line", "replies"),
    [
        (False, b"BDAT 4 LAST", 1),
        (False, b"BDAT 4", 1),
        (True, b"BDAT 4", 1),
        (True, b"BDAT 4 LAST", PER_RECIPIENT),
    ],
)
def test_only_the_last_chunk_of_lmtp_is_answered_for_each_recipient(
    lmtp: bool, line: bytes, replies: int
) -> None:
    session = ready(lmtp=lmtp)
    converse(typed(session, line), f"C: {line.decode()}", session)
    assert session.typed(b"Hi") == Send(b"Hi\r\n", CONTENT, replies)


def test_a_chunk_is_complete_when_nothing_is_left_of_it(session: Session) -> None:
    converse(typed(session, b"BDAT 9"), "C: BDAT 9", session)
    send = session.typed(b"1234")
    assert send == Send(b"1234\r\n", CONTENT, replies=0)
    converse(typed(session, b"1234"), "C: 1234", session)
    assert session.chunk is not None and session.chunk.left == 3
    session.say([session.typed(b"1")])
    assert session.chunk.left == 0


def test_a_line_that_leaves_one_octet_of_the_chunk_asks_for_nothing(session: Session) -> None:
    converse(typed(session, b"BDAT 7"), "C: BDAT 7", session)
    assert session.typed(b"1234").replies == 0


@pytest.mark.parametrize(("lmtp", "replies"), [(False, 1), (True, PER_RECIPIENT)])
def test_only_the_lone_dot_of_content_is_answered(lmtp: bool, replies: int) -> None:
    session = ready(lmtp=lmtp)
    session.phase = Phase.CONTENT
    assert session.typed(b"Hi") == Send(b"Hi\r\n", CONTENT, replies=0)
    assert session.typed(b".") == Send(b".\r\n", CONTENT, replies)
