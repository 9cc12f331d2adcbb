"""A message somebody is writing: the envelope, the headers and the body, kept apart.

1. The headers follow the envelope until somebody writes them; where they then differ, it is the
   meter that says so, and nothing is refused for it.
2. Octets are sent as they are: `body_octets` behind headers that follow the rest of the draft,
   `source` as the whole message.
3. What cannot be written so that it reads the same again is refused, with the reason: a header
   never becomes two, and a text never loses a character.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from smtpconsole.composer.errors import DraftError
from smtpconsole.composer.parts import Attachment, Encoding
from smtpconsole.smtp import addresses

_ADDRESS = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^\s,;"])+')
_FILLER = b"%08d " + b"x" * 67 + b"\r\n"
FILLER_LINE = len(_FILLER % 0)  # octets

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """What will be said as the envelope, and what the message will be made of."""

    sender: str = ""  # the reverse path; "" is the null sender
    recipients: tuple[str, ...] = ()
    mail_parameters: tuple[str, ...] = ()  # as written: "RET=HDRS"
    rcpt_parameters: tuple[str, ...] = ()  # said for each recipient
    subject: str = ""
    headers: Headers = ()  # replace those that follow the envelope; an empty value leaves one out
    body: str = ""
    html: str = ""
    calendar: str = ""  # an iCalendar object (RFC 5545), as an alternative of the text
    attachments: tuple[Attachment, ...] = ()
    charset: str = "utf-8"
    encoding: Encoding | None = None  # of the texts; None is what they need
    is_flowed: bool = False  # RFC 3676
    body_octets: bytes | None = field(default=None, repr=False)  # instead of all the above
    source: bytes | None = field(default=None, repr=False)
    bare_dots: bool = False  # no dot is doubled but behind CRLF (RFC 5321, 4.5.2)
    filler: int = 0  # octets of lines made while sending, after all else
    unsaid: tuple[str, ...] = ()  # recipients that a file named, and no person

    def with_recipients(self, text: str) -> Draft:
        """The same draft for the recipients in a line, separated by commas or blanks.

        Of `Bob Fox <bob@example.org>` it is the address.
        """
        words = _ADDRESS.findall(text)
        if any(word.startswith("<") for word in words):
            words = [word for word in words if "@" in word]
        found = tuple(dict.fromkeys(word.removeprefix("<").removesuffix(">") for word in words))
        return replace(self, recipients=found)

    def with_header(self, name: str, value: str) -> Draft:
        """The same draft with one header of the name; an empty value leaves it out."""
        rest = tuple(pair for pair in self.headers if pair[0].lower() != name.lower())
        return replace(self, headers=(*rest, (name, value)))

    def header(self, name: str) -> str | None:
        """What was written for a header; None if nothing was."""
        return next((text for key, text in self.headers if key.lower() == name.lower()), None)

    @property
    def needs_utf8(self) -> bool:
        """An address of the envelope is not ASCII (RFC 6531)."""
        return not all(each.isascii() for each in (self.sender, *self.recipients))

    def check(self) -> None:
        """Raise DraftError if there is nobody to send to, or an address cannot be one."""
        if not self.recipients:
            raise DraftError("the message has no recipient; fill in To")
        for address in (self.sender, *self.recipients):
            try:
                addresses.mailbox(address)
            except ValueError as error:
                raise DraftError(str(error)) from error

    def to_bytes(self, *, now: datetime) -> bytes:
        """The octets that will be sent, before dots are doubled; without the filler.

        Raises DraftError if there is no recipient, or something cannot be written.
        """
        self.check()
        if self.source is not None:
            return ended(self.source)
        # The email package is of no use to somebody who only looks at a server.
        from smtpconsole.composer import mime

        return mime.written(self, now)

    def pieces(self, *, now: datetime) -> Iterator[bytes]:
        """The octets that will be sent, piece by piece; the filler is made as it is asked for."""
        yield self.to_bytes(now=now)
        yield from filler_lines(self.filler)


def filler_lines(octets: int) -> Iterator[bytes]:
    """Numbered lines, of as many octets as whole lines make of it."""
    for number in range(octets // FILLER_LINE):
        yield _FILLER % (number % 10**8)


def ended(data: bytes) -> bytes:
    """The same with a line end at its end, which the end of data needs (RFC 5321, 4.1.1.4)."""
    return data if not data or data.endswith(b"\r\n") else data + b"\r\n"
