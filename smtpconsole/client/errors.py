"""The exceptions of the library, and the only place where a reply code becomes one.

    SMTPException                     message
    ├─ SMTPServerDisconnected         also a ConnectionError
    ├─ SMTPConnectError               also a ConnectionError
    ├─ SMTPTimeoutError               also a TimeoutError
    │   ├─ SMTPConnectTimeoutError    also an SMTPConnectError
    │   └─ SMTPReadTimeoutError
    ├─ SMTPNotSupported
    ├─ SMTPTLSError                   also an ssl.SSLError; not of aiosmtplib
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
import ssl
from typing import TYPE_CHECKING

from smtpconsole.client.response import SMTPResponse, response

if TYPE_CHECKING:
    from smtpconsole.smtp.errors import HandshakeFailed
    from smtpconsole.smtp.exchanges import Delivery
    from smtpconsole.smtp.sasl import Failure


class SMTPException(Exception):
    """Any trouble with SMTP.

    `is_in_doubt`: the message was said to its end, and there was no answer before the connection
    ended, or none that says yes or no: the server may have it, and sent again it may arrive twice
    (RFC 1047).  Where it is False, the server has not taken the message.
    """

    is_in_doubt = False

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


class SMTPTLSError(SMTPException, ssl.SSLError):
    """TLS did not come about after STARTTLS; the connection is closed.

    aiosmtplib lets `ssl.SSLError` out, which `except SMTPException` misses: it is both.
    `reason`, `library` and `verify_code` are OpenSSL's, where it was OpenSSL that minded.
    """

    verify_code = 0
    verify_message = ""

    def __str__(self) -> str:
        return self.message


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
    """The credentials were refused, or the mechanism failed.

    `failure` tells of what kind it is, where that is known: wrong credentials, a mechanism that
    is refused, policy, for now only, or a server that has not proven itself.
    """

    failure: Failure | None = None


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


def positive(
    response: SMTPResponse, error: type[SMTPResponseException], *args: str
) -> SMTPResponse:
    """The response, if it is one of the second hundred; else raise (RFC 5321, 4.2.1)."""
    if response.code // 100 != 2:
        raise error(*response, *args)
    return response


def tls_failure(error: HandshakeFailed) -> SMTPException:
    """Why TLS did not come about: it broke off, or somebody minded."""
    cause = error.__cause__
    if not isinstance(cause, ssl.SSLError) or isinstance(cause, ssl.SSLEOFError):
        return SMTPServerDisconnected(str(error))
    failure = SMTPTLSError(str(error))
    for name in ("reason", "library", "verify_code", "verify_message"):
        if hasattr(cause, name):
            setattr(failure, name, getattr(cause, name))
    return failure


def failure(delivery: Delivery, sender: str) -> SMTPException:
    """Why a message was not taken."""
    if not delivery.mail.is_positive:
        return SMTPSenderRefused(*response(delivery.mail), sender)
    if not delivery.accepted:
        return SMTPRecipientsRefused(
            [SMTPRecipientRefused(*response(reply), str(who)) for who, reply in delivery.refused]
        )
    who, last = delivery.recipients[-1]
    if last.code == 421:  # RFC 5321, 3.8: the server leaves, and DATA was never answered
        return SMTPRecipientRefused(*response(last), str(who))
    reply = delivery.refusal or delivery.data
    if reply is None:
        return SMTPServerDisconnected("The server has left before it took the message")
    error = SMTPDataError(*response(reply))
    error.is_in_doubt = delivery.is_in_doubt
    return error
