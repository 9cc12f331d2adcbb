"""CRAM-MD5 (RFC 2195): a digest of the server's challenge, keyed with the password."""

from __future__ import annotations

import hmac

from smtpconsole.smtp.sasl import Credentials, MechanismError, Turns, mechanism


@mechanism("CRAM-MD5", strength=30, speaks_first=False)
def cram_md5(who: Credentials) -> Turns:
    challenge = yield b""
    try:
        digest = hmac.new(who.password, challenge, "md5").hexdigest()
    except ValueError as error:  # a FIPS build of OpenSSL has no MD5
        raise MechanismError("MD5 is not available here; choose another mechanism") from error
    yield b"%b %b" % (who.user, digest.encode("ascii"))
