"""Types that users of the library name (aiosmtplib's module of that name, and ours)."""

from __future__ import annotations

import enum
import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from smtpconsole.client.status import SMTPStatus

__all__ = ("Default", "SMTPStatus", "SMTPTokenGenerator", "SocketPathType")

SMTPTokenGenerator = Callable[[], Awaitable[str]]
SocketPathType = str | bytes | os.PathLike[str]


class Default(enum.Enum):
    """The default of options for which None says something: not given, keep what holds."""

    token = 0


_default = Default.token

if TYPE_CHECKING:
    from smtpconsole.net.timeouts import Timeouts

    Timeout = float | Timeouts | None | Default  # seconds for each reply; None waits for ever
