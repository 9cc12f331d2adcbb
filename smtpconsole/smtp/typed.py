"""What a line means when somebody types it here and now.

A BDAT line has no reply of its own: the next octets are its chunk, whatever they look like, and
the reply comes when there are as many as it said.  What a line has beyond them is a command.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from smtpconsole.smtp.commands import CONTENT, PER_RECIPIENT, Send
from smtpconsole.smtp.events import Phase
from smtpconsole.smtp.sasl import claims
from smtpconsole.smtp.transaction import Chunk

if TYPE_CHECKING:
    from smtpconsole.smtp.running import Batch
    from smtpconsole.smtp.session import Session

_AUTH = re.compile(rb"\s*AUTH\s+(\S+)\s+(\S.*)", re.IGNORECASE | re.DOTALL)
_BDAT = re.compile(rb"\s*BDAT\s+(\d{1,9})(\s+LAST)?\s*", re.IGNORECASE)
_ALONE = (b"DATA", b"AUTH", b"STARTTLS")  # RFC 2920, 3.1: nothing follows before the reply
_PATH = re.compile(rb"<([^>]*)>")


def typed(session: Session, line: bytes) -> Send:
    """The line, with the verb whose consequences its reply has, and what is secret in it."""
    data = line + b"\r\n"
    if session.chunk is not None:
        return _in_chunk(session, session.chunk, line)
    if session.phase is Phase.CONTENT:
        return _content(session, line, data)
    if session.phase is Phase.AUTH:
        return _response(session, data, session.mechanism, 0, len(line))
    verb = line.upper().split()[0] if line.strip() else b""
    if verb == b"AUTH" and (found := _AUTH.match(line)):
        mechanism = found[1].decode("ascii", "replace")
        return _response(session, data, mechanism, *found.span(2))
    if verb == b"BDAT" and opened(line) is not None:
        return Send(data, verb, replies=0)
    if verb in (b"MAIL", b"RCPT") and (path := _PATH.search(line)):
        return Send(data, verb, about=path[1].decode("utf-8", "surrogateescape"))
    return Send(data, verb)


def is_amid(session: Session) -> bool:
    """What is said next is no command to the server, or none if it agrees to what it was asked.

    A challenge is not counted: whoever has given up can call it off.
    """
    between = (Phase.GREETING, Phase.CONTENT, Phase.UPGRADING)
    return session.phase in between or any(send.verb in _ALONE for send in session.unanswered)


def as_response(session: Session, send: Send) -> Send:
    """What is said while a challenge is open, whatever it was meant to be: a response."""
    if send.verb == b"AUTH":
        return send
    if send.verb:
        return _response(session, send.line + b"\r\n", session.mechanism, 0, len(send.line))
    # Octets without a verb have no consequence, but may be a secret all the same.
    return replace(send, secret=slice(0, len(send.data)))


def opened(line: bytes) -> Chunk | None:
    """The chunk that a BDAT line announces; None if there is nothing to come."""
    found = _BDAT.fullmatch(line)
    if found is None or not int(found[1]):
        return None
    return Chunk(int(found[1]), bool(found[2]))


def follow(session: Session, batch: Batch) -> None:
    """Lines are about to be said: count the octets of the chunk that is being typed."""
    for send in batch:
        if session.chunk is not None:
            session.chunk.left = max(0, session.chunk.left - len(send.data))
        elif send.verb == b"BDAT" and not send.replies and session.phase is Phase.READY:
            session.chunk, session.phase = opened(send.line), Phase.CONTENT


def _in_chunk(session: Session, chunk: Chunk, line: bytes) -> Send:
    if len(line) + 2 < chunk.left:
        return Send(line + b"\r\n", CONTENT, replies=0)
    replies = PER_RECIPIENT if session.lmtp and chunk.is_last else 1
    if len(line) <= chunk.left:  # a line end that has no place is none
        return Send((line + b"\r\n")[: chunk.left], CONTENT, replies)
    return Send(line + b"\r\n", CONTENT, 2)


def _response(session: Session, data: bytes, mechanism: str, start: int, stop: int) -> Send:
    if data == b"*\r\n":
        return Send(data, b"AUTH")
    who = claims.claimed_user(mechanism, data[start:stop], session.challenge, session.claimed)
    is_secret = stop > start and claims.holds_secret(mechanism)
    return Send(data, b"AUTH", secret=slice(start, stop) if is_secret else None, about=who)


def _content(session: Session, line: bytes, data: bytes) -> Send:
    if line != b".":
        return Send(data, CONTENT, replies=0)
    return Send(data, CONTENT, PER_RECIPIENT if session.lmtp else 1)
