"""/pipeline"""

from __future__ import annotations

from typing import Annotated

from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.arguments import LIST
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.console.holding import pairing
from smtpconsole.smtp.commands import CONTENT, PER_RECIPIENT, Send
from smtpconsole.smtp.events import Phase, Sent
from smtpconsole.smtp.session import Exchange, Session
from smtpconsole.smtp.typed import opened


@command
async def pipeline(console: Console, lines: Annotated[tuple[str, ...], LIST] = ()) -> None:
    """Say several lines in one go, and draw which reply answers which; alone: of the last batch.

    /pipeline MAIL FROM:<a@example.org>; RCPT TO:<b@example.org>; DATA, or each line in quotes of
    its own.  RFC 2920 (3.1) lets MAIL, RCPT and RSET stand anywhere in a group, and others only
    at its end; what is said against that is said all the same, and remarked on.
    """
    if not lines:
        _draw(console)
        return
    session = console.connected().session
    if session.phase is not Phase.READY:
        where = f"the session is in phase {session.phase.value}"
        raise ConsoleError(f"nothing was sent: {where}", "lines are pipelined between commands")
    texts = _split(lines)
    if any(text[:5].upper() == "AUTH " for text in texts):
        await console.may_send_secrets()
    sends = _sends(session, texts)
    began = len(console.journal)
    try:
        await console.run(_say(sends))
    finally:
        if len(console.journal.since(began, Sent)):
            _draw(console)


def _draw(console: Console) -> None:
    batch = pairing.last(console.journal)
    if batch is None:
        raise ConsoleError("nothing was said yet", "/pipeline RSET; NOOP says two in one go")
    session = console.connection.session if console.connection is not None else None
    is_pending = session is not None and bool(session.unanswered)
    console.front.show(pairing.drawn(batch, is_pending=is_pending))


def _split(words: tuple[str, ...]) -> list[str]:
    """The lines: words in quotes, or what stands between semicolons."""
    if any(" " in word for word in words):
        lines = list(words)
    else:
        lines = [line.strip() for line in " ".join(words).split(";")]
    if not any(lines):
        raise ConsoleError("nothing was sent: there is no line", "/pipeline RSET; NOOP")
    return [line for line in lines if line]


def _sends(session: Session, texts: list[str]) -> list[Send]:
    """The lines as they are said; what follows a BDAT line is its chunk."""
    sends: list[Send] = []
    left = 0
    for text in texts:
        line = text.encode("utf-8", "surrogateescape")
        if left:
            sends.append(Send((line + b"\r\n")[: max(left, len(line))], CONTENT, replies=0))
            left = max(0, left - len(sends[-1].data))
            continue
        send = session.typed(line)
        chunk = opened(line) if send.verb == b"BDAT" else None
        if chunk is not None:
            left = chunk.left
            send.replies = PER_RECIPIENT if session.lmtp and chunk.is_last else 1
        sends.append(send)
    return sends


def _say(sends: list[Send]) -> Exchange[None]:
    yield sends
