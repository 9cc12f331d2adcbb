"""Which reply answers what, and what it does."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import Future
from typing import Any

import pytest
from conversation import Watched, converse, ready

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
from smtpconsole.smtp.errors import Disconnected, HandshakeFailed, Silence, Unreachable
from smtpconsole.smtp.events import (
    Anomaly,
    Answered,
    Closed,
    Learned,
    Phase,
    Proposed,
    Sent,
    Target,
    Tried,
)
from smtpconsole.smtp.exchanges import ask, deliver, greeting, hello, start_tls, typed
from smtpconsole.smtp.facts import Alert, Problem, TlsaRecord, TlsFacts
from smtpconsole.smtp.replies import Reply
from smtpconsole.smtp.session import Batch, Exchange, Session
from smtpconsole.smtp.streams import Stream


@pytest.fixture
def session() -> Session:
    return ready()


def anomalies(session: Session) -> list[str]:
    assert isinstance(session, Watched)
    return [event.kind for event in session.of(Anomaly)]


def one(send: Send) -> Generator[Batch, list[Reply], list[Reply]]:
    return (yield (send,))


def always(batch: Batch) -> bool:
    return True


# --- greeting and capabilities


def test_the_greeting_is_owed_before_anybody_asks() -> None:
    session = Watched()
    reply = converse(greeting(), "S: 220 mail.example.org ESMTP", session)
    assert reply.code == 220
    assert session.phase is Phase.READY


def test_a_greeting_of_421_leaves_only_the_end() -> None:
    session = Watched()
    converse(greeting(), "S: 421 4.3.2 too busy", session)
    assert session.phase is Phase.CLOSING


@pytest.mark.parametrize("octets", [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 400 Bad\r\n"])
def test_what_is_not_smtp_is_named(octets: bytes) -> None:
    session = Watched()
    session.begin(greeting(), Future())
    session.receive(octets)
    assert "not SMTP" in anomalies(session)


def test_ehlo_teaches_what_the_server_can_do(session: Session) -> None:
    converse(hello(b"me"), "C: EHLO me\nS: 250-mail.example.org\nS: 250 SIZE 1000", session)
    assert session.capabilities.greeting == "mail.example.org"
    assert session.capabilities.size == 1000
    assert isinstance(session, Watched)
    assert session.of(Learned)[0].capabilities is session.capabilities


def test_helo_teaches_the_name_alone(session: Session) -> None:
    converse(ask(command(b"HELO", b"me")), "C: HELO me\nS: 250-hi\nS: 250 SIZE 1", session)
    assert session.capabilities.greeting == "hi"
    assert list(session.capabilities) == []


def test_an_ehlo_that_is_refused_changes_nothing(session: Session) -> None:
    converse(hello(b"me"), "C: EHLO me\nS: 250-a\nS: 250 SIZE", session)
    converse(hello(b"me"), "C: EHLO me\nS: 503 5.5.1 already identified", session)
    converse(ask(command(b"HELO", b"me")), "C: HELO me\nS: 503 5.5.1 already", session)
    assert "SIZE" in session.capabilities


def test_capabilities_that_need_others_are_remarked(session: Session) -> None:
    converse(hello(b"me"), "C: EHLO me\nS: 250-a\nS: 250 BINARYMIME", session)
    assert anomalies(session) == ["capability without its extension"]


# --- pairing


def test_a_reply_sent_before_the_question_is_not_its_answer(session: Session) -> None:
    def two() -> Generator[Batch, list[Reply], tuple[Reply, Reply]]:
        first = yield from ask(command(b"NOOP"))
        second = yield from ask(command(b"RSET"))
        return first, second

    first, second = converse(
        two(),
        """
        C: NOOP
        S: 250 one
        S: 250 one too many
        C: RSET
        S: 250 two
        """,
        session,
    )
    assert (first.text, second.text) == ("one", "two")
    assert anomalies(session) == ["unsolicited reply"]


def test_a_late_reply_to_an_abandoned_command_is_still_paired(session: Session) -> None:
    session.begin(ask(command(b"NOOP")), Future())
    session.take_outgoing()
    session.abandon()
    reply = converse(ask(command(b"RSET")), "C: RSET\nS: 250 to noop\nS: 250 to rset", session)
    assert reply.text == "to rset"
    assert isinstance(session, Watched)
    pairs = [(event.send.verb, event.reply.text) for event in session.of(Answered)]
    assert pairs == [(b"NOOP", "to noop"), (b"RSET", "to rset")]


@pytest.mark.parametrize("said", [b"250 ok\r\n", b""], ids=["answered", "lost"])
def test_a_caller_who_was_cancelled_a_moment_ago_is_not_told(session: Session, said: bytes) -> None:
    future: Future[Any] = Future()
    session.begin(ask(command(b"NOOP")), future)
    future.cancel()  # and the caller, who would abandon the exchange, has not run yet
    session.receive(said) if said else session.receive_eof()
    assert future.cancelled() and session.running is None


@pytest.mark.parametrize("line", ["DATA", "AUTH LOGIN", "STARTTLS"])
def test_who_gives_up_while_these_are_unanswered_must_not_go_on(
    session: Session, line: str
) -> None:
    assert not session.is_amid
    session.begin(typed(session, line.encode()), Future())
    session.abandon()
    assert session.is_amid
    session.receive(b"502 no\r\n")
    assert not session.is_amid


def test_abandoning_nothing_is_nothing(session: Session) -> None:
    session.abandon()
    assert converse(ask(command(b"NOOP")), "C: NOOP\nS: 250 ok", session).code == 250


def test_a_chunk_that_answers_half_a_batch_does_not_resume_it(session: Session) -> None:
    def both() -> Generator[Batch, list[Reply], list[Reply]]:
        return (yield (command(b"NOOP"), command(b"RSET")))

    found = converse(both(), "C: NOOP\nC: RSET\nS: 250 a\n*: silence\nS: 250 b", session)
    assert [reply.text for reply in found] == ["a", "b"]


def test_garbage_is_sent_as_it_is_and_changes_nothing(session: Session) -> None:
    garbage = b"\x00\xffDATA\n\n"
    future: Future[Any] = Future()
    session.begin(one(raw(garbage, replies=2)), future)
    assert session.take_outgoing() == [garbage]
    session.receive(b"354 what\r\n")
    session.receive(b"500 what\r\n")
    assert [reply.code for reply in future.result()] == [354, 500]
    assert session.phase is Phase.READY


def test_what_asks_for_no_reply_does_not_wait_for_one(session: Session) -> None:
    assert converse(one(raw(b"x\r\n", replies=0)), "C: x", session) == []


def test_an_exchange_that_fails_fails_its_future(session: Session) -> None:
    def broken() -> Generator[Batch, list[Reply], None]:
        yield (command(b"NOOP"),)
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        converse(broken(), "C: NOOP\nS: 250 ok", session)
    assert converse(ask(command(b"NOOP")), "C: NOOP\nS: 250 ok", session).code == 250


# --- trouble


def test_a_421_may_come_at_any_time(session: Session) -> None:
    session.receive(b"421 4.3.2 shutting down\r\n")
    assert session.phase is Phase.CLOSING
    assert anomalies(session) == ["unsolicited reply"]


def test_an_unsolicited_reply_that_is_no_421_changes_nothing(session: Session) -> None:
    session.receive(b"250 hello\r\n")
    assert session.phase is Phase.READY


def test_a_421_to_a_command_leaves_only_the_end(session: Session) -> None:
    converse(ask(command(b"NOOP")), "C: NOOP\nS: 421 go away", session)
    assert session.phase is Phase.CLOSING


def test_the_replies_of_a_batch_that_dies_half_way_are_not_lost(session: Session) -> None:
    def both() -> Generator[Batch, list[Reply], list[Reply]]:
        return (yield (command(b"NOOP"), command(b"RSET")))

    with pytest.raises(Disconnected, match="closed by the server") as caught:
        converse(both(), "C: NOOP\nC: RSET\nS: 250 a\n*: closed", session)
    assert [reply.text for reply in caught.value.replies] == ["a"]
    assert session.phase is Phase.CLOSED


def test_a_lost_connection_tells_why(session: Session) -> None:
    with pytest.raises(Disconnected, match="reset by peer"):
        converse(ask(command(b"NOOP")), "C: NOOP\n*: lost", session)
    assert isinstance(session, Watched)
    assert session.of(Closed) == [Closed("server", "reset by peer")]


def test_silence_reaches_the_exchange_as_silence(session: Session) -> None:
    future: Future[Any] = Future()
    session.begin(ask(command(b"NOOP")), future)
    assert session.waiting_for is not None and session.waiting_for.verb == b"NOOP"
    session.receive_eof(Silence("No reply to NOOP within 5 seconds"))
    with pytest.raises(Silence):
        future.result()
    assert session.waiting_for is None
    assert isinstance(session, Watched)
    assert session.of(Closed)[0].by == "client"


def test_an_end_is_an_end_only_once(session: Session) -> None:
    session.receive_eof()
    session.receive_eof(OSError("again"))
    assert isinstance(session, Watched)
    assert len(session.of(Closed)) == 1


def test_half_a_reply_before_the_end_is_shown(session: Session) -> None:
    session.receive(b"421 going do")
    session.receive_eof()
    assert anomalies(session) == ["incomplete reply"]


def test_nothing_can_be_asked_after_the_end(session: Session) -> None:
    session.receive_eof()
    with pytest.raises(Disconnected, match="Not connected"):
        converse(ask(command(b"NOOP")), "", session)


def test_an_exchange_may_mend_the_end(session: Session) -> None:
    def stubborn() -> Generator[Batch, list[Reply], str]:
        try:
            yield (command(b"NOOP"),)
        except Disconnected:
            return "never mind"
        return "fine"

    assert converse(stubborn(), "C: NOOP\n*: closed", session) == "never mind"


def test_an_exchange_that_talks_on_after_the_end_is_stopped(session: Session) -> None:
    def deaf() -> Generator[Batch, list[Reply], None]:
        for _ in range(2):
            try:
                yield (command(b"NOOP"),)
            except Disconnected:
                yield (command(b"RSET"),)

    with pytest.raises(Disconnected):
        converse(deaf(), "C: NOOP\n*: closed", session)


@pytest.mark.parametrize("octets", [b"250 " + b"x" * 5000, b"250-x\r\n" * 600])
def test_a_reply_without_end_ends_the_session(session: Session, octets: bytes) -> None:
    future: Future[Any] = Future()
    session.begin(ask(command(b"NOOP")), future)
    session.receive(octets)
    assert session.phase is Phase.CLOSED
    with pytest.raises(Disconnected, match="has no end"):
        future.result()


def test_a_session_without_observer_works_the_same() -> None:
    session = Session()
    session.phase = Phase.READY
    session.receive(b"250 what\n")  # unsolicited, and flawed
    converse(hello(b"me"), "C: EHLO me\nS: 250-a\nS: 250 BINARYMIME", session)
    session.holds = always
    session.begin(start_tls(), Future())
    session.release()
    session.holds = None
    session.receive(b"220 go\r\n")
    session.upgraded()
    session.receive_eof()
    assert session.phase is Phase.CLOSED


# --- STARTTLS


def test_starttls_forgets_what_plaintext_said(session: Session) -> None:
    session.identity = "alice"

    def secure() -> Generator[Batch, list[Reply], Reply]:
        yield from hello(b"me")
        yield from start_tls()
        assert list(session.capabilities) == []
        return (yield from hello(b"me"))

    converse(
        secure(),
        """
        C: EHLO me
        S: 250-example.org
        S: 250-STARTTLS
        S: 250 XYZ
        C: STARTTLS
        S: 220 go
        *: silence
        *: TLS
        C: EHLO me
        S: 250-example.org
        S: 250 STARTTLS
        """,
        session,
    )
    assert session.is_secure and session.identity is None
    assert "XYZ" not in session.capabilities
    assert anomalies(session) == ["STARTTLS still offered under TLS"]


def test_starttls_that_is_no_longer_offered_is_remarked(session: Session) -> None:
    converse(hello(b"me"), "C: EHLO me\nS: 250-mail\nS: 250 STARTTLS", session)
    assert anomalies(session) == []
    converse(hello(b"me"), "C: EHLO me\nS: 250 mail", session)
    assert anomalies(session) == ["STARTTLS no longer offered"]


@pytest.mark.parametrize(
    "octets", [b"220 go\r\n250 AUTH PLAIN\r\n", b"220 go\r\n250-AUTH PLA", b"220 go\r\n \r\n"]
)
def test_plaintext_behind_starttls_ends_the_session(session: Session, octets: bytes) -> None:
    future: Future[Any] = Future()
    session.begin(start_tls(), future)
    session.receive(octets)
    assert session.phase is Phase.CLOSED
    assert isinstance(session, Watched)
    (anomaly,) = (event for event in session.of(Anomaly) if "plaintext" in event.kind)
    assert anomaly.detail == ascii(octets.removeprefix(b"220 go\r\n"))[2:-1]
    with pytest.raises(HandshakeFailed, match="injects"):
        future.result()


def test_starttls_refused_changes_nothing(session: Session) -> None:
    assert converse(start_tls(), "C: STARTTLS\nS: 454 4.7.0 not now", session).code == 454
    assert session.phase is Phase.READY and not session.is_secure


def test_starttls_typed_by_hand_upgrades_all_the_same(session: Session) -> None:
    converse(typed(session, b"starttls"), "C: starttls\nS: 220 go\n*: TLS", session)
    assert session.phase is Phase.READY and session.is_secure


def test_an_abandoned_starttls_still_upgrades(session: Session) -> None:
    session.begin(start_tls(), Future())
    session.take_outgoing()
    session.abandon()
    session.receive(b"220 go\r\n")
    assert session.phase is Phase.UPGRADING
    session.upgraded()
    assert converse(ask(command(b"NOOP")), "C: NOOP\nS: 250 ok", session).code == 250


# --- a transaction by hand


def test_a_transaction_typed_by_hand(session: Session) -> None:
    def say(line: bytes, script: str) -> Any:
        return converse(typed(session, line), script, session)

    say(b"MAIL FROM:<a@x>", "C: MAIL FROM:<a@x>\nS: 250 ok")
    assert session.transaction is not None and session.transaction.sender == "a@x"
    say(b"RCPT TO:<b@x>", "C: RCPT TO:<b@x>\nS: 250 ok")
    say(b"rcpt to:<c@x>", "C: rcpt to:<c@x>\nS: 550 no")
    assert session.transaction.accepted == ["b@x"]
    assert [who for who, _ in session.transaction.refused] == ["c@x"]
    say(b"data", "C: data\nS: 354 go")
    assert session.phase is Phase.CONTENT
    say(b"QUIT is only a word here", "C: QUIT is only a word here")
    (reply,) = say(b".", "C: .\nS: 250 queued")
    assert reply.text == "queued"
    assert session.phase is Phase.READY and session.transaction is None


def test_a_refused_mail_opens_no_transaction(session: Session) -> None:
    converse(typed(session, b"MAIL FROM:<a@x>"), "C: MAIL FROM:<a@x>\nS: 550 no", session)
    converse(typed(session, b"RCPT TO:<b@x>"), "C: RCPT TO:<b@x>\nS: 503 MAIL first", session)
    assert session.transaction is None


def test_a_recipient_without_mail_is_the_servers_affair(session: Session) -> None:
    converse(typed(session, b"RCPT TO:<b@x>"), "C: RCPT TO:<b@x>\nS: 250 why not", session)
    assert session.transaction is not None and session.transaction.accepted == ["b@x"]


def test_rset_and_a_refused_one(session: Session) -> None:
    converse(typed(session, b"MAIL FROM:<>"), "C: MAIL FROM:<>\nS: 250 ok", session)
    converse(ask(command(b"RSET")), "C: RSET\nS: 500 what", session)
    assert session.transaction is not None
    converse(ask(command(b"RSET")), "C: RSET\nS: 250 ok", session)
    assert session.transaction is None


def test_data_refused_is_no_content(session: Session) -> None:
    converse(typed(session, b"DATA"), "C: DATA\nS: 503 no", session)
    assert session.phase is Phase.READY


def test_lines_without_meaning_are_said_too(session: Session) -> None:
    converse(typed(session, b""), "C: \nS: 500 what", session)
    converse(typed(session, b"MAIL me"), "C: MAIL me\nS: 501 what", session)
    assert session.typed(b"MAIL me").about is None


def test_quit_leaves_only_the_end_unless_refused(session: Session) -> None:
    converse(typed(session, b"QUIT"), "C: QUIT\nS: 500 no", session)
    assert session.phase is Phase.READY
    converse(typed(session, b"QUIT"), "C: QUIT\nS: 221 bye", session)
    assert session.phase is Phase.CLOSING


def test_the_final_dot_in_lmtp_is_answered_for_each_accepted_recipient() -> None:
    session = ready(lmtp=True)
    for who in ("b@x", "c@x"):
        converse(ask(rcpt(who)), f"C: RCPT TO:<{who}>\nS: 250 ok", session)
    converse(typed(session, b"DATA"), "C: DATA\nS: 354 go", session)
    assert session.typed(b".").replies == PER_RECIPIENT
    found = converse(typed(session, b"."), "C: .\nS: 250 b\n*: silence\nS: 452 c", session)
    assert [reply.code for reply in found] == [250, 452]
    assert session.phase is Phase.READY and session.transaction is None


def test_the_final_dot_in_lmtp_without_transaction_is_answered_once() -> None:
    session = ready(lmtp=True)
    session.phase = Phase.CONTENT
    converse(typed(session, b"."), "C: .\nS: 503 no", session)
    assert session.phase is Phase.READY


def test_bdat_ends_the_transaction_with_its_last_chunk(session: Session) -> None:
    converse(typed(session, b"MAIL FROM:<>"), "C: MAIL FROM:<>\nS: 250 ok", session)
    session.begin(one(Send(b"BDAT 2\r\nHi", b"BDAT")), Future())
    session.receive(b"250 2 octets\r\n")
    assert session.transaction is not None
    session.begin(one(Send(b"BDAT 0 LAST\r\n", b"BDAT")), Future())
    session.receive(b"250 queued\r\n")
    assert session.transaction is None


# --- AUTH by hand


def test_a_password_typed_by_hand_is_a_secret(session: Session) -> None:
    converse(typed(session, b"auth login"), "C: auth login\nS: 334 VXNlcm5hbWU6", session)
    converse(typed(session, b"dGlt"), "C: dGlt\nS: 334 UGFzc3dvcmQ6", session)
    converse(typed(session, b"cHc="), "C: cHc=\nS: 235 hello", session)
    assert isinstance(session, Watched)
    marks = [(event.send.secret, event.send.about) for event in session.of(Sent)]
    assert marks == [(None, None), (slice(0, 4), "tim"), (slice(0, 4), None)]
    assert session.identity == "tim"


def test_an_initial_response_typed_by_hand_is_a_secret_the_rest_is_not(session: Session) -> None:
    send = session.typed(b"AUTH  plain AHRpbQBw")
    assert send.secret is not None and send.data[send.secret] == b"AHRpbQBw"
    assert send.about == "tim"


def test_who_cannot_be_read_is_somebody(session: Session) -> None:
    converse(typed(session, b"AUTH X-MAGIC abc"), "C: AUTH X-MAGIC abc\nS: 235 hello", session)
    assert session.identity == "somebody"


def test_the_user_of_cram_md5_is_read_from_its_answer(session: Session) -> None:
    converse(typed(session, b"AUTH CRAM-MD5"), "C: AUTH CRAM-MD5\nS: 334 PDFAeD4=", session)
    converse(typed(session, b"dGltIDAw"), "C: dGltIDAw\nS: 235 ok", session)
    assert session.identity == "tim"


def test_auth_cancelled_by_hand_is_no_secret(session: Session) -> None:
    converse(typed(session, b"AUTH LOGIN"), "C: AUTH LOGIN\nS: 334 %%%", session)
    assert session.typed(b"*").secret is None
    converse(typed(session, b"*"), "C: *\nS: 501 cancelled", session)
    assert session.phase is Phase.READY and session.identity is None


def test_a_command_said_to_a_challenge_is_a_response_and_a_secret(session: Session) -> None:
    converse(ask(command(b"AUTH", b"LOGIN")), "C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6", session)
    converse(ask(command(b"dGlt")), "C: dGlt\nS: 334 UGFzc3dvcmQ6", session)
    converse(ask(command(b"cHc=")), "C: cHc=\nS: 235 hello", session)
    assert isinstance(session, Watched)
    assert [send.secret for send in sent(session)] == [None, slice(0, 4), slice(0, 4)]
    assert session.identity == "tim" and session.phase is Phase.READY


def test_octets_without_a_verb_to_a_challenge_are_secret_and_without_consequence(
    session: Session,
) -> None:
    converse(ask(command(b"AUTH", b"LOGIN")), "C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6", session)
    converse(ask(raw(b"cHc=\r\n")), "C: cHc=\nS: 235 hello", session)
    assert isinstance(session, Watched)
    assert sent(session)[-1].secret == slice(0, 6) and session.phase is Phase.AUTH


def sent(session: Watched) -> list[Send]:
    return [event.send for event in session.of(Sent)]


def test_an_initial_response_given_as_an_argument_is_a_secret() -> None:
    send = command(b"auth", b"PLAIN", b"AHRpbQBw")
    assert send.secret is not None and send.data[send.secret] == b"AHRpbQBw"


# --- what the values say


def test_a_target_reads_as_people_write_it() -> None:
    assert str(Target("mail.example.org", 25)) == "mail.example.org:25"
    assert str(Target("::1", 465, implicit_tls=True)) == "[::1]:465"


def test_only_errors_count_as_errors() -> None:
    problems = (Problem("error", "expired", 0, "x"), Problem("info", "root-sent", 1, "y"))
    assert TlsFacts(problems=problems).errors == problems[:1]


def test_errors_carry_what_was_known() -> None:
    attempt = Tried("192.0.2.1:25", "refused", 0.1)
    nothing = Unreachable("nothing", [attempt])
    assert str(nothing) == "nothing" and nothing.attempts == [attempt]
    assert HandshakeFailed("no").facts == TlsFacts()
    noop = command(b"NOOP")
    silence = Silence("No reply", noop)
    assert str(silence) == "No reply" and silence.waiting_for is noop
    assert (silence.timer, silence.unsent, silence.taken) == ("other", 0, None)
    assert Disconnected("gone").left == b""


@pytest.mark.parametrize("kind", [Disconnected, HandshakeFailed, Silence])
def test_an_error_claims_nothing_of_a_message_unless_it_is_told(kind: type[Any]) -> None:
    assert (kind("x").is_cut_short, kind("x").is_in_doubt) == (False, False)


def test_plaintext_behind_starttls_ends_a_session_that_nobody_watches() -> None:
    session = Session(None)
    future: Future[Any] = Future()
    session.begin(start_tls(), future)
    session.take_outgoing()
    session.phase = Phase.READY
    session.receive(b"220 go\r\n250 hi\r\n")
    assert isinstance(future.exception(), HandshakeFailed)
    assert future.exception().facts.failure == "injected"


# --- step mode


def test_step_mode_shows_each_batch_before_it_is_said(session: Session) -> None:
    future: Future[Any] = Future()
    session.holds = always
    session.begin(hello(b"me"), future)
    assert session.take_outgoing() == []
    assert session.proposed is not None
    assert session.proposed[0].data == b"EHLO me\r\n"
    assert isinstance(session, Watched)
    assert len(session.of(Proposed)) == 1
    session.release([command(b"EHLO", b"somebody-else")])
    assert session.take_outgoing() == [b"EHLO somebody-else\r\n"]
    assert session.proposed is None
    session.receive(b"250 hi\r\n")
    assert future.result().text == "hi"


def test_a_batch_released_empty_goes_on_without_replies(session: Session) -> None:
    session.holds = always
    future: Future[Any] = Future()
    session.begin(one(command(b"NOOP")), future)
    session.release([])
    assert future.result() == []
    assert session.take_outgoing() == []


def held(session: Session, *lines: bytes) -> Future[Any]:
    """A batch of these lines that is held."""
    session.holds = always
    future: Future[Any] = Future()
    session.begin(several(*lines), future)
    return future


def several(*lines: bytes) -> Exchange[list[Reply]]:
    return (yield [command(line) for line in lines])


def test_what_is_not_said_has_an_answer_all_the_same(session: Session) -> None:
    future = held(session, b"NOOP", b"RSET", b"VRFY", b"HELP")
    assert session.proposed is not None
    noop, _, vrfy, _ = session.proposed
    left_out = [Reply(-1, [b"not said"]), Reply(-1, [b"nor this"])]
    session.release([noop, left_out[0], vrfy, left_out[1]])
    assert session.take_outgoing() == [b"NOOP\r\n", b"VRFY\r\n"]
    session.receive(b"250 noop\r\n")
    assert not future.done()
    session.receive(b"252 vrfy\r\n")
    assert [reply.text for reply in future.result()] == ["noop", "not said", "vrfy", "nor this"]


def test_what_stands_in_for_answers_keeps_its_place(session: Session) -> None:
    one, two, three = (Reply(-1, [text]) for text in (b"one", b"two", b"three"))
    future = held(session, b"NOOP", b"NOOP", b"NOOP", b"NOOP")
    session.release([one, two, raw(b"x", replies=0), three, command(b"NOOP")])
    session.receive(b"250 noop\r\n")
    assert [reply.text for reply in future.result()] == ["one", "two", "three", "noop"]


def test_a_batch_of_which_nothing_is_said_is_answered_at_once(session: Session) -> None:
    future = held(session, b"NOOP")
    session.release([Reply(-1, [b"not said"])])
    assert session.take_outgoing() == []
    assert [reply.text for reply in future.result()] == ["not said"]


def test_a_batch_goes_in_parts_and_the_rest_is_proposed_anew(session: Session) -> None:
    future = held(session, b"NOOP", b"RSET", b"HELP")
    assert session.proposed is not None
    first, *rest = session.proposed
    session.holds = None  # what is left is held all the same
    session.release([first], rest)
    assert session.take_outgoing() == [b"NOOP\r\n"]
    assert session.proposed is None
    session.receive(b"250 one\r\n")
    assert session.proposed == rest
    assert isinstance(session, Watched)
    assert [event.batch for event in session.of(Proposed)][1:] == [rest]
    session.release([Reply(-1, [b"not said"])], rest[1:])
    assert session.take_outgoing() == []  # nothing was to be waited for
    session.release()
    session.receive(b"214 three\r\n")
    assert [reply.text for reply in future.result()] == ["one", "not said", "three"]
    assert session.phase is Phase.READY


def test_a_rest_is_proposed_to_whoever_does_not_watch() -> None:
    session = Session()
    session.phase = Phase.READY
    future = held(session, b"NOOP", b"RSET")
    assert session.proposed is not None
    session.release(session.proposed[:1], session.proposed[1:])
    session.receive(b"250 ok\r\n")
    session.release()
    session.receive(b"250 ok\r\n")
    assert len(future.result()) == 2


def test_what_is_withdrawn_ends_its_exchange_and_the_session_goes_on(session: Session) -> None:
    future = held(session, b"NOOP")
    session.withdraw(ValueError("not sent"))
    with pytest.raises(ValueError, match="not sent"):
        future.result()
    assert (session.take_outgoing(), session.proposed, session.running) == ([], None, None)
    session.holds = None
    again: Future[Any] = Future()
    session.begin(one(command(b"RSET")), again)
    session.receive(b"250 rset\r\n")
    assert again.result()[0].text == "rset"


def test_a_held_exchange_that_is_abandoned_leaves_the_session_paired(session: Session) -> None:
    held(session, b"NOOP")
    session.abandon()
    assert session.proposed is None
    session.holds = None
    future: Future[Any] = Future()
    session.begin(one(command(b"RSET")), future)
    session.receive(b"250 rset\r\n")
    assert future.result()[0].text == "rset"


def test_the_connection_may_end_while_a_batch_is_held(session: Session) -> None:
    future = held(session, b"NOOP", b"RSET")
    session.receive_eof()
    assert session.proposed is None
    with pytest.raises(Disconnected):
        future.result()


def test_a_chunk_that_is_typed_begins_when_its_line_is_said(session: Session) -> None:
    session.holds = always
    future: Future[Any] = Future()
    session.begin(typed(session, b"BDAT 5"), future)
    assert (session.phase, session.chunk) == (Phase.READY, None)
    session.withdraw(ValueError("not sent"))
    assert (session.phase, session.chunk) == (Phase.READY, None)
    again: Future[Any] = Future()
    session.begin(typed(session, b"BDAT 5"), again)
    session.release()
    assert session.phase is Phase.CONTENT
    assert session.chunk is not None and session.chunk.left == 5


def test_an_alert_says_who_sent_it_and_the_last_one_is_kept_in_words() -> None:
    ours, theirs = (
        Alert("client", 48, "unknown CA", True),
        Alert("server", 0, "close notify", False),
    )
    assert TlsFacts(alerts=(theirs, ours)).alert == "unknown CA, from us"
    assert TlsFacts(alerts=(ours, theirs)).alert == "close notify, from the server"
    assert TlsFacts(alerts=(ours,)).alert == "unknown CA, from us"
    assert TlsFacts().alert is None


def test_a_tlsa_record_reads_as_in_a_zone() -> None:
    assert str(TlsaRecord(3, 1, 1, b"\xab\xcd")) == "3 1 1 abcd"


def test_without_an_observer_plaintext_behind_starttls_ends_all_the_same() -> None:
    session = Session()
    session.phase = Phase.READY
    future: Future[Reply] = Future()
    session.begin(start_tls(), future)
    session.receive(b"220 go\r\n250 injected\r\n")
    with pytest.raises(HandshakeFailed, match="plaintext"):
        future.result()


def test_of_the_replies_nobody_asked_for_the_first_is_kept(session: Session) -> None:
    session.receive(b"250 one\r\n250 two\r\n")
    assert str(session.surplus) == "250 one" and str(session.last_reply) == "250 two"
    assert remarks(session) == [
        Anomaly("unsolicited reply", "250 one"),
        Anomaly("unsolicited reply", "250 two"),
    ]


def remarks(session: Session) -> list[Anomaly]:
    assert isinstance(session, Watched)
    return session.of(Anomaly)


def closed(session: Session) -> Closed:
    """How it ended, which is the last that happens."""
    assert isinstance(session, Watched)
    last = session.events[-1]
    assert isinstance(last, Closed)
    return last


def waiting(session: Session, send: Send) -> Future[Any]:
    """Something is said, and not answered yet."""
    future: Future[Any] = Future()
    session.begin(one(send), future)
    session.take_outgoing()
    return future


def test_a_session_begins_with_nothing_known() -> None:
    session = Session()
    assert session.phase is Phase.GREETING and not session.lmtp
    assert (session.mechanism, session.challenge) == ("", b"")


def test_of_the_answers_that_leave_in_doubt_what_they_say_the_first_is_kept(
    session: Session,
) -> None:
    session.receive(b"what\r\n")  # answers nothing
    waiting(session, command(b"NOOP"))
    session.receive(b"250 odd, and clear\n")
    assert session.malformed is None
    for line in (b"one\r\n", b"two\r\n"):
        waiting(session, command(b"NOOP"))
        session.receive(line)
    assert session.malformed == Reply(-1, [b"one"], ("no reply code",), b"one\r\n")
    assert remarks(session)[-1] == Anomaly("no reply code", "")


@pytest.mark.parametrize(
    ("octets", "is_malformed"),
    [
        (b"250 o\rk\n", False),
        (b"600 what\r\n", True),
        (b"250-a\r\n550 b\r\n", True),
        (b"250-a\r\nwhat\r\n250 b\r\n", True),
        (b"what\r\n", True),
        (b"250 " + b"x" * 5000, True),
        (b"250-more\r\n" * 600, True),
    ],
)
def test_some_flaws_leave_in_doubt_what_was_said(
    session: Session, octets: bytes, is_malformed: bool
) -> None:
    waiting(session, command(b"NOOP"))
    session.receive(octets)
    assert (session.malformed is not None) is is_malformed


def test_a_message_stays_in_doubt_whatever_else_is_answered(session: Session) -> None:
    for send, is_in_doubt in (
        (command(b"NOOP"), False),
        (Send(b".\r\n", CONTENT), True),
        (command(b"NOOP"), True),
    ):
        waiting(session, send)
        session.receive(b"what\r\n")
        assert session.is_in_doubt is is_in_doubt


@pytest.mark.parametrize("line", [b"250 " + b"x" * 5000, b"250-more\r\n" * 600])
def test_what_has_no_end_is_ended_by_us_and_heard_no_further(session: Session, line: bytes) -> None:
    future = waiting(session, command(b"NOOP"))
    session.receive(line)
    assert closed(session).by == "client"
    assert str(future.exception()).endswith("too long; the reply has no end")


def test_the_end_of_the_connection_is_told_with_what_was_left(session: Session) -> None:
    future = waiting(session, command(b"NOOP"))
    session.receive(b"250-a\r\n25")
    session.receive_eof()
    assert remarks(session) == [Anomaly("incomplete reply", r"250-a\r\n25")]
    assert closed(session) == Closed("server", None, False)
    assert str(future.exception()) == "Connection closed by the server"


def test_an_end_that_was_announced_is_told_as_one(session: Session) -> None:
    session.receive(b"421 bye\r\n")
    session.receive_eof()
    assert closed(session) == Closed("server", None, True)


@pytest.mark.parametrize("is_announced", [True, False])
def test_content_that_cannot_be_read_is_our_end(session: Session, is_announced: bool) -> None:
    if is_announced:
        session.receive(b"421 bye\r\n")
    session.failed(OSError("gone"))
    told = "the content could not be read: gone"
    assert closed(session) == Closed("client", told, is_announced)


def test_what_is_known_to_be_cut_short_stays_so(session: Session) -> None:
    waiting(session, command(b"NOOP"))
    silence = Silence("No reply")
    silence.is_cut_short = True
    session.receive_eof(silence)
    assert silence.is_cut_short


def test_nobody_is_in_doubt_of_a_message_that_was_given_up_before(session: Session) -> None:
    session.phase = Phase.CONTENT
    waiting(session, Send(b".\r\n", CONTENT))
    session.abandon()
    future = waiting(session, command(b"NOOP"))
    session.receive_eof()
    ended = future.exception()
    assert isinstance(ended, Disconnected) and not ended.is_in_doubt


def test_all_that_came_behind_starttls_is_told(session: Session) -> None:
    future: Future[Any] = Future()
    session.begin(start_tls(), future)
    session.receive(b"220 go\r\n250 a\r\n250 b\r\n25")
    told = r"250 a\r\n250 b\r\n25"
    assert remarks(session) == [Anomaly("plaintext after STARTTLS", told)]
    assert str(future.exception()) == (
        "16 octets of plaintext came behind the reply to STARTTLS; "
        "the server or something on the path injects them"
    )
    assert closed(session).by == "client"


def test_what_was_said_behind_starttls_is_still_waited_for_under_tls(session: Session) -> None:
    future: Future[Any] = Future()
    session.begin(several(b"STARTTLS", b"NOOP"), future)
    session.receive(b"220 go\r\n")
    session.upgraded()
    assert not future.done()
    session.receive(b"250 noop\r\n")
    assert [reply.code for reply in future.result()] == [220, 250]


def test_a_reply_for_each_is_one_where_there_is_nobody(session: Session) -> None:
    future = waiting(session, raw(b".\r\n", replies=PRDR))
    session.receive(b"353 each\r\n250 all\r\n")
    assert len(future.result()) == 2


def test_whoever_is_told_that_something_must_not_be_said_may_say_another_thing(
    session: Session,
) -> None:
    def permit(batch: Batch) -> None:
        if batch[0].verb == b"DATA":
            raise ValueError("not here")

    session.permit = permit
    refused: Future[Any] = Future()
    again: Future[Any] = Future()
    refused.add_done_callback(lambda _: session.begin(one(command(b"NOOP")), again))
    session.begin(one(command(b"DATA")), refused)
    assert session.running is not None
    session.receive(b"250 ok\r\n")
    assert again.result()[0].code == 250


def test_a_421_is_the_reason_for_all_that_fails_after_it(session: Session) -> None:
    session.receive(b"421 4.4.2 idle for too long\r\n")
    session.receive_eof()
    future: Future[Reply] = Future()
    session.begin(ask(command(b"NOOP")), future)
    with pytest.raises(Disconnected, match=r"Not connected; .*said: 421 4\.4\.2 idle for too long"):
        future.result()


# --- BDAT typed by hand


def in_turn(session: Session, *lines: bytes) -> list[Reply]:
    """Lines typed one after the other; the server answers each that asks with 250."""
    replies: list[Reply] = []
    for line in lines:
        future: Future[list[Reply]] = Future()
        session.begin(typed(session, line), future)
        while session.waiting_for is not None:
            session.receive(b"250 ok\r\n")
        replies += future.result()
    return replies


def said_by(session: Session) -> bytes:
    return b"".join(session.take_outgoing())


def test_a_typed_chunk_is_answered_when_all_its_octets_are_there(session: Session) -> None:
    in_turn(session, b"MAIL FROM:<a@x>", b"RCPT TO:<b@x>", b"BDAT 12 last")
    assert session.phase is Phase.CONTENT
    assert in_turn(session, b".") == []
    assert session.chunk is not None and session.chunk.left == 9
    assert len(in_turn(session, b"1234567")) == 1
    assert said_by(session).endswith(b"BDAT 12 last\r\n.\r\n1234567\r\n")
    assert session.phase is Phase.READY
    assert session.chunk is None and session.transaction is None
    assert anomalies(session) == []


@pytest.mark.parametrize(
    ("line", "octets"), [(b"12345", b"12345"), (b"1234", b"1234\r"), (b"123", b"123\r\n")]
)
def test_a_line_end_that_has_no_place_in_the_chunk_is_none(
    session: Session, line: bytes, octets: bytes
) -> None:
    in_turn(session, b"BDAT 5")
    said_by(session)
    assert len(in_turn(session, line)) == 1
    assert said_by(session) == octets


def test_what_a_line_has_beyond_the_chunk_is_a_command(session: Session) -> None:
    in_turn(session, b"BDAT 2")
    said_by(session)
    assert len(in_turn(session, b"HiRSET")) == 2
    assert said_by(session) == b"HiRSET\r\n"


def test_a_typed_chunk_that_is_not_the_last_leaves_the_transaction(session: Session) -> None:
    in_turn(session, b"MAIL FROM:<a@x>", b"RCPT TO:<b@x>", b"BDAT 4", b"Hi")
    assert session.transaction is not None
    assert len(in_turn(session, b"BDAT 0 LAST")) == 1
    assert session.transaction is None


def test_a_typed_last_chunk_in_lmtp_is_answered_for_each_recipient() -> None:
    session = ready(lmtp=True)
    in_turn(session, b"MAIL FROM:<a@x>", b"RCPT TO:<b@x>", b"RCPT TO:<c@x>", b"BDAT 4 LAST")
    assert len(in_turn(session, b"Hi")) == 2


def test_a_chunk_that_is_refused_before_it_is_typed_is_over(session: Session) -> None:
    in_turn(session, b"BDAT 400")
    session.receive(b"503 5.5.1 MAIL first\r\n")
    assert session.phase is Phase.READY
    assert session.chunk is None
    told = "503 5.5.1 MAIL first"
    assert remarks(session) == [Anomaly("reply before the end of the content", told)]


def test_a_bdat_line_that_makes_no_sense_is_answered_at_once(session: Session) -> None:
    assert len(in_turn(session, b"BDAT x", b"BDAT")) == 2
    assert session.phase is Phase.READY


def test_transactions_are_counted(session: Session) -> None:
    in_turn(session, b"MAIL FROM:<a@x>", b"RSET", b"MAIL FROM:<a@x>")
    assert session.mails == 2


def test_what_is_not_permitted_ends_its_exchange_and_nothing_is_said(session: Session) -> None:
    def permit(batch: Batch) -> None:
        if any(send.verb == b"DATA" for send in batch):
            raise ValueError("not here")

    session.permit = permit
    future: Future[Any] = Future()
    session.begin(one(command(b"DATA")), future)
    assert str(future.exception()) == "not here" and not session.take_outgoing()
    future = Future()
    session.begin(one(command(b"NOOP")), future)
    assert session.take_outgoing() == [b"NOOP\r\n"]


def test_what_is_not_permitted_is_not_released_either(session: Session) -> None:
    session.holds = always
    future: Future[Any] = Future()
    session.begin(one(command(b"NOOP")), future)

    def permit(batch: Batch) -> None:
        if batch[0].verb == b"DATA":
            raise ValueError("not here")

    session.permit = permit
    session.release((command(b"DATA"),))
    assert isinstance(future.exception(), ValueError) and not session.take_outgoing()
    assert session.running is None


@pytest.mark.parametrize("is_cut_short", [True, False])
def test_whoever_waits_learns_whether_all_was_said_when_the_connection_ended(
    session: Session, is_cut_short: bool
) -> None:
    for error in (None, Silence("No reply")):
        session = ready()
        future: Future[Any] = Future()
        session.begin(ask(command(b"NOOP")), future)
        session.receive_eof(error, is_cut_short=is_cut_short)
        ended = future.exception()
        assert isinstance(ended, Disconnected | Silence)
        assert ended.is_cut_short is is_cut_short


def test_content_that_is_not_said_to_its_end_is_cut_short(session: Session) -> None:
    future: Future[Any] = Future()
    content = Stream([b"one\r\n", b"two\r\n"])
    session.begin(deliver(mail("a@x"), [rcpt("b@x")], content), future)
    session.receive(b"250 ok\r\n")
    session.receive(b"250 ok\r\n")
    session.receive(b"354 go\r\n")
    session.receive_eof()
    ended = future.exception()
    assert isinstance(ended, Disconnected) and ended.is_cut_short
