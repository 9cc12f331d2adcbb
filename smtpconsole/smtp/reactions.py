"""Every consequence a reply has for the session, one function a verb.

1. What changes `phase`, `capabilities`, `transaction` or `identity` because of a reply lives
   here; `Session` itself changes them only for a 421, a handshake, and the end.
2. A reaction sees the replies that its own verb got, and never sends.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING

from smtpconsole.smtp import capabilities, commands
from smtpconsole.smtp.events import Learned, Phase
from smtpconsole.smtp.replies import Reply
from smtpconsole.smtp.transaction import Transaction

if TYPE_CHECKING:
    from smtpconsole.smtp.session import Session

Reaction = Callable[["Session", commands.Send, Reply], None]


def _on_greeting(session: Session, send: commands.Send, reply: Reply) -> None:
    # A 554 greeting still waits for our QUIT (RFC 5321, 3.1).
    session.phase = Phase.READY


def _on_ehlo(session: Session, send: commands.Send, reply: Reply) -> None:
    if reply.is_positive:
        _learn(session, capabilities.parse(reply))


def _on_helo(session: Session, send: commands.Send, reply: Reply) -> None:
    if reply.is_positive:
        first = Reply(reply.code, reply.lines[:1])  # further lines are no keywords
        _learn(session, capabilities.parse(first))


def _learn(session: Session, known: capabilities.Capabilities) -> None:
    session.transaction = None  # RFC 5321, 4.1.4: EHLO works as RSET does
    has_vanished = "STARTTLS" in session.capabilities and "STARTTLS" not in known
    session.capabilities = known
    if session.observe is not None:
        session.observe(Learned(known))
    if has_vanished and not session.is_secure:
        session.remark("STARTTLS no longer offered", "")
    if session.is_secure and "STARTTLS" in known:
        session.remark("STARTTLS still offered under TLS", "")
    if "BINARYMIME" in known and "CHUNKING" not in known:
        session.remark("capability without its extension", "BINARYMIME without CHUNKING")


def _on_mail(session: Session, send: commands.Send, reply: Reply) -> None:
    if reply.is_positive:
        session.transaction = Transaction(send.about)
        session.mails += 1


def _on_rcpt(session: Session, send: commands.Send, reply: Reply) -> None:
    if session.transaction is None:  # the server minds too, or it is very tolerant
        if not reply.is_positive:
            return
        session.transaction = Transaction()
    if reply.is_positive:
        session.transaction.accepted.append(send.about)
    else:
        session.transaction.refused.append((send.about, reply))


def _on_rset(session: Session, send: commands.Send, reply: Reply) -> None:
    if reply.is_positive:
        session.transaction = None


def _on_data(session: Session, send: commands.Send, reply: Reply) -> None:
    if reply.code // 100 == 3:
        session.phase = Phase.CONTENT


def _on_content(session: Session, send: commands.Send, reply: Reply) -> None:
    if session.streaming is not None and not reply.is_negative:
        session.remark("reply before the end of the content", str(reply))
    if session.owed:  # LMTP: this was not the last of them
        return
    session.phase = Phase.READY
    chunk, session.chunk = session.chunk, None
    if chunk is None or (chunk.is_last and (session.lmtp or reply.is_positive)):
        session.transaction = None


def _on_bdat(session: Session, send: commands.Send, reply: Reply) -> None:
    # RFC 3030, 2: a chunk that is refused calls for RSET; what it leaves open is not known.
    is_over = session.lmtp or reply.is_positive
    if is_over and not session.owed and send.line.upper().endswith(b" LAST"):
        session.transaction = None


def _on_auth(session: Session, send: commands.Send, reply: Reply) -> None:
    words = send.line.split()
    if len(words) > 1:  # the command itself: a response is one word
        session.mechanism = words[1].upper().decode("ascii", "replace")
    if send.about is not None:
        session.claimed = send.about
    if reply.code // 100 == 3:
        session.phase = Phase.AUTH
        session.challenge = _decoded(reply.lines[0])
        return
    session.phase = Phase.READY
    if reply.is_positive:
        session.identity = session.claimed or "somebody"
    session.challenge, session.claimed = b"", None


def _decoded(line: bytes) -> bytes:
    try:
        return base64.b64decode(line.strip(), validate=True)
    except ValueError:
        return b""


def _on_starttls(session: Session, send: commands.Send, reply: Reply) -> None:
    if reply.code == 220:
        session.phase = Phase.UPGRADING


def _on_quit(session: Session, send: commands.Send, reply: Reply) -> None:
    if reply.is_positive:
        session.phase = Phase.CLOSING


def _on_xclient(session: Session, send: commands.Send, reply: Reply) -> None:
    if reply.code == 220:  # a new greeting: the session begins anew
        session.capabilities = capabilities.Capabilities()
        session.transaction = session.identity = None


REACTIONS: dict[bytes, Reaction] = {
    commands.GREETING: _on_greeting,
    commands.CONTENT: _on_content,
    b"AUTH": _on_auth,
    b"BDAT": _on_bdat,
    b"DATA": _on_data,
    b"EHLO": _on_ehlo,
    b"HELO": _on_helo,
    b"LHLO": _on_ehlo,
    b"MAIL": _on_mail,
    b"QUIT": _on_quit,
    b"RCPT": _on_rcpt,
    b"RSET": _on_rset,
    b"STARTTLS": _on_starttls,
    b"XCLIENT": _on_xclient,
}
