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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from smtpconsole.smtp import addresses, xtext

if TYPE_CHECKING:
    from smtpconsole.smtp.streams import Framing

PER_RECIPIENT = -1  # LMTP: one reply for each recipient accepted so far (RFC 2033, 4.2)
PRDR = -2  # one; or, after a 353, one for each recipient accepted so far, and one for the message

GREETING = b"(greeting)"  # nothing is sent, and a reply is owed
CONTENT = b"(content)"

_ADDRESSES = ("addr", "destaddr")  # attributes that are addresses
_UNKNOWN = ("[UNAVAILABLE]", "[TEMPUNAVAIL]")

_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")


@dataclass(slots=True)
class Send:
    """Octets for the wire, and how many replies they ask for."""

    data: bytes
    verb: bytes = b""  # whose consequences the reply has; b"" for none
    replies: int = 1  # 0, n, PER_RECIPIENT or PRDR
    secret: slice | None = None  # octets never to be shown
    about: Any = None  # what the caller knows it by, e.g. the recipient as written
    framing: Framing | None = None  # content to be pulled first (`streams`)

    @property
    def line(self) -> bytes:
        """The first line, without its end."""
        return self.data.partition(b"\r\n")[0]

    @property
    def is_end(self) -> bool:
        """A message ends with it, and its reply is whether the server has taken that."""
        if self.verb == b"BDAT":
            return self.line.upper().endswith(b" LAST")
        return self.verb == CONTENT and self.replies != 0


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


def etrn(node: str) -> Send:
    """ETRN (RFC 1985): a host, `@domain` with all below it, or `#queue`."""
    return command(b"ETRN", node.encode("ascii"))


def xclient(**attributes: str | None) -> Send:
    """XCLIENT (Postfix): who to be taken for; None is `[UNAVAILABLE]`, which only some may be."""
    return command(b"XCLIENT", *_attributes(attributes))


def xforward(**attributes: str | None) -> Send:
    """XFORWARD (Postfix): where the next message came from, for the server's log."""
    return command(b"XFORWARD", *_attributes(attributes))


def _attributes(attributes: Mapping[str, str | None]) -> list[bytes]:
    return [f"{name.upper()}={_value(name, value)}".encode() for name, value in attributes.items()]


def _value(name: str, value: str | None) -> str:
    if value is None or value in _UNKNOWN:
        return value or _UNKNOWN[0]
    if name.lower() in _ADDRESSES and ":" in value and value[:5].upper() != "IPV6:":
        value = f"IPV6:{value}"
    return xtext.encoded(value)
