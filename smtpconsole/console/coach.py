"""The coach: what happened, and what is sensible next.

It looks at the session alone, so that it is right whoever spoke.  An advice has a line to
enter, where one is obvious; Tab on an empty prompt types it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from smtpconsole.console import situation
from smtpconsole.console.targets import named
from smtpconsole.smtp.events import Phase
from smtpconsole.smtp.replies import Reply
from smtpconsole.smtp.sasl.decoding import decode_challenge
from smtpconsole.smtp.session import Session

if TYPE_CHECKING:
    from smtpconsole.console.console import Console


@dataclass(frozen=True, slots=True)
class Advice:
    """A sentence, and the line to enter."""

    text: str
    line: str = ""
    key: str = ""  # what a key would do, where no line is obvious


def advise(console: Console) -> Advice:
    """What to say above the prompt; in a lesson the lesson says it."""
    if console.learning is not None:
        from smtpconsole.console.teaching import lessontold

        if told := lessontold.advice(console.learning):
            return Advice(*told)
    connection = console.connection
    if console.is_dialling:
        return Advice("Connecting.")
    if connection is None:
        return Advice("Not connected.", console.connect_line)
    session = connection.session
    if console.held is not None:
        return Advice("Held: the server has heard nothing of it yet. /next says it.", "/next")
    if console.upload is not None:
        return Advice(str(console.upload.progress), key="Esc stops it")
    if console.under_way:
        return Advice(f"Under way: {console.under_way[-1].what}.", key="Esc stops it")
    if session.phase is Phase.CLOSED:
        return Advice(
            "The connection is closed. Nothing is lost: /export keeps it.", console.connect_line
        )
    return _PHASES[session.phase](console, session)


def _greeting(console: Console, session: Session) -> Advice:
    return Advice("Waiting for the server's greeting.")


def _auth(console: Console, session: Session) -> Advice:
    fields = decode_challenge(session.mechanism, session.challenge)
    prompt = ", ".join(
        each.value if len(fields) == 1 else f"{each.name} {each.value}" for each in fields
    )
    prompt = prompt[:200] or "an answer in base64"
    return Advice(f"The server asks (334): {prompt}   What you type is hidden.", "*")


def _content(console: Console, session: Session) -> Advice:
    if session.chunk is not None:
        left = session.chunk.left
        octets = "1 octet" if left == 1 else f"{left} octets"
        return Advice(f"The chunk wants {octets} more; a line end counts two where it fits.")
    typed = console.typed_content
    if not typed:
        return Advice("The message now. Its headers first, a line each.", "Subject: Hello")
    if "" not in typed:
        return Advice("Another header, or just Enter: an empty line ends the headers.")
    if not typed[-1]:
        return Advice("Now the text, as many lines as you like.", "This is my message.")
    return Advice("More text, or a line with nothing but a dot: it ends the message.", ".")


def _upgrading(console: Console, session: Session) -> Advice:
    return Advice("Shaking hands: TLS.")


def _closing(console: Console, session: Session) -> Advice:
    return Advice("The server is closing the connection.", "/close")


def _ready(console: Console, session: Session) -> Advice:
    last = session.last_reply
    if last is not None and last.is_negative and not situation.was_asked(console.journal):
        return _refused(console, session, last)
    if not session.capabilities.greeting:
        what = "TLS is on" if session.is_secure else "The server is ready"
        return Advice(f"{what}. Introduce yourself.", _hello(console, session))
    if "STARTTLS" in session.capabilities and not session.is_secure:
        return Advice("The server can encrypt. Turn TLS on before anything private.", "STARTTLS")
    if session.transaction is not None:
        return _transaction(console, session)
    if console.has_delivered:
        where = "/mailbox shows it" if console.sandbox is not None else "Another one"
        return Advice(f"The server has the message. {where}, or say goodbye.", "QUIT")
    if session.capabilities.mechanisms and session.identity is None:
        user = f" {console.known_user}" if console.known_user else ""
        return Advice("Log in, or begin a message with MAIL FROM.", f"/login{user}")
    return Advice("Begin a message: who sends it?", f"MAIL FROM:<{console.sender}>")


def _hello(console: Console, session: Session) -> str:
    return f"{'LHLO' if session.lmtp else 'EHLO'} {console.settings.name}"


def _transaction(console: Console, session: Session) -> Advice:
    assert session.transaction is not None
    if not session.transaction.accepted:
        return Advice("Who shall get it?", f"RCPT TO:<{console.recipient}>")
    count = len(session.transaction.accepted)
    people = "1 recipient" if count == 1 else f"{count} recipients"
    return Advice(f"{people} so far. Another RCPT, or on to the message.", "DATA")


def _refused(console: Console, session: Session, reply: Reply) -> Advice:
    last = situation.last_reply(console.journal)
    text = situation.meaning_of(last).title if last is not None else f"refused: {reply.code}"
    if not session.capabilities.greeting:
        verb = last.send.verb if last is not None and last.send is not None else b""
        return _another_hello(console, session, text, verb if reply.code in _NOT_KNOWN else b"")
    if reply.code == 530 and session.capabilities.mechanisms and session.identity is None:
        return Advice(f"{text}.", "/login")
    return Advice(f"{text}.", "?")


def _another_hello(console: Console, session: Session, text: str, unknown: bytes) -> Advice:
    """Where EHLO is not known HELO may be, and where neither is, it may be LMTP that is spoken."""
    if unknown == b"EHLO":
        return Advice(f"{text}.", f"HELO {console.settings.name}")
    if unknown == b"HELO" and console.target is not None:
        where = named(replace(console.target, lmtp=True))
        return Advice(f"{text}. It may speak LMTP.", f"/connect {where}")
    return Advice(f"{text}.", _hello(console, session))


_NOT_KNOWN = (500, 502, 504)

_PHASES = {
    Phase.GREETING: _greeting,
    Phase.AUTH: _auth,
    Phase.CONTENT: _content,
    Phase.UPGRADING: _upgrading,
    Phase.CLOSING: _closing,
    Phase.READY: _ready,
}
