"""Sessions that the tests of transcripts work on."""

from __future__ import annotations

from conversation import converse, ready

from smtpconsole.smtp import events, sasl
from smtpconsole.smtp.commands import Send, mail, raw, rcpt
from smtpconsole.smtp.exchanges import (
    deliver,
    greeting,
    hello,
    quit,
    start_tls,
    typed,
)
from smtpconsole.smtp.facts import Problem, TlsFacts
from smtpconsole.smtp.login import authenticate
from smtpconsole.smtp.session import Exchange, Session
from smtpconsole.transcript.journal import Journal
from smtpconsole.transcript.turns import turns

TARGET = events.Target("mail.example.org", 587)
CONTENT = (
    b"From: Alice <alice@example.org>\r\nTo: bob@example.net\r\nSubject: hi\r\n\r\n"
    b"Hello\r\n.dot\r\n"
)


class Nowhere:
    """Where a result goes that nobody wants."""

    def done(self) -> bool:
        return False

    def set_result(self, result: object, /) -> None: ...

    def set_exception(self, exception: BaseException, /) -> None: ...


class Clock:
    """Time that passes by the hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 0.01
        return round(self.now, 6)


def begun(journal: Journal, target: events.Target = TARGET) -> Session:
    """A session that has been greeted, and tells the journal."""
    journal(events.Dialling(target))
    journal(events.Resolved(target.host, ("192.0.2.1",), 0.018))
    journal(events.Connected("192.0.2.9:4711", "192.0.2.1:587", 0.002))
    session = ready()
    session.phase = events.Phase.GREETING
    session.observe = journal
    converse(greeting(), "S: 220 mail.example.org ESMTP Postfix", session)
    return session


def secured(journal: Journal, session: Session) -> None:
    """STARTTLS and the handshake."""
    session.begin(start_tls(), Nowhere())
    session.take_outgoing()
    session.receive(b"220 2.0.0 go ahead\r\n")
    problem = Problem("error", "expired", 0, "expired 12 days ago")
    journal(
        events.Secured(
            TlsFacts("TLSv1.3", "TLS_AES", 256, "X25519", problems=(problem,), seconds=0.02)
        )
    )
    session.upgraded()


def said(session: Session, send: Send, answer: str) -> None:
    """Something is said, and answered."""
    session.begin(_batch(send), Nowhere())
    session.take_outgoing()
    session.receive(answer.encode())


def _batch(*sends: Send) -> Exchange[object]:
    return (yield sends)


EHLO = """
    C: EHLO client.example.net
    S: 250-mail.example.org
    S: 250-PIPELINING
    S: 250-STARTTLS
    S: 250-AUTH PLAIN LOGIN
    S: 250 SIZE 1000
"""


def delivered() -> Journal:
    """STARTTLS, a log-in, and a message that goes in one batch to one of two recipients."""
    journal = Journal(clock=Clock())
    session = begun(journal)
    converse(hello(b"client.example.net"), EHLO, session)
    secured(journal, session)
    converse(hello(b"client.example.net"), EHLO, session)
    who = sasl.credentials("alice@example.org", "looking-glass")
    converse(
        authenticate(sasl.MECHANISMS["LOGIN"], who, initial=False),
        """
        C: AUTH LOGIN
        S: 334 VXNlcm5hbWU6
        C: YWxpY2VAZXhhbXBsZS5vcmc=
        S: 334 UGFzc3dvcmQ6
        C: bG9va2luZy1nbGFzcw==
        S: 235 2.7.0 welcome
        """,
        session,
    )
    converse(
        deliver(
            mail("alice@example.org", size=100),
            [rcpt("bob@example.net"), rcpt("nobody@example.net")],
            CONTENT,
            pipelining=True,
        ),
        """
        C: MAIL FROM:<alice@example.org> size=100
        C: RCPT TO:<bob@example.net>
        C: RCPT TO:<nobody@example.net>
        C: DATA
        S: 250 2.1.0 Ok
        S: 250 2.1.5 Ok
        S: 550 5.1.1 <nobody@example.net>: unknown at mail.example.org
        S: 354 go on
        C: From: Alice <alice@example.org>
        C: To: bob@example.net
        C: Subject: hi
        C:\x20
        C: Hello
        C: ..dot
        C: .
        S: 250 2.0.0 queued as 4F1C
        """,
        session,
    )
    converse(quit(), "C: QUIT\nS: 221 2.0.0 bye", session)
    journal(events.Closed("server", None, True))
    return journal


def typed_by_hand() -> Journal:
    """A message typed line by line, odd commands, raw octets, and a slash at the beginning."""
    journal = Journal(clock=Clock())
    session = begun(journal)
    converse(hello(b"client.example.net"), EHLO, session)
    for line in (b"MAIL FROM:<>", b"RCPT TO:<a@example.net>", b"/etc", b"# no remark", b" NOOP"):
        converse(typed(session, line), f"C: {line.decode()}\nS: 250 ok", session)
    said(session, raw(b"\x00\xff\x1b[2J\r\nX\r\n", replies=2), "500 what\r\n501 what\r\n")
    converse(typed(session, b"DATA"), "C: DATA\nS: 354 go", session)
    for line in (b"Subject: x", b"", b"/slash", b"caf\xc3\xa9", b"\x1b]0;x\x07", b"..", b"\xff"):
        said(session, session.typed(line), "")
    said(session, session.typed(b"."), "250 taken\r\n")
    said(session, Send(b"BDAT 5 LAST\r\nhello", b"BDAT"), "250 taken\r\n")
    return journal


def told(journal: Journal) -> list[tuple[object, ...]]:
    """What a journal tells, without the numbers of its entries."""
    return [
        (turn.side, turn.lines, turn.data, turn.is_secure, turn.is_trouble, turn.verb, turn.code)
        for turn in turns(journal)
    ]
