"""A message somebody is writing, and what will be sent of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid

from smtpconsole.smtp import addresses, content

_SEPARATOR = re.compile(r"[,;\s]+")
_LINE_BREAK = re.compile(r"[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")


class DraftError(ValueError):
    """The draft cannot be sent as it stands; says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Draft:
    """Envelope, headers and body; the headers follow the envelope unless they are given."""

    sender: str = ""  # the reverse path; "" is the null sender
    recipients: tuple[str, ...] = ()
    from_: str = ""
    to: str = ""
    subject: str = ""
    body: str = ""

    def with_recipients(self, text: str) -> Draft:
        """The same draft for the recipients in a line, separated by commas or blanks."""
        found = tuple(dict.fromkeys(word for word in _SEPARATOR.split(text) if word))
        return replace(self, recipients=found)

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

    def to_message(self, *, now: datetime) -> EmailMessage:
        """The message with the headers that every message has."""
        message = EmailMessage(policy=SMTP)
        headers = {
            "From": self.from_ or self.sender,
            "To": self.to or ", ".join(self.recipients),
            "Subject": self.subject,
            "Date": format_datetime(now),
            "Message-ID": make_msgid(domain=addresses.domain(self.sender) or "localhost"),
        }
        for name, value in headers.items():
            if not value:
                continue
            if _LINE_BREAK.search(value):
                raise DraftError(f"{name} holds a line break, which would begin another header")
            try:
                message[name] = value
            except (MessageError, ValueError, IndexError) as error:
                raise DraftError(f"{name} cannot be written as a header: {error}") from error
        text = self.body if self.body.endswith("\n") or not self.body else f"{self.body}\n"
        is_plain = text.isascii() and all(len(line) <= 998 for line in text.splitlines())
        message.set_content(text, cte="7bit" if is_plain else "quoted-printable")
        return message

    def to_bytes(self, *, now: datetime) -> bytes:
        """The octets that will be sent, canonical, before dots are doubled."""
        self.check()
        policy = SMTP.clone(utf8=self.needs_utf8)
        return content.canonical(self.to_message(now=now).as_bytes(policy=policy))
