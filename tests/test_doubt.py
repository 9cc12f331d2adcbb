"""Of many messages, which may have been taken when the connection ends without a word on them."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

import pytest
from conversation import converse, ready, said

from smtpconsole.smtp.commands import mail, rcpt
from smtpconsole.smtp.errors import Disconnected
from smtpconsole.smtp.exchanges import deliver_all
from smtpconsole.smtp.outcome import Delivery

A = "C: MAIL FROM:<a@x>"
B = "C: RCPT TO:<b@x>"
OK = "S: 250 ok"
ENVELOPE = [A, B, "C: DATA", OK, OK, "S: 354 go"]
END = ["C: Hi", "C: ."]
CHUNK = [A, B, "C: BDAT 4 LAST", "C: Hi"]
IN_DATA = {"pipelining": True}
IN_CHUNKS = {"pipelining": True, "chunking": True}
CHUNK_BY_CHUNK = {"pipelining": False, "chunking": True}
STEP_BY_STEP = {"pipelining": False}


def run(lines: list[str], people: list[str], **ways: Any) -> tuple[list[Delivery], bool]:
    """What became of a message to each of these, and whether the exchange failed."""
    letters = [(mail("a@x"), [rcpt(each) for each in who.split()], b"Hi\r\n") for who in people]
    outcomes: list[Delivery] = []
    session = ready(lmtp=ways.get("lmtp", False))
    try:
        converse(deliver_all(letters, outcomes=outcomes, **ways), "\n".join(lines), session)
    except Disconnected:
        return outcomes, True
    return outcomes, False


@pytest.mark.parametrize(
    ("ways", "lines", "doubts"),
    [
        (IN_DATA, [*ENVELOPE, *END, A, B, "C: DATA", "*: lost"], [True, False]),
        (
            IN_DATA,
            [*ENVELOPE, *END, *ENVELOPE[:3], OK, *ENVELOPE[3:], *END, *ENVELOPE[:3], "*: lost"],
            [False, True, False],
        ),
        (IN_CHUNKS, [*CHUNK, "C: RSET", *CHUNK, "C: RSET", *CHUNK, "*: lost"], [True] * 3),
        (
            IN_CHUNKS,
            [*CHUNK, "C: RSET", *CHUNK, "C: RSET", *CHUNK, "*: cut short"],
            [True, True, False],
        ),
        (CHUNK_BY_CHUNK, [A, OK, B, OK, *CHUNK[2:], "*: lost"], [True]),
        (STEP_BY_STEP, [A, OK, B, OK, "C: DATA", "S: 354 go", *END, "*: lost"], [True]),
    ],
)
def test_in_doubt_is_what_was_said_to_its_end_and_not_answered(
    ways: dict[str, Any], lines: list[str], doubts: list[bool]
) -> None:
    outcomes, has_failed = run(lines, ["b@x"] * 3, **ways)
    assert has_failed
    assert [each.is_in_doubt for each in outcomes] == doubts


def test_one_word_on_a_message_for_two_is_enough() -> None:
    second = "C: RCPT TO:<c@x>"
    lines = [A, B, second, "C: DATA", OK, OK, OK, "S: 354 go", *END, *ENVELOPE[:3], OK, "*: lost"]
    outcomes, has_failed = run(lines, ["b@x c@x", "b@x"], **IN_DATA)
    assert has_failed
    assert [each.is_in_doubt for each in outcomes] == [False]


def test_a_message_of_many_chunks_that_was_taken_is_not_in_doubt() -> None:
    outcomes: list[Delivery] = []
    letters = [(mail("a@x"), [rcpt("b@x")], b"Hi\r\n")] * 2
    session = ready()
    exchange = deliver_all(letters, chunking=True, chunk=3, outcomes=outcomes)
    session.begin(exchange, Future())
    said(session)
    session.receive(b"250 ok\r\n" * 4)
    said(session)
    session.receive_eof()
    assert [each.is_in_doubt for each in outcomes] == [False, True]


def test_a_refusal_of_one_recipient_in_lmtp_leaves_the_message_in_doubt() -> None:
    lines = [A, B, "C: RCPT TO:<c@x>", "C: DATA", OK, OK, OK, "S: 354 go", *END, "S: 552 full"]
    outcomes, has_failed = run([*lines, "*: lost"], ["b@x c@x"], lmtp=True, **IN_DATA)
    assert has_failed
    assert [each.is_in_doubt for each in outcomes] == [True]


def test_what_was_refused_before_the_end_is_the_outcome() -> None:
    lines = [A, B, "C: DATA", OK, "S: 550 no", "S: 554 nobody", "C: RSET", *ENVELOPE[:3], "*: lost"]
    outcomes, has_failed = run(lines, ["b@x"] * 2, **IN_DATA)
    assert not has_failed
    assert [str(each.refusal) for each in outcomes] == ["550 no"]


def test_who_leaves_between_messages_that_go_apart_is_told_no_more() -> None:
    """RFC 5321, 3.8; to what came behind a message this server has said 503."""
    taken = [*ENVELOPE, *END]
    early = [*END, *ENVELOPE[:3], OK, *["S: 503 too early"] * 3]
    lines = [*ENVELOPE, *early, *taken, OK, *taken, "S: 421 bye"]
    outcomes, has_failed = run(lines, ["b@x"] * 4, **IN_DATA)
    assert not has_failed
    assert [each.is_delivered for each in outcomes] == [True, True, False]
