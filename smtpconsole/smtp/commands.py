"""What a client says: `Send`, and the ways to make one.

1. The only functions that make a command are here, and none but `raw` lets a control
   character through: an argument can never become a second command.
2. A `Send` knows the verb whose consequences its reply has; octets sent without a verb have
   none, which is what fuzzing wants.
3. One with a framing stands for all the Sends of content that is pulled, and is the last of
   them.  It is the first or the last of its batch.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from smtpconsole.smtp import addresses

if TYPE_CHECKING:
    from smtpconsole.smtp.streams import Framing

PER_RECIPIENT = -1  # LMTP: one reply for each recipient accepted so far (RFC 2033, 4.2)

GREETING = b"(greeting)"  # nothing is sent, and a reply is owed
CONTENT = b"(content)"

_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")


@dataclass(slots=True)
class Send:
    """Octets for the wire, and how many replies they ask for."""

    data: bytes
    verb: bytes = b""  # whose consequences the reply has; b"" for none
    replies: int = 1  # 0, n, or PER_RECIPIENT
    secret: slice | None = None  # octets never to be shown
    about: Any = None  # what the caller knows it by, e.g. the recipient as written
    framing: Framing | None = None  # content to be pulled first (`streams`)

    @property
    def line(self) -> bytes:
        """The first line, without its end."""
        return self.data.split(b"\r\n", 1)[0]


def command(verb: bytes, *arguments: bytes, about: Any = None) -> Send:
    """A command line; ValueError if an argument holds a control character."""
    line = b" ".join((verb, *arguments))
    if _CONTROL.search(line):
        raise ValueError("Command arguments contain a prohibited control character")
    secret = None
    if len(arguments) > 1 and verb.upper() == b"AUTH":  # the initial response (RFC 4954, 4)
        secret = slice(len(verb) + len(arguments[0]) + 2, len(line))
    return Send(line + b"\r\n", verb.upper(), secret=secret, about=about)


def mail(
    sender: str,
    *,
    size: int | None = None,
    options: Sequence[str] = (),
    encoding: str = "ascii",
) -> Send:
    """MAIL FROM (RFC 5321, 4.1.1.2); `size` in octets is declared first (RFC 1870)."""
    parameters = [option.encode(encoding) for option in options]
    if size is not None:
        parameters.insert(0, b"size=%d" % size)
    sender_path = addresses.path(sender, encoding=encoding)
    return command(b"MAIL", b"FROM:" + sender_path, *parameters, about=sender)


def rcpt(recipient: str, *, options: Sequence[str] = (), encoding: str = "ascii") -> Send:
    """RCPT TO (RFC 5321, 4.1.1.3)."""
    parameters = [option.encode(encoding) for option in options]
    recipient_path = addresses.path(recipient, encoding=encoding)
    return command(b"RCPT", b"TO:" + recipient_path, *parameters, about=recipient)


def raw(data: bytes, *, replies: int = 1) -> Send:
    """Any octets, with no consequence for what the session knows."""
    return Send(data, replies=replies)
