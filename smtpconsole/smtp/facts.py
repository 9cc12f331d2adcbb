"""What only the transport can know of TLS, as plain values: `net` fills them in.

They are here and not in `net`, so that transcript and panes need not import the transport.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Severity = Literal["error", "warning", "info"]
Party = Literal["client", "server"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something a careful client minds about a certificate chain, or about the TLS session."""

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
    spki_sha256: str = ""  # of the key alone (SubjectPublicKeyInfo), as `sha256`
    serial: str = ""  # hex with colons
    usage: tuple[str, ...] = ()  # "TLS servers", "signing certificates"
    locations: tuple[tuple[str, str], ...] = ()  # ("issuer" or "OCSP" or "CRL", URL)
    is_authority: bool = False


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert of TLS (RFC 8446, 6)."""

    party: Party  # who sent it
    code: int
    name: str  # "handshake failure"
    is_fatal: bool

    def __str__(self) -> str:
        return f"{self.name}, from {'us' if self.party == 'client' else 'the server'}"


@dataclass(frozen=True, slots=True)
class Message:
    """A message of the TLS handshake, or another record that is part of it."""

    party: Party
    name: str  # "ClientHello", "Certificate", "ChangeCipherSpec"
    octets: int


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """What is known of a TLS session, also of one that failed.

    None means "not known": without a trace, what TLS 1.3 encrypts is not looked at.
    """

    version: str | None = None  # "TLSv1.3"
    cipher: str | None = None
    bits: int | None = None
    group: str | None = None  # key exchange, e.g. "X25519"
    alpn: str | None = None
    server_name: str | None = None  # the SNI we sent
    chain: tuple[CertificateFacts, ...] = ()
    problems: tuple[Problem, ...] = ()
    store: str | None = None  # which trust store judged
    strict: bool = False  # OpenSSL verified, and would have refused
    seconds: float | None = None
    round_trips: int | None = None
    signature: str | None = None  # by which the server proved to have the key
    is_resumed: bool = False
    extended_master_secret: bool | None = None  # RFC 7627; TLS 1.3 always has it
    compression: str | None = None
    is_retried: bool = False  # HelloRetryRequest: the server wanted another group
    downgraded_from: str | None = None  # the server knows this version, and yet took a lower one
    client_certificate_requested: bool | None = None
    authorities: tuple[str, ...] = ()  # whose client certificates the server takes
    alerts: tuple[Alert, ...] = ()
    messages: tuple[Message, ...] = ()
    key_log: str | None = None  # the file that the session's secrets are written to
    failure: str = ""  # stable code of what went wrong, e.g. "not-tls"

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @property
    def alert(self) -> str | None:
        """The last alert, in words, with its direction."""
        return str(self.alerts[-1]) if self.alerts else None


# --- what the DNS says of a server's TLS ------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TlsaRecord:
    """A TLSA record (RFC 6698, 2.1)."""

    usage: int
    selector: int
    matching: int
    data: bytes

    def __str__(self) -> str:
        return f"{self.usage} {self.selector} {self.matching} {self.data.hex()}"


@dataclass(frozen=True, slots=True)
class TlsaAnswer:
    """What the DNS answers about the TLSA records of one server (RFC 7672, 2.1 and 2.2)."""

    records: tuple[TlsaRecord, ...] = ()
    is_secure: bool = False  # validated by DNSSEC, and the MX and address records as well
    names: tuple[str, ...] = ()  # any of which the certificate may have, for usage 2
    error: str = ""  # the lookup failed; a sender then waits


@dataclass(frozen=True, slots=True)
class StsPolicy:
    """An MTA-STS policy (RFC 8461, 3.2)."""

    mode: Literal["enforce", "testing", "none"]
    mx: tuple[str, ...]  # "mail.example.com", "*.example.net"
    max_age: int  # seconds


@dataclass(frozen=True, slots=True)
class Demands:
    """What a domain demands of senders; None where it has not been looked up."""

    tlsa: TlsaAnswer | None = None
    sts: StsPolicy | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """How one TLSA record fares with the certificates that were sent."""

    record: TlsaRecord
    outcome: Literal["matches", "differs", "unusable", "weaker"]
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a sender with a certain policy would deliver; None where it is not known."""

    policy: str  # "opportunistic", "required", "verified", "DANE", "MTA-STS"
    delivers: bool | None
    text: str
