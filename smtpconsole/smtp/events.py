"""Everything that can happen in a session, as plain values.

1. An event is a past tense and a fact: no clock, no number.  The journal adds those.
2. `Sent` and `Received` together hold every octet once; the others refer to them.
3. What only the transport can know (`Target`, `TlsFacts`, `CertificateFacts`, `Problem`) is
   described here and filled in by `net`, so that the transcript need not import the transport.
4. Events are made on the hot path: slotted, not frozen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Literal

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


# --- facts the transport fills in -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Target:
    """A server somebody wants to talk to."""

    host: str
    port: int
    implicit_tls: bool = False  # RFC 8314: TLS from the first octet

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something a careful client minds about a certificate chain."""

    severity: Severity
    code: str  # stable, e.g. "expired"; tests, exports and scripts use it
    depth: int  # 0 is the server's own certificate
    text: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What one certificate says of itself."""

    subject: str
    issuer: str
    names: tuple[str, ...]  # subjectAltName: DNS names and addresses
    not_before: datetime
    not_after: datetime
    key: str  # "RSA 2048", "EC P-256", "Ed25519"
    signature: str  # "SHA-256 with RSA"
    sha256: str  # of the DER octets, lower-case hex with colons
    der: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """What is known of a TLS session, also of one that failed."""

    version: str | None = None  # "TLSv1.3"
    cipher: str | None = None
    bits: int | None = None
    group: str | None = None  # key exchange, e.g. "x25519"
    alpn: str | None = None
    server_name: str | None = None  # the SNI we sent
    chain: tuple[CertificateFacts, ...] = ()
    problems: tuple[Problem, ...] = ()
    store: str | None = None  # which trust store judged
    strict: bool = False  # OpenSSL verified, and would have refused
    seconds: float | None = None
    round_trips: int | None = None
    alert: str | None = None  # the last alert seen, in words, with its direction

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "error")


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
    kind: str  # a key of knowledge/anomalies.toml
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
class Tried:
    """One address did not answer."""

    address: str
    error: str
    seconds: float


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


Event = (
    Sent
    | Received
    | Answered
    | Learned
    | Anomaly
    | Proposed
    | Dialling
    | Resolved
    | Tried
    | Connected
    | Secured
    | NotSecured
    | Closed
    | Entered
    | Noted
)
