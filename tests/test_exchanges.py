"""What clients do, against written conversations."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

import pytest
from conversation import converse, ready

from smtpconsole.smtp.commands import (
    CONTENT,
    PER_RECIPIENT,
    PRDR,
    Send,
    command,
    mail,
    raw,
    rcpt,
)
from smtpconsole.smtp.delivery import GROUP
from smtpconsole.smtp.errors import Disconnected, Silence
from smtpconsole.smtp.exchanges import (
    always_yes,
    deliver,
    deliver_all,
    hello,
    quit,
    rehearse,
)
from smtpconsole.smtp.outcome import Delivery
from smtpconsole.smtp.replies import Reply

SENDER = mail("a@example.org")


def recipients(*addresses: str) -> list[Send]:
    return [rcpt(address) for address in addresses]


def test_a_word_on_a_message_holds_where_a_silence_follows() -> None:
    """What was pipelined behind it may be lost, and the message must not be sent again."""
    session, future, outcomes = ready(), Future[Any](), list[Delivery]()
    letters = [(SENDER, recipients("b@x"), b"Hi\r\n")] * 2
    session.begin(deliver_all(letters, outcomes=outcomes), future)
    session.receive(b"250 ok\r\n250 ok\r\n354 go\r\n")
    session.receive(b"250 queued\r\n")
    session.receive_eof(Silence("No reply to MAIL within 5 seconds"))
    error = future.exception()
    assert isinstance(error, Silence) and [reply.code for reply in error.replies] == [250]
    assert not error.is_in_doubt
    assert outcomes[0].is_delivered and not outcomes[0].is_in_doubt


# --- hello and quit


def test_hello_falls_back_to_helo() -> None:
    reply = converse(hello(b"me"), "C: EHLO me\nS: 502 what?\nC: HELO me\nS: 250 hi")
    assert reply.text == "hi"


@pytest.mark.parametrize("code", [500, 502, 504])
def test_helo_is_said_where_ehlo_is_not_known(code: int) -> None:
    script = f"C: EHLO me\nS: {code} what\nC: HELO me\nS: 250 hi"
    assert converse(hello(b"me"), script).text == "hi"


def test_a_421_to_ehlo_is_no_reason_for_helo() -> None:
    assert converse(hello(b"me"), "C: EHLO me\nS: 421 too many").code == 421


def test_lmtp_says_lhlo() -> None:
    session = ready(lmtp=True)
    converse(hello(b"me", lmtp=True), "C: LHLO me\nS: 250-a\nS: 250 PIPELINING", session)
    assert "PIPELINING" in session.capabilities


def test_quit_does_not_mind_a_server_that_just_leaves() -> None:
    assert converse(quit(), "C: QUIT\n*: closed").code == 221


def test_quit_that_is_refused_is_told() -> None:
    assert converse(quit(), "C: QUIT\nS: 500 stay").code == 500


# --- delivery


def test_a_transaction_step_by_step() -> None:
    outcome = converse(
        deliver(SENDER, recipients("b@x", "c@x"), b".Hi\r\n"),
        """
        C: MAIL FROM:<a@example.org>
        S: 250 ok
        C: RCPT TO:<b@x>
        S: 550 5.1.1 who?
        C: RCPT TO:<c@x>
        S: 251 forwarded
        C: DATA
        S: 354 go
        C: ..Hi
        C: .
        S: 250 queued
        """,
    )
    assert outcome.accepted == ["c@x"]
    assert [(who, reply.code) for who, reply in outcome.refused] == [("b@x", 550)]
    assert outcome.is_delivered


def test_a_refused_sender_ends_it() -> None:
    outcome = converse(
        deliver(SENDER, recipients("b@x"), b""), "C: MAIL FROM:<a@example.org>\nS: 550 no"
    )
    assert not outcome.is_delivered and outcome.recipients == []


def test_without_a_recipient_no_data_is_asked_for() -> None:
    script = "C: MAIL FROM:<a@example.org>\nS: 250 ok\nC: RCPT TO:<b@x>\nS: 550 no"
    outcome = converse(deliver(SENDER, recipients("b@x"), b""), script)
    assert outcome.data is None


def test_a_421_to_a_recipient_keeps_its_reason_and_ends_it() -> None:
    outcome = converse(
        deliver(SENDER, recipients("b@x", "c@x", "d@x"), b""),
        """
        C: MAIL FROM:<a@example.org>
        S: 250 ok
        C: RCPT TO:<b@x>
        S: 250 ok
        C: RCPT TO:<c@x>
        S: 421 4.7.0 too many
        """,
    )
    assert [reply.code for _, reply in outcome.recipients] == [250, 421]
    assert outcome.data is None


def test_data_refused_ends_it() -> None:
    outcome = converse(
        deliver(SENDER, recipients("b@x"), b"Hi\r\n", pipelining=True),
        """
        C: MAIL FROM:<a@example.org>
        C: RCPT TO:<b@x>
        C: DATA
        S: 250 ok
        S: 250 ok
        S: 451 not now
        """,
    )
    assert outcome.data.code == 451 and not outcome.is_delivered


def fifty() -> tuple[list[Send], str]:
    people = [f"user{n}@example.org" for n in range(50)]
    script = ["C: MAIL FROM:<a@example.org>"]
    script += [f"C: RCPT TO:<{who}>" for who in people]
    script += ["C: DATA", "S: 250 ok"]
    script += ["S: 550 5.1.1 who?" if n == 7 else "S: 250 ok" for n in range(50)]
    script += ["S: 354 go", "C: Hello", "C: .", "S: 250 queued"]
    return recipients(*people), "\n".join(script)


@pytest.mark.parametrize("cut", range(0, 560, 7))
def test_pipelined_with_one_recipient_refused_however_it_is_cut(cut: int) -> None:
    rcpts, script = fifty()
    outcome = converse(
        deliver(SENDER, rcpts, b"Hello\r\n", pipelining=True), script, cut=[cut, cut + 3]
    )
    assert len(outcome.accepted) == 49
    assert outcome.recipients[7][1].code == 550


def test_354_with_no_recipient_left_gets_an_empty_message() -> None:
    outcome = converse(
        deliver(SENDER, recipients("b@x"), b"Hello\r\n", pipelining=True),
        """
        C: MAIL FROM:<a@example.org>
        C: RCPT TO:<b@x>
        C: DATA
        S: 250 ok
        S: 550 no
        S: 354 go
        C: .
        S: 554 no valid recipients
        """,
    )
    assert outcome.accepted == [] and not outcome.is_delivered


def test_a_message_whose_sender_was_refused_is_not_sent_to_a_server_that_goes_on() -> None:
    outcome = converse(
        deliver(SENDER, recipients("b@x"), b"Hello\r\n", pipelining=True),
        """
        C: MAIL FROM:<a@example.org>
        C: RCPT TO:<b@x>
        C: DATA
        S: 550 no
        S: 250 ok
        S: 354 go
        C: .
        S: 250 queued nothing
        """,
    )
    assert not outcome.is_delivered


def test_bdat_needs_no_dots_and_one_round_trip() -> None:
    outcome = converse(
        deliver(SENDER, recipients("b@x"), b".Hi\r\n", pipelining=True, chunking=True),
        """
        C: MAIL FROM:<a@example.org>
        C: RCPT TO:<b@x>
        C: BDAT 5 LAST
        C: .Hi
        S: 250 ok
        S: 250 ok
        S: 250 queued
        """,
    )
    assert outcome.is_delivered


def test_bdat_without_pipelining() -> None:
    outcome = converse(
        deliver(SENDER, recipients("b@x"), b"Hi\r\n", chunking=True),
        """
        C: MAIL FROM:<a@example.org>
        S: 250 ok
        C: RCPT TO:<b@x>
        S: 250 ok
        C: BDAT 4 LAST
        C: Hi
        S: 250 queued
        """,
    )
    assert outcome.is_delivered


def test_lmtp_answers_once_for_each_accepted_recipient() -> None:
    outcome = converse(
        deliver(SENDER, recipients("b@x", "c@x", "d@x"), b"Hi\r\n", pipelining=True, lmtp=True),
        """
        C: MAIL FROM:<a@example.org>
        C: RCPT TO:<b@x>
        C: RCPT TO:<c@x>
        C: RCPT TO:<d@x>
        C: DATA
        S: 250 ok
        S: 250 ok
        S: 550 no c
        S: 250 ok
        S: 354 go
        C: Hi
        C: .
        S: 250 b has it
        S: 452 d is full
        """,
        ready(lmtp=True),
    )
    assert [reply.code for reply in outcome.content] == [250, 452]


def test_bdat_and_lmtp_pipelined_count_recipients_when_they_get_there() -> None:
    outcome = converse(
        deliver(
            SENDER,
            recipients("b@x", "c@x"),
            b"Hi\r\n",
            pipelining=True,
            chunking=True,
            lmtp=True,
        ),
        """
        C: MAIL FROM:<a@example.org>
        C: RCPT TO:<b@x>
        C: RCPT TO:<c@x>
        C: BDAT 4 LAST
        C: Hi
        S: 250 ok
        S: 250 ok
        S: 250 ok
        S: 250 b has it
        S: 250 c has it
        """,
        ready(lmtp=True),
    )
    assert len(outcome.content) == 2


def test_the_server_closes_in_the_middle_of_content() -> None:
    with pytest.raises(Disconnected):
        converse(
            deliver(SENDER, recipients("b@x"), b"Hi\r\n"),
            """
            C: MAIL FROM:<a@example.org>
            S: 250 ok
            C: RCPT TO:<b@x>
            S: 250 ok
            C: DATA
            S: 354 go
            C: Hi
            C: .
            *: closed
            """,
        )


def test_no_letters_are_no_conversation() -> None:
    assert converse(deliver_all([]), "") == []
    assert converse(deliver_all([], chunking=True), "") == []
    assert converse(deliver_all([], pipelining=False), "") == []


def test_a_batch_of_letters_that_ends_in_a_refusal() -> None:
    script = "C: MAIL FROM:<a@example.org>\nC: RCPT TO:<b@x>\nC: DATA\nS: 250 a\nS: 550 b\nS: 354 c"
    script += "\nC: .\nS: 554 none"
    (outcome,) = converse(deliver_all([(SENDER, recipients("b@x"), b"one\r\n")]), script)
    assert not outcome.is_delivered


# --- rehearsal


def test_a_rehearsal_tells_the_batches_without_a_server() -> None:
    batches = rehearse(deliver(SENDER, recipients("b@x", "c@x"), b"Hi\r\n", pipelining=True))
    assert [[send.verb for send in batch] for batch in batches] == [
        [b"MAIL", b"RCPT", b"RCPT", b"DATA"],
        [b"(content)"],
    ]


def test_every_code_of_the_second_hundred_is_a_yes() -> None:
    yes = Reply(200, [b"yes"])
    outcome = Delivery(yes, [("b@x", yes)])
    assert outcome.accepted == ["b@x"] and outcome.has_envelope


def test_of_a_message_that_nobody_answered_that_is_said() -> None:
    assert (Delivery().mail.code, Delivery().mail.text) == (-1, "no reply came")


def test_several_replies_to_the_content_are_one_for_each_recipient() -> None:
    yes, no = Reply(250, [b"yes"]), Reply(550, [b"no"])
    outcome = Delivery(yes, [("b@x", yes), ("c@x", yes)], content=[yes, no])
    assert outcome.outcomes == [("b@x", yes), ("c@x", no)]


def test_a_message_is_said_step_by_step_with_its_verbs() -> None:
    batches = rehearse(deliver(SENDER, recipients("b@x"), b"Hi\r\n"))
    assert [send.verb for (send,) in batches] == [b"MAIL", b"RCPT", b"DATA", CONTENT]


@pytest.mark.parametrize(
    ("ways", "replies"), [({}, 1), ({"prdr": True}, PRDR), ({"lmtp": True}, PER_RECIPIENT)]
)
def test_a_message_is_answered_once_unless_another_way_is_agreed(
    ways: dict[str, Any], replies: int
) -> None:
    letter = (SENDER, recipients("b@x"), b"Hi\r\n")
    for exchange in (deliver(*letter, **ways), deliver_all([letter], **ways)):
        assert rehearse(exchange)[-1][-1].replies == replies


@pytest.mark.parametrize(
    ("sizes", "chunk", "groups"),
    [
        ([GROUP // 2] * 4, None, [2, 2]),
        ([GROUP // 2] * 3 + [1], None, [2, 2]),
        ([GROUP // 2 + 1, GROUP // 2], None, [1, 1]),
        ([8, 8], 8, [2]),
        ([8, 9], 8, [1, 1]),
    ],
)
def test_short_messages_go_together_as_far_as_there_is_room(
    sizes: list[int], chunk: int | None, groups: list[int]
) -> None:
    letters = [(SENDER, recipients("b@x"), b"x" * size) for size in sizes]
    batches = rehearse(deliver_all(letters, chunking=True, chunk=chunk))
    assert [sum(send.verb == b"BDAT" for send in batch) for batch in batches] == groups


def test_who_says_yes_says_it_with_the_code_that_is_due() -> None:
    verbs = (b"EHLO", b"AUTH", b"DATA", b"QUIT")
    replies = [always_yes(command(verb)) for verb in verbs]
    assert [reply.code for reply in replies] == [250, 235, 354, 221]
    assert {reply.text for reply in replies} == {""}


def test_in_a_rehearsal_there_are_as_many_answers_as_are_asked_for() -> None:
    def several() -> Any:
        answers.append((yield (raw(b"x", replies=0), raw(b"y", replies=3))))
        answers.append((yield (raw(b"z", replies=PER_RECIPIENT),)))

    answers: list[list[Reply]] = []
    rehearse(several())
    assert [len(each) for each in answers] == [3, 1]


def test_a_rehearsal_may_answer_otherwise() -> None:
    def never(send: Send) -> Reply:
        return Reply(550, [b"no"])

    assert len(rehearse(deliver(SENDER, recipients("b@x"), b""), never)) == 1
    assert [batch[0].verb for batch in rehearse(quit())] == [b"QUIT"]
    assert rehearse(_nothing()) == [(command(b"NOOP"),)]


def _nothing() -> Any:
    yield (command(b"NOOP"),)
