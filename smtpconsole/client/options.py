"""The options of a connection, checked in one place for `send`, `SMTP()` and `connect`."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, replace
from typing import Any

from smtpconsole.net.policy import TlsPolicy
from smtpconsole.smtp.events import Target

SMTP_PORT = 25
SMTP_TLS_PORT = 465  # RFC 8314
SMTP_STARTTLS_PORT = 587  # RFC 6409
DEFAULT_TIMEOUT = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Options:
    """How to connect; None means the default, which is chosen when connecting."""

    hostname: str | None = None
    port: int | None = None
    username: str | bytes | None = None
    password: str | bytes | None = None
    local_hostname: str | None = None
    source_address: tuple[str, int] | None = None
    timeout: float | None = DEFAULT_TIMEOUT
    use_tls: bool = False
    start_tls: bool | None = None
    validate_certs: bool = True
    client_cert: str | None = None
    client_key: str | None = None
    tls_context: ssl.SSLContext | None = None
    cert_bundle: str | None = None

    def __repr__(self) -> str:
        return f"Options({self.target()})"  # and no password

    def changed(self, **changes: Any) -> Options:
        """The same with some changed; ValueError where they clash or cannot be."""
        options = replace(self, **changes)
        if options.local_hostname is not None:
            options = replace(options, local_hostname=host_name(options.local_hostname))
        if options.start_tls and options.use_tls:
            raise ValueError("The start_tls and use_tls options are not compatible")
        if options.tls_context is not None and options.client_cert is not None:
            raise ValueError("Either a TLS context or a certificate/key must be provided")
        if options.hostname is not None and any(char in options.hostname for char in "\r\n"):
            raise ValueError("hostname contains a prohibited line break")
        return options

    def target(self) -> Target:
        """Where to connect."""
        port = self.port
        if port is None:
            port = SMTP_PORT
            if self.use_tls:
                port = SMTP_TLS_PORT
            elif self.start_tls:
                port = SMTP_STARTTLS_PORT
        return Target(self.hostname or "localhost", port, self.use_tls)

    def policy(self, server_name: str | None = None) -> TlsPolicy:
        """How TLS is to be done; OSError or ssl.SSLError if a file cannot be used."""
        context = self.tls_context
        if context is None:
            context = ssl.create_default_context()
            if not self.validate_certs:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            if self.cert_bundle is not None:
                context.load_verify_locations(self.cert_bundle)  # added to the system's store
            if self.client_cert is not None:
                context.load_cert_chain(self.client_cert, self.client_key)
        return TlsPolicy(given=context, server_name=server_name)


def host_name(text: str) -> str:
    """A name as EHLO takes it; ValueError if it is none."""
    name = text.strip()
    if not name or any(char.isspace() or ord(char) < 32 or ord(char) == 127 for char in name):
        raise ValueError(f"{text!r} is not a host name: it is empty, or has blanks or controls")
    return name
