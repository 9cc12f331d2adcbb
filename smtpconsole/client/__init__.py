"""The library: an asynchronous SMTP client with the names of aiosmtplib's public API."""

from smtpconsole.client.api import send
from smtpconsole.client.delivering import Letter
from smtpconsole.client.errors import (
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPConnectResponseError,
    SMTPConnectTimeoutError,
    SMTPDataError,
    SMTPException,
    SMTPHeloError,
    SMTPNotSupported,
    SMTPReadTimeoutError,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
    SMTPTimeoutError,
    SMTPTLSError,
)
from smtpconsole.client.pool import Pool
from smtpconsole.client.receipt import Receipt
from smtpconsole.client.response import SMTPResponse
from smtpconsole.client.smtp import SMTP
from smtpconsole.client.status import SMTPStatus
from smtpconsole.client.typing import SMTPTokenGenerator
from smtpconsole.net.policy import TlsPolicy
from smtpconsole.net.route import Route
from smtpconsole.net.timeouts import Timeouts
from smtpconsole.smtp.streams import Stream

__all__ = [
    "SMTP",
    "Letter",
    "Pool",
    "Receipt",
    "Route",
    "SMTPAuthenticationError",
    "SMTPConnectError",
    "SMTPConnectResponseError",
    "SMTPConnectTimeoutError",
    "SMTPDataError",
    "SMTPException",
    "SMTPHeloError",
    "SMTPNotSupported",
    "SMTPReadTimeoutError",
    "SMTPRecipientRefused",
    "SMTPRecipientsRefused",
    "SMTPResponse",
    "SMTPResponseException",
    "SMTPSenderRefused",
    "SMTPServerDisconnected",
    "SMTPStatus",
    "SMTPTLSError",
    "SMTPTimeoutError",
    "SMTPTokenGenerator",
    "Stream",
    "Timeouts",
    "TlsPolicy",
    "send",
]
