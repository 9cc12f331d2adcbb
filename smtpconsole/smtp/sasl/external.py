"""EXTERNAL (RFC 4422, A): the server knows us already, as a rule by a client certificate."""

from __future__ import annotations

from smtpconsole.smtp.sasl import Credentials, Turns, mechanism


@mechanism("EXTERNAL", strength=90, needs="nothing")
def external(who: Credentials) -> Turns:
    yield who.authzid
