"""PLAIN (RFC 4616): user and password in one response, readable by whoever reads the wire."""

from __future__ import annotations

from smtpconsole.smtp.sasl import Credentials, Turns, mechanism


@mechanism("PLAIN", strength=20)
def plain(who: Credentials) -> Turns:
    yield b"\0%b\0%b" % (who.user, who.password)
