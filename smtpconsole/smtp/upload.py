"""Content under way in a session: what of it is said when, and what ends it early.

Whoever carries the octets asks `wants`, pulls a piece from the source, and says it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smtpconsole.smtp.content import Octets
from smtpconsole.smtp.events import Closed, Phase
from smtpconsole.smtp.running import Batch, Running
from smtpconsole.smtp.streams import Framing

if TYPE_CHECKING:
    from smtpconsole.smtp.session import Session


def wants(session: Session) -> bool:
    """The next piece is to be pulled from its source now."""
    framing = session.streaming
    if framing is None or framing.is_over:
        return False
    return not (framing.one_by_one and session.unanswered)


def said(session: Session, piece: Octets) -> None:
    """Say a piece; TypeError if it is not octets."""
    assert session.streaming is not None, "no content is under way"
    session.streaming.feed(session.streaming.stream.took(piece))
    go_on(session)


def said_all(session: Session) -> None:
    """There are no more pieces."""
    assert session.streaming is not None, "no content is under way"
    session.streaming.finish()
    go_on(session)


def begin(session: Session, running: Running, batch: Batch) -> None:
    """Say a batch that begins or ends with content to be pulled, as far as that is possible."""
    at = 0 if batch[0].framing is not None else len(batch) - 1
    session.say(batch[:at])
    send = batch[at]
    session.streaming, session.behind = send.framing, batch[at + 1 :]
    running.last = None  # what it is will be known when the content is over
    if send.framing is not None and send.framing.owed:
        session.unanswered.append(send)


def go_on(session: Session) -> None:
    """Say of the content what may be said now."""
    while (framing := session.streaming) is not None:
        if framing.one_by_one and session.unanswered:
            return
        sends = framing.next()
        if not sends:
            return
        if sends[0] is framing.ending:
            _finish(session, framing, sends)
        else:
            session.say(sends)


def _finish(session: Session, framing: Framing, sends: Batch) -> None:
    running, behind = session.running, session.behind
    assert running is not None, "content without an exchange"
    drop(session)
    session.say(sends, is_owed=not framing.owed)
    running.last = session.say(behind) or framing.ending
    if not session.unanswered:  # all is answered, the end of the content before it was said
        session.resume(running)


def cut_short(session: Session, running: Running) -> None:
    """The server refused the content before its end."""
    framing = session.streaming
    assert framing is not None
    drop(session)
    if framing.owed:  # nothing but a lone dot would end it, and that says it is complete
        replies, running.replies = running.replies, []
        reason = "the server refused the content before its end"
        session.end(Closed("client", reason, session.phase is Phase.CLOSING), None)
        session.advance(running, replies)
    elif session.unanswered:
        running.last = session.unanswered[-1]
    else:
        session.resume(running)


def drop(session: Session) -> None:
    """Say no more of it; whoever keeps its last Send keeps no source."""
    if session.streaming is not None:
        session.streaming.ending.framing = None
    session.streaming, session.behind = None, ()
