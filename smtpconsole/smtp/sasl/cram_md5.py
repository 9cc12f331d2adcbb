"""CRAM-MD5 (RFC 2195): a digest of the server's challenge, keyed with the password."""

from __future__ import annotations

from smtpconsole.smtp.sasl import Credentials, Turns, mechanism
from smtpconsole.smtp.sasl.digests import hmac_md5


@mechanism("CRAM-MD5", strength=30, speaks_first=False)
def cram_md5(who: Credentials) -> Turns:
    challenge = yield b""
    digest = hmac_md5(who.password, challenge).hex().encode("ascii")
    yield b"%b %b" % (who.user, digest)
