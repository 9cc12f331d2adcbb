"""/pipeline"""

from __future__ import annotations

from typing import Annotated

from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.arguments import LIST
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.smtp.commands import CONTENT, PER_RECIPIENT, Send
from smtpconsole.smtp.errors import Disconnected
from smtpconsole.smtp.events import Phase
from smtpconsole.smtp.replies import Reply
from smtpconsole.smtp.session import Exchange, Session
from smtpconsole.smtp.typed import opened
from smtpconsole.transcript.redaction import masked

# RFC 2920, 3.1: these may only be the last of a group.
_LAST = (b"EHLO", b"DATA", b"VRFY", b"EXPN", b"TURN", b"QUIT", b"NOOP", b"STARTTLS", b"AUTH")


@command
async def pipeline(console: Console, lines: Annotated[tuple[str, ...], LIST]) -> None:
    """Say several lines in one go, and show which reply answers which.

    /pipeline MAIL FROM:<a@example.org>; RCPT TO:<b@example.org>; DATA, or each line in quotes of
    its own.  RFC 2920 (3.1) lets MAIL, RCPT and RSET stand anywhere in a group, and others only
    at its end; what is said against that is said all the same, and remarked on.
    """
    session = console.connected().session
    if session.phase is not Phase.READY:
        where = f"the session is in phase {session.phase.value}"
        raise ConsoleError(f"nothing was sent: {where}", "lines are pipelined between commands")
    texts = _split(lines)
    if any(text[:5].upper() == "AUTH " for text in texts):
        await console.may_send_secrets()
    sends = _sends(session, texts)
    replies: list[Reply] = []
    try:
        await console.run(_say(sends, replies))
    except Disconnected as error:
        replies = error.replies
        raise
    finally:
        console.front.show(_drawn(sends, replies))


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


def _say(sends: list[Send], replies: list[Reply]) -> Exchange[None]:
    replies += yield sends


def _drawn(sends: list[Send], replies: list[Reply]) -> Answer:
    said = [masked(send).removesuffix(b"\r\n").decode("utf-8", "replace") for send in sends]
    width = min(48, max(map(len, said)))
    answers = iter(replies)
    rows = []
    for number, (send, line) in enumerate(zip(sends, said, strict=True), 1):
        reply = next(answers, None) if send.replies else "(content)"
        told = str(reply or "(no reply)").replace("\n", " / ")
        rows.append(f"{number:>3}  {line:<{width}}  <-  {told}")
    rows += [f"{'':>3}  (one more)  <-  {reply}" for reply in answers]  # LMTP
    early = [send.verb.decode("ascii", "replace") for send in sends[:-1] if send.verb in _LAST]
    rows += [f"{verb}: last in a group only (RFC 2920, 3.1)" for verb in dict.fromkeys(early)]
    count, asked = len(sends), sum(1 for send in sends if send.replies)
    title = f"{count} lines in one go, {len(replies)} replies"
    is_trouble = len(replies) < asked or any(reply.is_negative for reply in replies)
    return Answer(title, tuple(rows), is_trouble=is_trouble)
