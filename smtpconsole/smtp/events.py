"""Everything that can happen in a session, as plain values.

1. An event is a past tense and a fact: no clock, no number.  The journal adds those.
2. `Sent` and `Received` together hold every octet once; the others refer to them.
3. What only the transport can know of TLS is described in `facts`, and filled in by `net`.
4. Events are made on the hot path: slotted, not frozen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Literal

from smtpconsole.smtp.facts import Alert, Message, TlsFacts
from smtpconsole.smtp.targets import Target as Target

if TYPE_CHECKING:
    from smtpconsole.smtp.capabilities import Capabilities
    from smtpconsole.smtp.commands import Send
    from smtpconsole.smtp.replies import Reply


class Phase(Enum):
    """Where a session stands; the value is what a person reads."""

    GREETING = "greeting"
    READY = "ready"
    AUTH = "auth"  # the next line answers a SASL challenge
    CONTENT = "content"  # the next octets are message content
    UPGRADING = "upgrading"
    CLOSING = "closing"
    CLOSED = "closed"


# --- events -----------------------------------------------------------------------------------


@dataclass(slots=True)
class Sent:
    send: Send


@dataclass(slots=True)
class Received:
    data: bytes


@dataclass(slots=True)
class Answered:
    reply: Reply
    send: Send | None  # None: nobody asked


@dataclass(slots=True)
class Learned:
    """The server told what it can do."""

    capabilities: Capabilities


@dataclass(slots=True)
class Anomaly:
    kind: str  # a key of knowledge/remarks/session.toml
    detail: str


@dataclass(slots=True)
class Proposed:
    """Step mode holds a batch."""

    batch: Sequence[Send]


@dataclass(slots=True)
class Dialling:
    target: Target


@dataclass(slots=True)
class Resolved:
    """The addresses a host name stands for, in the order they will be tried."""

    host: str
    addresses: tuple[str, ...]
    seconds: float


@dataclass(slots=True)
class LookedUp:
    """The DNS was asked, and this is what became of it."""

    name: str
    kind: str  # "MX"
    outcome: str  # "found", or why there is nothing: "nxdomain", "no data", "timeout" …
    records: tuple[str, ...]
    seconds: float
    server: str  # that answered, or that was asked last
    rcode: str = ""  # "NOERROR"; empty without an answer
    ttl: int | None = None  # seconds
    is_authenticated: bool = False  # the answer has the AD bit (RFC 4035, 3.2.3)
    is_trusted: bool = False  # the resolver's AD bit can be believed
    detail: str = ""  # extended errors (RFC 8914), aliases, TCP


@dataclass(slots=True)
class Tried:
    """One address did not answer, or not first."""

    address: str
    error: str
    seconds: float
    was_needed: bool = True  # False: another address was quicker, and this one was given up


@dataclass(slots=True)
class Connected:
    local: str
    peer: str
    seconds: float


@dataclass(slots=True)
class Secured:
    facts: TlsFacts


@dataclass(slots=True)
class NotSecured:
    facts: TlsFacts
    error: str


@dataclass(slots=True)
class Traced:
    """A message of a TLS handshake, or of TLS behind it; told only where somebody debugs."""

    message: Message


@dataclass(slots=True)
class Alerted:
    """An alert of TLS."""

    alert: Alert


@dataclass(slots=True)
class Closed:
    by: Literal["server", "client"]
    error: str | None = None
    was_announced: bool = False  # by a 221 or a 421


@dataclass(slots=True)
class Entered:
    """A person gave the console a command; what was secret in it is masked already."""

    line: str


@dataclass(slots=True)
class Noted:
    text: str


@dataclass(slots=True)
class Marked:
    """A person marked an entry of the journal, with a remark if there is one to make."""

    number: int
    remark: str = ""
    is_on: bool = True  # False takes the mark away


Event = (
    Sent
    | Received
    | Answered
    | Learned
    | Anomaly
    | Proposed
    | Dialling
    | Resolved
    | LookedUp
    | Tried
    | Connected
    | Secured
    | NotSecured
    | Traced
    | Alerted
    | Closed
    | Entered
    | Noted
    | Marked
)
