"""How TLS is to be done, and who judges the server: the wishes, without the doing.

Two ways to judge a certificate:
1. *strict*: OpenSSL decides, the handshake fails, and the chain is read from the failed
   connection, so that every problem can still be named.
2. *inspect*: the handshake is completed unverified, every problem is named, and whoever uses
   the connection decides.  Old protocol versions and weak suites are offered as well.
"""

from __future__ import annotations

import ssl
import warnings
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TlsPolicy:
    """How TLS is to be done, and who judges the server."""

    strict: bool = True
    ca_file: str | None = None  # replaces the system's store
    server_name: str | None = None  # for SNI and verification; the host if None
    client_cert: str | None = None
    client_key: str | None = None
    given: ssl.SSLContext | None = None  # a ready context: all but server_name is its own
    is_shared: bool = True  # the given context belongs to somebody else, and must not be changed

    def context(self) -> ssl.SSLContext:
        """The context for one connection; OSError or ssl.SSLError if a file cannot be used."""
        if self.given is not None:
            return self.given
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.hostname_checks_common_name = False  # RFC 9525
        if not self.strict:
            _lower(context)
        if self.ca_file is not None:
            context.load_verify_locations(self.ca_file)
        else:
            context.load_default_certs()
        if self.client_cert is not None:
            context.load_cert_chain(self.client_cert, self.client_key)
        return context

    @property
    def is_ours(self) -> bool:
        """Each context is made for one connection."""
        return self.given is None or not self.is_shared

    @property
    def store(self) -> str:
        """Which trust store judges, in words."""
        if self.given is not None:
            return "the store of the given context"
        return f"the file {self.ca_file}" if self.ca_file is not None else "the system's store"


def _lower(context: ssl.SSLContext) -> None:
    """Offer all there is, so that also an old server can be looked at."""
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    # Plain ALL would let the server choose an anonymous suite, and send no certificate at all.
    context.set_ciphers("ALL:!aNULL:!eNULL:@SECLEVEL=0")
