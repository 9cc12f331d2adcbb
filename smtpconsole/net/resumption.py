"""TLS sessions that are kept, to be offered again: RFC 8446, 2.2, and RFC 5077.

OpenSSL resumes a session only in the context it was made in, and a resumed session shows no
certificates: so context and facts are kept with it.
"""

from __future__ import annotations

import ssl
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from smtpconsole.smtp.facts import TlsFacts

MOST = 100  # servers


@dataclass(slots=True)
class Kept:
    """What is kept for one server and one policy."""

    context: ssl.SSLContext
    session: ssl.SSLSession | None = None
    facts: TlsFacts | None = None  # of the handshake in which the certificates were seen


class TlsSessions:
    """Sessions by server and policy; the one unused for longest goes first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()

    def of(self, key: Hashable, context: Callable[[], ssl.SSLContext]) -> Kept:
        """What is kept for a key; the context is made if nothing is."""
        kept = self._kept.get(key)
        if kept is None:
            kept = self._kept[key] = Kept(context())
            if len(self._kept) > MOST:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return kept

    def forget(self) -> None:
        """Begin anew: the next handshakes are full ones."""
        self._kept.clear()

    def __len__(self) -> int:
        return sum(kept.session is not None for kept in self._kept.values())
