"""The library: an asynchronous SMTP client with the names of aiosmtplib's public API."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

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
from smtpconsole.client.receipt import Receipt
from smtpconsole.client.response import SMTPResponse
from smtpconsole.client.smtp import SMTP
from smtpconsole.client.status import SMTPStatus
from smtpconsole.client.typing import SMTPTokenGenerator

if TYPE_CHECKING:
    from smtpconsole.client.pool import Pool
    from smtpconsole.net.policy import TlsPolicy
    from smtpconsole.net.route import Route
    from smtpconsole.net.timeouts import Timeouts
    from smtpconsole.smtp.streams import Stream

_LATER = {  # what is loaded when it is asked for
    "Pool": "smtpconsole.client.pool",
    "Route": "smtpconsole.net.route",
    "Stream": "smtpconsole.smtp.streams",
    "Timeouts": "smtpconsole.net.timeouts",
    "TlsPolicy": "smtpconsole.net.policy",
}

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


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(importlib.import_module(_LATER[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
