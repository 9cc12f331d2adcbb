"""Messages that are said piece by piece."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

import pytest
from conversation import converse, ready, said

from smtpconsole.smtp import upload
from smtpconsole.smtp.commands import CONTENT, PER_RECIPIENT, command, mail, rcpt
from smtpconsole.smtp.errors import Disconnected
from smtpconsole.smtp.events import Anomaly, Answered, Closed, Phase, Sent
from smtpconsole.smtp.exchanges import data, deliver, deliver_all, rehearse
from smtpconsole.smtp.session import Batch, Session
from smtpconsole.smtp.streams import LEAST, PIECE, Stream, chunked, dotted

SENDER = mail("a@x")
RCPT = [rcpt("b@x")]
TEN = b"1234\r\n89\r\n"


def begun(session: Session, exchange: Any) -> Future[Any]:
    future: Future[Any] = Future()
    session.begin(exchange, future)
    return future


def in_data(source: Any, **how: bool) -> tuple[Any, Future[Any]]:
    """A session after 354, with content to be pulled."""
    session = ready()
    future = begun(session, data(Stream(source, **how)))
    session.take_outgoing()
    session.receive(b"354 go\r\n")
    return session, future


# --- DATA


def test_pieces_ask_for_nothing_and_the_lone_dot_for_the_reply() -> None:
    session, future = in_data([b"x" * LEAST, b".\ny" * LEAST])
    assert said(session).endswith(b"y\r\n.\r\n")
    sends = [event.send for event in session.of(Sent)][1:]
    assert [(send.verb, send.replies) for send in sends] == [(CONTENT, 0)] * 3 + [(CONTENT, 1)]
    assert sends[-1].data == b".\r\n"
    session.receive(b"250 ok\r\n")
    assert future.result()[-1].code == 250
    assert session.of(Answered)[-1].send is sends[-1]


def test_small_pieces_are_put_together() -> None:
    session, _ = in_data([b"ab\n"] * LEAST)
    said(session)
    assert len(session.of(Sent)) <= 2 + 4 + 1


@pytest.mark.parametrize("is_strict", [False, True])
def test_of_binary_content_behind_data_line_ends_stay_and_dots_as_one_likes(
    is_strict: bool,
) -> None:
    session, _ = in_data([b"a\n.\nb\r", b"\n.\r\nc"], binary=True, bare_dots=is_strict)
    dots = b"." if is_strict else b".."
    assert said(session) == b"a\n%b\nb\r\n..\r\nc\r\n.\r\n" % dots


def test_content_of_nothing_is_a_lone_dot() -> None:
    converse(data(Stream(b"")), "C: DATA\nS: 354 go\nC: .\nS: 250 ok")


def test_long_octets_are_streamed_and_short_ones_are_not() -> None:
    assert dotted(b"x" * PIECE).framing is None
    assert dotted(b"x" * (PIECE + 1)).framing is not None
    assert len(chunked(b"x" * PIECE)) == 2
    assert chunked(b"x" * (PIECE + 1))[0].framing is not None
    assert chunked(b"x" * 11, size=10)[0].framing is not None


def test_a_dot_behind_a_bare_lf_is_doubled_unless_the_letter_of_the_rfc_is_wanted() -> None:
    session, _ = in_data([b"a\n.b"], binary=True)
    assert said(session).startswith(b"a\n..b")


def test_long_octets_are_said_as_they_are_meant() -> None:
    octets = b"a\nb" * PIECE  # no line end of which is canonical
    session = ready()
    begun(session, deliver(SENDER, RCPT, octets, pipelining=True, chunking=True, chunk=2**21))
    assert octets in said(session)
    session = ready()
    begun(session, data(octets))
    session.take_outgoing()
    session.receive(b"354 go\r\n")
    assert said(session).startswith(octets)


def test_pieces_and_chunks_are_of_a_size() -> None:
    session, _ = in_data([b""])
    upload.said(session, b"x" * (16 * 1024 - 1))
    assert session.take_outgoing() == []
    upload.said(session, b"x")
    assert len(session.take_outgoing()) == 1
    octets = b"x" * (256 * 1024 + 1)
    line, *_ = rehearse_chunks(octets)
    assert line.data == b"BDAT 262144\r\n"
    pieces = [*Stream(octets).pieces()]  # type: ignore[misc]
    assert [len(piece) for piece in pieces] == [128 * 1024, 128 * 1024, 1]


def rehearse_chunks(octets: bytes) -> list[Any]:
    """What is said of a message in chunks."""
    session = ready()
    begun(session, deliver(SENDER, RCPT, octets, pipelining=True, chunking=True))
    said(session)
    return [event.send for event in session.of(Sent)][2:]


def test_what_stands_for_content_that_is_pulled_asks_for_its_replies() -> None:
    stream = Stream([b"x"])
    assert dotted(stream, replies=PER_RECIPIENT).replies == PER_RECIPIENT
    assert dotted(stream).data == chunked(stream)[0].data == b""


@pytest.mark.parametrize("content", [b"1234567890", Stream([b"1234567890"])])
def test_octets_of_a_chunk_are_content(content: Any) -> None:
    session = ready()
    begun(session, deliver(SENDER, RCPT, content, pipelining=True, chunking=True, chunk=6))
    said(session)
    sends = [event.send for event in session.of(Sent)][2:]
    assert [send.verb for send in sends] == [b"BDAT", CONTENT] * 2
    assert chunked(b"12")[1].verb == CONTENT


def test_the_phase_is_that_of_content_until_the_reply() -> None:
    session, _ = in_data([b"x"])
    assert session.phase is Phase.CONTENT
    said(session)
    assert session.phase is Phase.CONTENT
    session.receive(b"250 ok\r\n")
    assert session.phase is Phase.READY


@pytest.mark.parametrize("reply", ["552 5.3.4 too big", "421 4.3.2 going down"])
def test_a_refusal_in_the_middle_of_data_is_the_outcome_and_the_end(reply: str) -> None:
    session, future = in_data([b"x" * LEAST, b"y"])
    upload.said(session, b"x" * LEAST)
    session.receive(reply.encode() + b"\r\n")
    assert str(future.result()[-1]) == reply
    assert session.phase is Phase.CLOSED
    (closed,) = session.of(Closed)
    assert (closed.by, closed.was_announced) == ("client", reply.startswith("421"))
    assert closed.error == "the server refused the content before its end"
    assert not upload.wants(session)


def test_an_early_reply_is_remarked_on_with_its_words() -> None:
    session, _ = in_data([b"x"])
    upload.said(session, b"x")
    session.receive(b"250 so soon\r\n")
    told = Anomaly("reply before the end of the content", "250 so soon")
    assert told in session.of(Anomaly)


def test_a_chunk_that_is_refused_is_not_forgotten_for_one_that_is_taken() -> None:
    session = ready()
    begun(
        session, deliver(SENDER, RCPT, Stream([TEN] * 4), pipelining=True, chunking=True, chunk=9)
    )
    session.receive(b"250 ok\r\n250 ok\r\n")
    for _ in range(3):
        upload.said(session, TEN)
    session.receive(b"552 too big\r\n250 ok\r\n")
    assert not upload.wants(session)


def test_an_exchange_that_goes_on_after_an_early_refusal_runs_into_the_end() -> None:
    def eager() -> Any:
        yield (dotted(Stream([b"x"])),)
        yield (command(b"NOOP"),)

    session = ready()
    future = begun(session, eager())
    session.receive(b"552 no\r\n")
    with pytest.raises(Disconnected):
        future.result()


def test_an_early_yes_is_odd_and_the_content_is_said_to_its_end() -> None:
    session, future = in_data([b"x" * LEAST])
    upload.said(session, b"x" * LEAST)
    session.receive(b"250 fine already\r\n")
    assert [each.kind for each in session.of(Anomaly)] == ["reply before the end of the content"]
    assert not future.done()
    session.take_outgoing()
    upload.said_all(session)
    assert session.take_outgoing() == [b"\r\n", b".\r\n"]
    assert future.result()[-1].code == 250


def test_content_that_cannot_be_read_is_never_sent_as_if_it_were_whole() -> None:
    session, future = in_data([b"x"])
    upload.said(session, b"x" * LEAST)
    session.take_outgoing()
    session.failed(OSError("disk on fire"))
    assert session.take_outgoing() == []
    with pytest.raises(OSError, match="disk on fire"):
        future.result()
    (closed,) = session.of(Closed)
    assert closed.error == "the content could not be read: disk on fire"


def test_an_abandoned_stream_is_pulled_no_further() -> None:
    session, _ = in_data([b"x"])
    session.abandon()
    assert not upload.wants(session)


def test_a_connection_lost_in_the_middle_of_content_ends_the_exchange() -> None:
    session, future = in_data([b"x"])
    upload.said(session, b"x" * LEAST)
    session.receive_eof()
    assert not upload.wants(session)
    with pytest.raises(Disconnected):
        future.result()


def test_a_whole_delivery_of_a_stream_reads_like_any_other() -> None:
    outcome = converse(
        deliver(SENDER, RCPT, Stream([b"Hi\n", b".there"]), pipelining=True),
        """
        C: MAIL FROM:<a@x>
        C: RCPT TO:<b@x>
        C: DATA
        S: 250 ok
        S: 250 ok
        S: 354 go
        C: Hi
        C: ..there
        C: .
        S: 250 queued
        """,
    )
    assert outcome.is_delivered


def test_the_next_envelope_follows_streamed_content_at_once() -> None:
    letters = [(SENDER, RCPT, Stream([b"Hi"])) for _ in range(2)]
    first, second = converse(
        deliver_all(letters),
        """
        C: MAIL FROM:<a@x>
        C: RCPT TO:<b@x>
        C: DATA
        S: 250 ok
        S: 250 ok
        S: 354 go
        C: Hi
        C: .
        C: MAIL FROM:<a@x>
        C: RCPT TO:<b@x>
        C: DATA
        S: 250 first
        S: 250 ok
        S: 250 ok
        S: 354 go
        C: Hi
        C: .
        S: 250 second
        """,
    )
    assert [first.content[0].text, second.content[0].text] == ["first", "second"]


# --- BDAT

PIPELINED = """
C: MAIL FROM:<a@x>
C: RCPT TO:<b@x>
C: BDAT 6
C: 1234
C: BDAT 4 LAST
C: 89
"""


def test_chunks_are_of_the_chosen_size_and_the_last_says_so() -> None:
    outcome = converse(
        deliver(SENDER, RCPT, Stream(TEN), pipelining=True, chunking=True, chunk=6),
        PIPELINED + "S: 250 ok\n" * 2 + "S: 250 six\nS: 250 queued",
    )
    assert outcome.is_delivered
    assert [reply.text for reply in outcome.content] == ["queued"]


def test_content_that_fills_its_chunks_ends_without_an_empty_one() -> None:
    session = ready()
    begun(session, ask_all(chunked(TEN, size=5)))
    assert said(session) == b"BDAT 5\r\n1234\rBDAT 5 LAST\r\n\n89\r\n"


def test_a_rehearsal_of_a_stream_pulls_nothing() -> None:
    stream = Stream(TEN)
    batches = rehearse(deliver(SENDER, RCPT, stream, pipelining=True))
    assert len(batches) == 2
    assert stream.taken == 0


def test_without_pipelining_a_chunk_waits_for_the_reply_to_the_one_before() -> None:
    outcome = converse(
        deliver(SENDER, RCPT, Stream(TEN), chunking=True, chunk=6),
        """
        C: MAIL FROM:<a@x>
        S: 250 ok
        C: RCPT TO:<b@x>
        S: 250 ok
        C: BDAT 6
        C: 1234
        S: 250 six
        C: BDAT 4 LAST
        C: 89
        S: 250 queued
        """,
    )
    assert outcome.is_delivered


def test_chunks_of_one_piece_wait_for_each_other_too() -> None:
    session = ready()
    future = begun(session, ask_all(chunked(Stream([]), size=2, one_by_one=True)))
    upload.said(session, b"aabb\n")
    upload.said_all(session)
    for chunk in (b"BDAT 2\r\naa", b"BDAT 2\r\nbb", b"BDAT 2 LAST\r\n\r\n"):
        assert not upload.wants(session)
        assert b"".join(session.take_outgoing()) == chunk
        session.receive(b"250 ok\r\n")
    assert len(future.result()) == 3


def test_binary_chunks_are_sent_as_they_are() -> None:
    session = ready()
    begun(session, ask_all(chunked(Stream(b"a\nb\r.", binary=True))))
    assert said(session) == b"BDAT 5 LAST\r\na\nb\r."


def test_a_refused_chunk_is_the_outcome_and_no_other_is_said() -> None:
    outcome = converse(
        deliver(SENDER, RCPT, Stream(TEN), chunking=True, chunk=6),
        """
        C: MAIL FROM:<a@x>
        S: 250 ok
        C: RCPT TO:<b@x>
        S: 250 ok
        C: BDAT 6
        C: 1234
        S: 552 too big
        """,
    )
    assert not outcome.is_delivered
    assert outcome.content[0].code == 552


def test_a_chunk_refused_while_others_are_under_way_is_the_outcome() -> None:
    session = ready()
    future = begun(session, ask_all(chunked(Stream([]), size=2)))
    upload.said(session, b"aabbcc")
    assert b"".join(session.take_outgoing()) == b"BDAT 2\r\naaBDAT 2\r\nbb"
    session.receive(b"250 ok\r\n")
    session.receive(b"552 too big\r\n")
    assert not upload.wants(session)
    assert [reply.code for reply in future.result()] == [250, 552]
    assert session.phase is Phase.READY


def test_the_replies_to_chunks_already_said_are_awaited_after_a_refusal() -> None:
    session = ready()
    future = begun(session, ask_all(chunked(Stream([]), size=2)))
    upload.said(session, b"aabbcc")
    session.receive(b"552 too big\r\n")
    assert not future.done()
    assert not upload.wants(session)
    session.receive(b"503 no MAIL\r\n")
    assert [reply.code for reply in future.result()] == [552, 503]


def ask_all(batch: Batch) -> Any:
    return (yield batch)


def test_of_the_replies_to_chunks_the_first_refusal_counts() -> None:
    outcome = converse(
        deliver(SENDER, RCPT, Stream(TEN), pipelining=True, chunking=True, chunk=6),
        PIPELINED + "S: 250 ok\nS: 250 ok\nS: 552 too big\nS: 503 no MAIL",
    )
    assert [reply.code for reply in outcome.content] == [552]


def test_lmtp_gives_a_reply_for_each_recipient_after_the_last_chunk_only() -> None:
    outcome = converse(
        deliver(
            SENDER,
            [rcpt("b@x"), rcpt("c@x")],
            Stream(TEN),
            pipelining=True,
            chunking=True,
            chunk=6,
            lmtp=True,
        ),
        """
        C: MAIL FROM:<a@x>
        C: RCPT TO:<b@x>
        C: RCPT TO:<c@x>
        C: BDAT 6
        C: 1234
        C: BDAT 4 LAST
        C: 89
        S: 250 ok
        S: 250 ok
        S: 250 ok
        S: 250 six
        S: 250 b has it
        S: 452 c is full
        """,
        ready(lmtp=True),
    )
    assert [reply.code for reply in outcome.content] == [250, 452]
