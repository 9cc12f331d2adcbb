"""XOAUTH2 (Google's and Microsoft's) and OAUTHBEARER (RFC 7628): an access token of OAuth 2.

A server that refuses tells why in JSON, in a challenge; it wants an answer to that before it
says 535.
"""

from __future__ import annotations

import re
from typing import Any

from smtpconsole.smtp.sasl import (
    Credentials,
    Failure,
    MechanismError,
    Response,
    Turns,
    mechanism,
)

_STATUS = {
    "400": (Failure.CREDENTIALS, "the token is malformed, expired or for somebody else"),
    "401": (Failure.CREDENTIALS, "the token is expired, revoked or not for this service"),
    "403": (Failure.POLICY, "the token is good, but does not allow sending mail"),
    "invalid_token": (Failure.CREDENTIALS, "the token is expired, revoked or malformed"),
    "insufficient_scope": (Failure.POLICY, "the token is good, but does not allow sending mail"),
    "invalid_request": (Failure.PROTOCOL, "the server cannot read the request"),
}
_TOKEN = re.compile(rb"[\x21-\x7e]+")


@mechanism("XOAUTH2", strength=40, needs="token", exposes=True)
def xoauth2(who: Credentials) -> Turns:
    told = yield b"user=%b\x01auth=Bearer %b\x01\x01" % (_plain(who.user), _token(who))
    yield _refused(told, b"")


@mechanism("OAUTHBEARER", strength=45, needs="token", exposes=True)
def oauthbearer(who: Credentials) -> Turns:
    name = who.authzid or who.user
    address = b",a=" + _plain(name).replace(b"=", b"=3D").replace(b",", b"=2C") if name else b","
    parts = [b"n" + address + b","]
    if who.channel.host:
        parts.append(b"host=" + who.channel.host.encode("ascii", "replace"))
    if who.channel.port:
        parts.append(b"port=%d" % who.channel.port)
    parts.append(b"auth=Bearer " + _token(who))
    told = yield b"\x01".join(parts) + b"\x01\x01"
    yield _refused(told, b"\x01")


def _plain(name: bytes) -> bytes:
    if b"\x01" in name:
        raise MechanismError("the user's name has a control character", Failure.UNUSABLE)
    return name


def _token(who: Credentials) -> bytes:
    if not _TOKEN.fullmatch(who.token):
        raise MechanismError(
            "there is no access token that could be sent: it is empty, or has blanks or controls",
            Failure.UNUSABLE,
        )
    return who.token


def _refused(told: bytes, answer: bytes) -> Response:
    failure, words = verdict(told)
    return Response(answer, failure=failure, words=words)


def verdict(told: bytes) -> tuple[Failure, str]:
    """What a server's error comes to, in a sentence."""
    fields = error_fields(told)
    if fields is None:
        return Failure.CREDENTIALS, "the server refuses the token, and does not say why"
    status = str(fields.get("status")).lower()
    if status.isdecimal() and status.startswith("5"):
        failure, words = Failure.TEMPORARY, "the server cannot check tokens now"
    else:
        failure, words = _STATUS.get(status, (Failure.CREDENTIALS, "the server refuses the token"))
    details = [f"{name} {fields[name]}" for name in ("status", "scope") if fields.get(name)]
    return failure, f"{words} ({', '.join(details)})" if details else words


def error_fields(told: bytes) -> dict[str, Any] | None:
    """The JSON object of a server's error; None if it is none."""
    import json  # Only where a server refuses.

    try:
        fields = json.loads(told)
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None
