"""A session and a server that is only a model, in any order that both may take.

The model answers, says what nobody asked for, cuts its octets anywhere, leaves; the client types,
pipelines, streams, logs in, upgrades, holds back and gives up.  After every step both must agree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

from conversation import Watched
from effort import FACTOR, NIGHTLY
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from model_server import CONTENT, GREETING, ModelServer
from parsing import SECRET

from smtpconsole.smtp import commands, exchanges, upload
from smtpconsole.smtp.events import Answered, Closed, Phase, Sent
from smtpconsole.smtp.login import login
from smtpconsole.smtp.outcome import Delivery
from smtpconsole.smtp.replies import Reply
from smtpconsole.smtp.sasl import MECHANISMS, credentials
from smtpconsole.smtp.session import Exchange
from smtpconsole.smtp.streams import Stream
from smtpconsole.transcript.formats import exported
from smtpconsole.transcript.journal import Journal

LINES = (
    *(
        "STARTTLS",
        "MAIL FROM:<a@x>",
        "RCPT TO:<b@y>",
        "RCPT TO:<b@y>",
        "DATA",
        "DATA",
        ".",
        ".",
        "BDAT 7",
    ),
    *("EHLO me", "HELO me", "MAIL FROM:<a@x>", "RCPT TO:<b@y>", "RCPT TO:<c@y>", "DATA", "RSET"),
    *("NOOP", "QUIT", "STARTTLS", "AUTH LOGIN", f"AUTH PLAIN {SECRET}", "*", ".", "", "Subject: x"),
    *("..", "BDAT 7", "BDAT 9 LAST", "hello", "XCLIENT NAME=x", "VRFY x", "nonsense"),
)
GROUPS = (
    *(("MAIL FROM:<a@x>", "RCPT TO:<b@y>", "DATA"), ("NOOP", "NOOP", "NOOP"), ("RSET", "EHLO me")),
    *(("RCPT TO:<b@y>", "RCPT TO:<c@y>"), ("NOOP", "STARTTLS"), ("RSET", "AUTH LOGIN")),
)
AS_IT_SHOULD = 0
CODES = st.sampled_from([0] * 9 + [250, 220, 221, 235, 334, 334, 353, 354, 450, 550, 554, 502])
SELDOM = st.sampled_from([False, False, False, True])
OFTEN = st.sampled_from([True, True, False])
BODIES = (b"", b"Subject: x\r\n\r\nhello\r\n", b".\r\n..\r\n", b"x" * 40 + b"\n.\n")
NUMBER = re.compile(rb"r(\d+)")
PROPER = {b"DATA": 354, b"AUTH": 235, b"STARTTLS": 220, b"QUIT": 221, GREETING: 220}


class Talk(RuleBasedStateMachine):
    """One connection."""

    @initialize(lmtp=st.booleans(), is_greeted=OFTEN)
    def connect(self, lmtp: bool, is_greeted: bool) -> None:
        self.session = Watched(lmtp=lmtp)
        self.journal = Journal()
        self.keep, self.session.observe = self.session.observe, self.observe
        self.server = ModelServer(lmtp)
        self.wire = b""  # said by the server, and not arrived
        self.futures: list[Future[Any]] = []
        self.batch: tuple[str, ...] = ()  # the lines of the last group
        self.pieces: Iterator[bytes] = iter(())
        self.framing: Any = None
        self.checked = 0  # events that have been looked at
        self.begin(exchanges.greeting())
        if is_greeted:
            self.answer(AS_IT_SHOULD)
            self.arrive(len(self.wire))

    @precondition(lambda self: self.session.phase is Phase.CLOSED)
    @rule(lmtp=st.booleans())
    def connects_again(self, lmtp: bool) -> None:
        self.settle()
        self.connect(lmtp, True)

    def observe(self, event: Any) -> None:
        self.keep(event)
        self.journal(event)

    # --- the client ---------------------------------------------------------------------------

    @property
    def is_idle(self) -> bool:
        session = self.session
        return session.running is None and session.phase is not Phase.CLOSED

    @property
    def may_talk(self) -> bool:
        """Nothing is under way, and whoever gave up something has not left a mess."""
        return self.is_idle and (not self.session.is_amid or self.session.phase is Phase.CONTENT)

    def begin(self, exchange: Exchange[Any], *, is_held: bool = False) -> None:
        future: Future[Any] = Future()
        self.futures.append(future)
        self.batch = ()
        self.session.holds = (lambda batch: True) if is_held else None
        self.session.begin(exchange, future)
        self.flush()

    def flush(self) -> None:
        """As a connection does after every call."""
        octets = b"".join(self.session.take_outgoing())
        if self.session.phase is not Phase.CLOSED:
            self.server.hear(octets)

    @precondition(lambda self: self.may_talk)
    @rule(line=st.sampled_from(LINES))
    def types(self, line: str) -> None:
        is_content = self.session.phase is Phase.CONTENT
        if SECRET in line and is_content:  # the text of a message is no secret
            return
        self.begin(exchanges.typed(self.session, line.encode()))

    @precondition(lambda self: self.may_talk and self.session.phase is Phase.READY)
    @rule(lines=st.sampled_from(GROUPS), is_held=SELDOM)
    def pipelines(self, lines: tuple[str, ...], is_held: bool) -> None:
        batch = [self.session.typed(line.encode()) for line in lines]
        self.begin(said(batch), is_held=is_held)
        self.batch = lines

    @precondition(lambda self: self.may_talk and self.session.phase is Phase.READY)
    @rule(
        body=st.sampled_from(BODIES),
        count=st.integers(1, 3),
        pipelining=st.booleans(),
        way=st.sampled_from(["", "chunking", "small chunks"]),
        is_pulled=st.booleans(),
        prdr=st.booleans(),
        is_held=SELDOM,
    )
    def delivers(
        self,
        body: bytes,
        count: int,
        pipelining: bool,
        way: str,
        is_pulled: bool,
        prdr: bool,
        is_held: bool,
    ) -> None:
        lmtp = self.session.lmtp
        prdr = prdr and not lmtp
        content: Any = body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        content = Stream([body[:5], body[5:]]) if is_pulled else content
        mail = commands.mail("a@x", options=["PRDR"] if prdr else [])
        rcpts = [commands.rcpt(f"to{number}@y") for number in range(count)]
        ways = {"chunking": bool(way), "chunk": 9 if way == "small chunks" else None}
        letter = exchanges.deliver(
            mail, rcpts, content, pipelining=pipelining, lmtp=lmtp, prdr=prdr, **ways
        )
        self.begin(letter, is_held=is_held)

    @precondition(lambda self: self.may_talk and self.session.phase is Phase.READY)
    @rule(name=st.sampled_from(["PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2", "SCRAM-SHA-256"]))
    def logs_in(self, name: str) -> None:
        who = credentials("alice", SECRET, token=SECRET)
        self.begin(login([MECHANISMS[name], MECHANISMS["PLAIN"]], who))

    @precondition(lambda self: upload.wants(self.session))
    @rule(times=st.integers(1, 4))
    def pulls(self, times: int) -> None:
        for _ in range(times):
            if upload.wants(self.session):
                self.pull()

    def pull(self) -> None:
        session = self.session
        assert session.streaming is not None
        if session.streaming is not self.framing:
            self.framing = session.streaming
            self.pieces = iter(self.framing.stream.pieces())
        piece = next(self.pieces, None)
        if piece is None:
            upload.said_all(session)
        else:
            upload.said(session, piece)
        self.flush()

    @precondition(lambda self: self.session.running and len(self.session.events) % 6 == 5)
    @rule()
    def gives_up(self) -> None:
        """As a connection does: there is no way back from the middle of some."""
        session = self.session
        self.futures[-1].cancel()
        session.abandon()
        self.flush()
        if session.is_amid:
            session.receive_eof(by_us=True)

    @precondition(lambda self: self.session.phase is Phase.UPGRADING and not self.wire)
    @rule()
    def shakes_hands(self) -> None:
        assert self.server.mode == "tls"
        self.server.secured()
        self.session.upgraded()
        self.flush()

    # --- step mode ----------------------------------------------------------------------------

    @precondition(lambda self: self.session.held is not None)
    @rule(at=st.integers(0, 3))
    def releases(self, at: int) -> None:
        batch = list(self.session.proposed or ())
        is_one = any(each.framing or not each.replies for each in batch)  # as a chunk and its line
        if is_one or not 0 < at < len(batch):
            self.session.release()
        else:
            self.session.release(batch[:at], batch[at:])
        self.flush()

    @precondition(lambda self: self.session.held is not None)
    @rule(places=st.sets(st.integers(0, 3)))
    def skips(self, places: set[int]) -> None:
        batch = list(self.session.proposed or ())
        if any(each.framing or each.replies != 1 for each in batch):
            self.session.withdraw(ValueError("not sent"))
        else:
            refused = Reply(550, [b"skipped"])
            self.session.release(
                [refused if place in places else each for place, each in enumerate(batch)]
            )
        self.flush()

    # --- the server ---------------------------------------------------------------------------

    @property
    def is_answerable(self) -> bool:
        return self.server.oldest() is not None and self.session.phase is not Phase.CLOSED

    @property
    def is_unasked(self) -> bool:
        """Nothing is asked, nor might what comes be meant for a content under way."""
        session, server = self.session, self.server
        is_busy = session.unanswered or session.held or session.streaming or self.wire
        is_quiet = not is_busy and session.phase in (Phase.READY, Phase.AUTH)
        return is_quiet and server.mode not in ("tls", "gone") and not server.waiting()

    @precondition(lambda self: self.is_answerable)
    @rule(codes=st.lists(CODES, min_size=1, max_size=5), arrives=OFTEN)
    def answers(self, codes: list[int], arrives: bool) -> None:
        for code in codes:
            if self.is_answerable:
                self.answer(code)
            if arrives and self.wire:
                self.arrive(len(self.wire))

    @precondition(lambda self: self.is_answerable)
    @rule()
    def answers_all(self) -> None:
        """In one go, and as it should."""
        while self.is_answerable:
            self.answer(AS_IT_SHOULD)
        self.arrive(len(self.wire))

    def answer(self, code: int) -> None:
        asked = self.server.oldest() or b""
        verb = (asked.split() or [b""])[0]
        if code == AS_IT_SHOULD:
            code = PROPER.get(verb, 250)
        elif asked == GREETING:
            code = 220 if code < 300 else 554
        elif code == 220 and verb == b"XCLIENT":
            code = 250  # it would begin the session anew
        elif code == 353 and not self.server.prdr:
            code = 354  # it has no meaning where nobody has asked for PRDR
        self.wire += self.server.answer(code)

    @precondition(lambda self: self.is_answerable and len(self.session.events) > 30)
    @rule()
    def answers_421(self) -> None:
        self.wire += self.server.answer(421)
        self.server.mode = "gone"

    @precondition(lambda self: self.is_unasked and len(self.session.events) % 4 == 1)
    @rule(code=st.sampled_from([250, 421, 550]))
    def says_what_nobody_asked(self, code: int) -> None:
        self.wire += self.server.say(code, None)
        self.arrive(len(self.wire))

    @precondition(lambda self: self.wire)
    @rule(count=st.integers(1, 40))
    def arrives(self, count: int) -> None:
        self.arrive(count)

    def arrive(self, count: int) -> None:
        octets, self.wire = self.wire[:count], self.wire[count:]
        if self.session.phase is not Phase.CLOSED:
            self.session.receive(octets)
        self.flush()

    @precondition(lambda self: len(self.session.events) > 40 or self.server.mode == "gone")
    @rule(is_reset=st.booleans())
    def closes(self, is_reset: bool) -> None:
        if self.wire:
            self.arrive(len(self.wire))
        self.server.mode = "gone"
        self.session.receive_eof(ConnectionResetError("reset") if is_reset else None)
        self.flush()

    # --- what must be so ----------------------------------------------------------------------

    @invariant()
    def each_reply_answers_its_question(self) -> None:
        for event in self.session.events[self.checked :]:
            if isinstance(event, Answered):
                self.check_pair(event)
        self.checked = len(self.session.events)

    def check_pair(self, event: Answered) -> None:
        found = NUMBER.match(event.reply.lines[0])
        assert found is not None
        asked, send = self.server.labels[int(found[1])], event.send
        if asked is None or send is None:
            assert asked is None and send is None, (asked, send)
        elif asked in (CONTENT, GREETING):
            assert send.verb == asked, (asked, send)
        elif asked.startswith(b"BDAT ") and send.verb != b"AUTH":
            assert send.verb in (b"BDAT", CONTENT), (asked, send)
        elif send.verb == CONTENT:  # what a line had beyond its chunk
            assert send.line.endswith(asked), (asked, send)
        else:
            assert send.line == asked, (asked, send)

    @invariant()
    def both_count_the_same(self) -> None:
        session, server = self.session, self.server
        is_quiet = not self.wire and server.mode == "command" and session.streaming is None
        if is_quiet and session.phase is Phase.READY and session.chunk is None:
            assert len(session.unanswered) == server.waiting()

    @invariant()
    def both_are_in_the_same_phase(self) -> None:
        session, server = self.session, self.server
        if self.wire or session.phase is Phase.CLOSED or session.chunk is not None:
            return
        expected = {
            "greeting": (Phase.GREETING,),
            "command": (Phase.READY,),
            "content": (Phase.CONTENT,),
            "auth": (Phase.AUTH,),
            "tls": (Phase.UPGRADING,),
            "gone": (Phase.CLOSING,),
        }[server.mode]
        assert session.phase in expected, server.mode

    @invariant()
    def no_secret_is_told(self) -> None:
        for event in self.session.of(Sent):
            send = event.send
            if SECRET.encode() in send.data and send.verb == b"AUTH":
                assert send.secret is not None
                assert SECRET.encode() in send.data[send.secret]

    @invariant()
    def after_the_end_nothing_is_said(self) -> None:
        kinds = [type(event) for event in self.session.events]
        if Closed in kinds:
            assert Sent not in kinds[kinds.index(Closed) :]
            assert not self.session.unanswered and self.session.running is None

    @invariant()
    def a_result_has_the_replies_to_what_was_said(self) -> None:
        if not self.futures or not (future := self.futures[-1]).done() or future.cancelled():
            return
        if future.exception() is None:
            outcome = future.result()
            if isinstance(outcome, Delivery):
                self.check_delivery(outcome)
            elif self.batch:
                self.check_batch(outcome)

    def check_batch(self, replies: list[Reply]) -> None:
        """A reply for each command, in their order; what was skipped has a stand-in."""
        assert len(replies) == len(self.batch)
        for reply, asked in zip(replies, self.batch, strict=True):
            found = NUMBER.match(reply.lines[0])
            assert found is None or self.server.labels[int(found[1])] == asked.encode()

    def check_delivery(self, outcome: Delivery) -> None:
        for who, reply in outcome.recipients:
            found = NUMBER.match(reply.lines[0])
            if found is not None:  # else it was skipped
                asked = self.server.labels[int(found[1])]
                assert asked == f"RCPT TO:<{who}>".encode()

    def teardown(self) -> None:
        if hasattr(self, "session"):
            self.settle()

    def settle(self) -> None:
        """The connection is over."""
        self.session.receive_eof()
        assert all(future.done() for future in self.futures)
        for name in ("text", "json"):
            assert SECRET not in exported(self.journal, name)


def said(batch: commands.Send | list[Any]) -> Exchange[Any]:
    return (yield batch)  # type: ignore[misc]


def test_session_and_server_agree_whatever_both_do() -> None:
    run_state_machine_as_test(
        Talk,
        settings=settings(
            max_examples=12 * FACTOR if NIGHTLY else 12,
            stateful_step_count=60 if NIGHTLY else 30,
            suppress_health_check=list(HealthCheck),
        ),
    )
