"""The exceptions of the library, and the only place where a reply code becomes one.

    SMTPException                     message
    ├─ SMTPServerDisconnected         also a ConnectionError
    ├─ SMTPConnectError               also a ConnectionError
    ├─ SMTPTimeoutError               also a TimeoutError
    │   ├─ SMTPConnectTimeoutError    also an SMTPConnectError
    │   └─ SMTPReadTimeoutError
    ├─ SMTPNotSupported
    ├─ SMTPRecipientsRefused          recipients
    └─ SMTPResponseException          code, message
        ├─ SMTPConnectResponseError   also an SMTPConnectError
        ├─ SMTPHeloError
        ├─ SMTPDataError
        ├─ SMTPAuthenticationError
        ├─ SMTPSenderRefused          sender
        └─ SMTPRecipientRefused       recipient

Each keeps its arguments in `args`, in their order, so it can be pickled.
"""

from __future__ import annotations

import asyncio

from smtpconsole.client.response import response
from smtpconsole.smtp.exchanges import Delivery
from smtpconsole.smtp.replies import Reply


class SMTPException(Exception):
    """Any trouble with SMTP."""

    def __init__(self, message: str, /) -> None:
        self.message = message
        self.args = (message,)


class SMTPServerDisconnected(SMTPException, ConnectionError):
    """There is no connection, or it was lost."""


class SMTPConnectError(SMTPException, ConnectionError):
    """No connection could be made."""


class SMTPTimeoutError(SMTPException, asyncio.TimeoutError):
    """Something took too long."""


class SMTPConnectTimeoutError(SMTPTimeoutError, SMTPConnectError):
    """Connecting took too long."""


class SMTPReadTimeoutError(SMTPTimeoutError):
    """A reply did not come in time; the connection is closed."""


class SMTPNotSupported(SMTPException):
    """The server does not offer what is needed."""


class SMTPResponseException(SMTPException):
    """The server refused."""

    def __init__(self, code: int, message: str, /) -> None:
        self.code = code
        self.message = message
        self.args = (code, message)


class SMTPConnectResponseError(SMTPResponseException, SMTPConnectError):
    """The greeting was no 220."""


class SMTPHeloError(SMTPResponseException):
    """EHLO or HELO was refused."""


class SMTPDataError(SMTPResponseException):
    """DATA or the message was refused."""


class SMTPAuthenticationError(SMTPResponseException):
    """The credentials were refused, or the mechanism failed."""


class SMTPSenderRefused(SMTPResponseException):
    """MAIL was refused."""

    def __init__(self, code: int, message: str, sender: str, /) -> None:
        super().__init__(code, message)
        self.sender = sender
        self.args = (code, message, sender)


class SMTPRecipientRefused(SMTPResponseException):
    """RCPT was refused."""

    def __init__(self, code: int, message: str, recipient: str, /) -> None:
        super().__init__(code, message)
        self.recipient = recipient
        self.args = (code, message, recipient)


class SMTPRecipientsRefused(SMTPException):
    """Every recipient was refused."""

    def __init__(self, recipients: list[SMTPRecipientRefused], /) -> None:
        self.recipients = recipients
        self.args = (recipients,)


def refuse(reply: Reply, error: type[SMTPResponseException], *args: str) -> None:
    """Raise unless the reply is positive."""
    if not reply.is_positive:
        raise error(*response(reply), *args)


def failure(delivery: Delivery, sender: str) -> SMTPException:
    """Why a message was not taken."""
    if not delivery.mail.is_positive:
        return SMTPSenderRefused(*response(delivery.mail), sender)
    if not delivery.accepted:
        return SMTPRecipientsRefused(
            [SMTPRecipientRefused(*response(reply), str(who)) for who, reply in delivery.refused]
        )
    replies = [*delivery.content, delivery.data, delivery.recipients[-1][1]]
    reply = next(each for each in replies if each is not None)
    return SMTPDataError(*response(reply))
