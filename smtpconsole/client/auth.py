"""What the four SASL mechanisms of aiosmtplib say, each as a function (RFC 4954, 4).

str is sent as UTF-8, bytes as they are; everything comes back in base64.  `smtp.sasl` holds the
mechanisms themselves, and more of them.
"""

from __future__ import annotations

import base64
import binascii
import hmac

from smtpconsole.client.errors import SMTPAuthenticationError
from smtpconsole.client.status import SMTPStatus

__all__ = (
    "auth_crammd5_verify",
    "auth_login_encode",
    "auth_plain_encode",
    "auth_xoauth2_encode",
)


def _octets(text: str | bytes) -> bytes:
    return text.encode("utf-8") if isinstance(text, str) else text


def auth_crammd5_verify(
    username: str | bytes, password: str | bytes, challenge: str | bytes, /
) -> bytes:
    """The answer to a CRAM-MD5 challenge in base64 (RFC 2195, 2).

    Raises SMTPAuthenticationError with code 334 if the challenge is not base64, or if there is
    no MD5 here (a FIPS build of OpenSSL), so that another mechanism can be tried.
    """
    try:
        nonce = base64.b64decode(_octets(challenge))
        digest = hmac.new(_octets(password), nonce, "md5").hexdigest()
    except binascii.Error as error:
        text = f"Invalid CRAM-MD5 challenge from server: {_octets(challenge)!r}"
        raise SMTPAuthenticationError(SMTPStatus.auth_continue, text) from error
    except ValueError as error:
        text = "CRAM-MD5 needs MD5, which is not available here"
        raise SMTPAuthenticationError(SMTPStatus.auth_continue, text) from error
    return base64.b64encode(b"%b %b" % (_octets(username), digest.encode("ascii")))


def auth_plain_encode(username: str | bytes, password: str | bytes, /) -> bytes:
    """The one response of PLAIN, without an authorization identity (RFC 4616, 2)."""
    return base64.b64encode(b"\0%b\0%b" % (_octets(username), _octets(password)))


def auth_login_encode(username: str | bytes, password: str | bytes, /) -> tuple[bytes, bytes]:
    """The two responses of LOGIN (draft-murchison-sasl-login)."""
    return base64.b64encode(_octets(username)), base64.b64encode(_octets(password))


def auth_xoauth2_encode(username: str | bytes, access_token: str | bytes, /) -> bytes:
    """The one response of XOAUTH2 (Google's protocol; RFC 7628 is its successor)."""
    return base64.b64encode(
        b"user=%b\1auth=Bearer %b\1\1" % (_octets(username), _octets(access_token))
    )
