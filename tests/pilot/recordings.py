"""A session that looks the same each time, to be looked at."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from smtpconsole.smtp import capabilities, events
from smtpconsole.smtp.commands import CONTENT, GREETING, Send
from smtpconsole.smtp.replies import Reply, ReplyParser
from smtpconsole.transcript.journal import Journal

MESSAGE = b"Subject: hello\r\n\r\n" + b"".join(b"line %d of the message\r\n" % n for n in range(40))
LONG = ("2.1.5 Ok, " + "日本語のとても長い返事 " * 6).encode()


class Recorder:
    """Makes the events of a session, at times of its own."""

    def __init__(self, path: Path | None = None) -> None:
        self.now = 0.0
        self.journal = Journal(path, clock=lambda: self.now)
        self.journal.began = datetime(2026, 11, 25, 12, tzinfo=UTC)

    def after(self, seconds: float, event: events.Event) -> None:
        """Something happens."""
        self.now += seconds
        self.journal(event)

    def answer(self, send: Send, reply: bytes, seconds: float) -> None:
        """The server answers."""
        self.after(seconds, events.Received(reply))
        for each in ReplyParser().feed(reply):
            self.journal(events.Answered(each, send))
            if send.verb == b"EHLO":
                self.journal(events.Learned(capabilities.parse(each)))

    def ask(self, line: bytes, reply: bytes, seconds: float = 0.017) -> None:
        """A command and its reply."""
        send = Send(line + b"\r\n", CONTENT if line == b"." else line.split()[0])
        self.after(0.5, events.Sent(send))
        self.answer(send, reply + b"\r\n", seconds)


def session(path: Path | None = None) -> Journal:
    """A delivery with STARTTLS, a refused recipient and a long reply."""
    it = Recorder(path)
    it.after(0, events.Dialling(events.Target("mail.example.com", 587)))
    it.after(0.01, events.Resolved("mail.example.com", ("192.0.2.25",), 0.01))
    it.after(0.018, events.Connected("192.0.2.1:4711", "192.0.2.25:587", 0.018))
    it.answer(Send(b"", GREETING), b"220 mail.example.com ESMTP Postfix\r\n", 0.02)
    it.ask(b"EHLO me.example", b"250-mail.example.com\r\n250-SIZE 52428800\r\n250 STARTTLS")
    it.ask(b"STARTTLS", b"220 2.0.0 Ready to start TLS")
    facts = events.TlsFacts("TLSv1.3", cipher="TLS_AES_256_GCM_SHA384", seconds=0.021)
    it.after(0.021, events.Secured(facts))
    it.ask(b"EHLO me.example", b"250-mail.example.com\r\n250 AUTH PLAIN LOGIN")
    it.ask(b"AUTH LOGIN", b"334 VXNlcm5hbWU6")
    it.ask(b"*", b"501 5.7.0 cancelled")
    it.ask(b"MAIL FROM:<alice@example.com>", b"250 2.1.0 Ok")
    it.ask(b"RCPT TO:<bob@elsewhere.example>", b"554 5.7.1 Relay access denied", 2.5)
    it.ask("RCPT TO:<jörg@example.org>".encode(), b"250 " + LONG)
    it.ask(b"DATA", b"354 End data with <CR><LF>.<CR><LF>")
    it.after(0.1, events.Sent(Send(MESSAGE, CONTENT, replies=0)))
    it.ask(b".", b"250 2.0.0 queued as 4711", 0.3)
    it.ask(b"QUIT", b"221 2.0.0 Bye")
    it.after(0.001, events.Closed("server", None, True))
    return it.journal


def many(count: int, path: Path | None = None) -> Journal:
    """A long session: a command, a segment and a reply again and again; each 1000th is refused."""
    journal = Journal(path)
    for number in range(count // 3):
        send = Send(b"RCPT TO:<user%d@example.org>\r\n" % number, b"RCPT")
        text = b"5.1.1 no user%d" if number % 1000 == 999 else b"2.1.5 Ok for user%d"
        reply = Reply(550 if number % 1000 == 999 else 250, [text % number])
        journal(events.Sent(send))
        journal(events.Received(reply.octets))
        journal(events.Answered(reply, send))
    return journal
