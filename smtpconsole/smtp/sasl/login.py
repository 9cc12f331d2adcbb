"""LOGIN (draft-murchison-sasl-login): user, then password; the prompts do not matter."""

from __future__ import annotations

from smtpconsole.smtp.sasl import Credentials, Turns, mechanism


@mechanism("LOGIN", strength=10, exposes=True)
def login(who: Credentials) -> Turns:
    challenge = yield who.user
    if challenge.lower().startswith(b"user"):
        # The server has ignored the initial response, and asks again.
        yield who.user
    yield who.password
