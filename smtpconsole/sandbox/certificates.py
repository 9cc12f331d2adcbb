"""Certificates for the sandbox, from an authority made afresh each time and trusted by nobody."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import trustme


@dataclass(frozen=True, slots=True)
class Identity:
    """What a server shows, and what a client must trust to believe it."""

    context: ssl.SSLContext
    ca_pem: bytes


def good(*names: str) -> Identity:
    """A certificate without fault for these host names and addresses."""
    authority = trustme.CA(organization_name="smtpconsole sandbox")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ends = datetime.now(UTC) + timedelta(days=90)
    authority.issue_cert(*names, common_name=names[-1], not_after=ends).configure_cert(context)
    return Identity(context, authority.cert_pem.bytes())
