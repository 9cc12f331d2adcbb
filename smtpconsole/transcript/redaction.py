"""Secrets are cut out, and hunted for.

1. Where a secret was said, its octets are marked (`Send.secret`); `masked` cuts them out.
2. Servers echo.  A `Redactor` learns each secret, as it was said and decoded, and sweeps
   whatever else is told for the same octets; a `Sweep` does so across segment borders.
3. Needles shorter than four octets are not hunted for: they would make holes everywhere.
"""

from __future__ import annotations

import base64
import re

from smtpconsole.smtp.commands import Send

MASK = b"[not shown]"
_SHORTEST = 4


def masked(send: Send) -> bytes:
    """The octets that were said, the secret ones replaced by their number."""
    if send.secret is None:
        return send.data
    start, stop, _ = send.secret.indices(len(send.data))
    hidden = b"[%d octets not shown]" % (stop - start)
    return send.data[:start] + hidden + send.data[stop:]


class Redactor:
    """Knows the secrets of a session, and takes them out of text."""

    def __init__(self) -> None:
        self._needles: set[bytes] = set()
        self._pattern: re.Pattern[bytes] | None = None

    def learn(self, secret: bytes) -> None:
        """A secret as a person knows it: also its base64 is one."""
        self._add(secret, base64.b64encode(secret))

    def learn_said(self, send: Send) -> None:
        """A secret as it was said, usually in base64."""
        if send.secret is None:
            return
        said = send.data[send.secret]
        try:
            decoded = base64.b64decode(said, validate=True)
        except ValueError:
            decoded = b""
        if decoded and decoded.decode("utf-8", "surrogateescape") == send.about:
            return  # the user's name: in MAIL FROM it is none
        # PLAIN: authorization identity, user and password, of which the last is the secret.
        self._add(said, decoded, decoded.rpartition(b"\0")[2])

    def _add(self, *needles: bytes) -> None:
        self._needles |= {needle for needle in needles if len(needle) >= _SHORTEST}
        if self._needles:
            # The longest first, so that a part does not spoil the whole.
            ordered = sorted(self._needles, key=len, reverse=True)
            self._pattern = re.compile(b"|".join(map(re.escape, ordered)))

    def sweep(self, data: bytes) -> bytes:
        """The octets without any secret known so far."""
        return data if self._pattern is None else self._pattern.sub(MASK, data)

    def sweep_text(self, text: str) -> str:
        """The same for text; octets that are no UTF-8 are surrogates."""
        if self._pattern is None:
            return text
        octets = text.encode("utf-8", "surrogateescape")
        return self.sweep(octets).decode("utf-8", "surrogateescape")

    def unfinished(self, data: bytes) -> int:
        """How many octets at the end may be the beginning of a secret."""
        longest = max(map(len, self._needles), default=1) - 1
        for length in range(min(longest, len(data)), 0, -1):
            tail = data[-length:]
            if any(needle.startswith(tail) for needle in self._needles):
                return length
        return 0


class Sweep:
    """Takes secrets out of a stream, however it is segmented."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """What can be told now; the beginning of what may be a secret is held back."""
        data = self._redactor.sweep(self._held + data)
        held = self._redactor.unfinished(data)
        self._held = data[len(data) - held :]
        return data[: len(data) - held]

    def flush(self) -> bytes:
        """What was held back."""
        held, self._held = self._held, b""
        return held
