"""ANONYMOUS (RFC 4505): nobody in particular, and a word to trace the guest by."""

from __future__ import annotations

from smtpconsole.smtp.sasl import Credentials, Turns, mechanism


@mechanism("ANONYMOUS", strength=0, needs="nothing")
def anonymous(who: Credentials) -> Turns:
    yield who.user
