"""What an access token says of itself, where it is a JWT (RFC 7519); nothing is verified."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from smtpconsole.smtp.sasl.oauth import error_fields

_END_OF_TIME = 253_402_300_800  # the year 10000, which datetime does not know


def token_facts(token: bytes, now: float | None = None) -> Iterator[tuple[str, str]]:
    """Names and values; none if the token is opaque.  `now`, in seconds, tells what is left."""
    claims = _claims(token)
    for name in ("iss", "aud", "sub", "upn", "scope", "scp"):
        if name in claims:
            yield name, str(claims[name])
    expires = expiry(token)
    if expires is not None:
        moment = datetime.fromtimestamp(expires, UTC)
        yield "expiry", f"{moment:%Y-%m-%d %H:%M:%S} UTC{_remaining(expires, now)}"


def expiry(token: bytes) -> float | None:
    """When the token expires, in seconds since 1970; None if it does not say."""
    expires = _claims(token).get("exp")
    is_moment = isinstance(expires, int | float) and 0 < expires < _END_OF_TIME
    return float(expires) if is_moment and expires is not None else None


def _remaining(expires: float, now: float | None) -> str:
    if now is None:
        return ""
    minutes = round((expires - now) / 60)
    return f", in {minutes} minutes" if expires > now else f", {-minutes} minutes ago"


def _claims(token: bytes) -> dict[str, Any]:
    parts = token.split(b".")
    if len(parts) != 3:
        return {}
    try:
        octets = base64.urlsafe_b64decode(parts[1] + b"==")  # one too many does no harm
    except ValueError:
        return {}
    return error_fields(octets) or {}
