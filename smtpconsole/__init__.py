"""An interactive SMTP debugging console, and the asynchronous SMTP client under it.

The names below are the library's; `smtpconsole.client` has them too, and more.  They are loaded
when they are asked for, so that the program starts without them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smtpconsole.client import *  # noqa: F403

_NAMES = (
    "Letter",
    "Pool",
    "Route",
    "Stream",
    "Timeouts",
    "TlsPolicy",
    "Receipt",
    "SMTP",
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
    "send",
)
__all__ = list(_NAMES)  # a list for `import *`


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(importlib.import_module("smtpconsole.client"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
