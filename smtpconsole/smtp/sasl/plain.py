"""PLAIN (RFC 4616): user and password in one response, readable by whoever reads the wire."""

from __future__ import annotations

from smtpconsole.smtp.sasl import Credentials, Failure, MechanismError, Turns, mechanism


@mechanism("PLAIN", strength=20, exposes=True)
def plain(who: Credentials) -> Turns:
    parts = (who.authzid, who.user, who.password)
    if any(b"\0" in part for part in parts):
        raise MechanismError("PLAIN cannot carry a NUL in a name or a password", Failure.UNUSABLE)
    yield b"\0".join(parts)
