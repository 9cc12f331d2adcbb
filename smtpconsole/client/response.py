"""A reply as aiosmtplib gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from smtpconsole.smtp.replies import Reply


class SMTPResponse(NamedTuple):
    """A code, and the text of all lines joined with LF (RFC 5321, 4.2)."""

    code: int
    message: str

    def __str__(self) -> str:
        return f"{self.code} {self.message}"


def response(reply: Reply) -> SMTPResponse:
    """The response for a reply; blanks at the ends of lines are stripped."""
    if len(reply.lines) == 1:  # nearly all there is
        text = reply.lines[0].decode("utf-8", "surrogateescape").strip()
        return SMTPResponse(reply.code, text)
    lines = (line.decode("utf-8", "surrogateescape").strip() for line in reply.lines)
    return SMTPResponse(reply.code, "\n".join(lines))


def as_reply(answer: SMTPResponse) -> Reply:
    """The reply that has this response."""
    from smtpconsole.smtp.replies import Reply

    lines = answer.message.encode("utf-8", "surrogateescape").split(b"\n")
    return Reply(answer.code, lines)
