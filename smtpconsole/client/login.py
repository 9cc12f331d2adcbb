"""class Login: AUTH (RFC 4954), mechanism by mechanism, or as many as it takes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, ClassVar

from smtpconsole.client.commands import Commands
from smtpconsole.client.errors import SMTPAuthenticationError, SMTPException
from smtpconsole.client.response import SMTPResponse, response
from smtpconsole.client.status import SMTPStatus
from smtpconsole.client.typing import Default

if TYPE_CHECKING:
    from smtpconsole.client.typing import Timeout
    from smtpconsole.smtp.login import Attempt
    from smtpconsole.smtp.sasl import Failure

_default = Default.token


def _by(mechanism: str, reference: str) -> Callable[..., Awaitable[SMTPResponse]]:
    """A method for a mechanism that takes a password, and can act for another (authzid)."""

    async def auth(
        self: Login,
        username: str | bytes,
        password: str | bytes,
        /,
        *,
        timeout: Timeout = _default,
        authzid: str | bytes = "",
    ) -> SMTPResponse:
        return await self.auth(mechanism, username, password, authzid=authzid, timeout=timeout)

    auth.__name__ = f"auth_{mechanism.replace('-', '').lower()}"
    auth.__qualname__ = f"Login.{auth.__name__}"
    auth.__doc__ = f"{mechanism} ({reference}).  Raises SMTPAuthenticationError."
    return auth


class Login(Commands):
    """Logging in."""

    AUTH_METHODS: ClassVar[tuple[str, ...]] = (
        *("scram-sha-512-plus", "scram-sha-256-plus", "scram-sha-1-plus"),
        *("scram-sha-512", "scram-sha-256", "scram-sha-1"),
        *("digest-md5", "cram-md5", "plain", "login", "ntlm"),
    )

    @property
    def supported_auth_methods(self) -> list[str]:
        """The mechanisms of `AUTH_METHODS`, in its order, that the server offers.

        Those that are bound to TLS (-PLUS) are of no use without it.
        """
        return [
            name
            for name in self.AUTH_METHODS
            if name in self.server_auth_methods and (self._is_secure or not name.endswith("-plus"))
        ]

    @property
    def _is_secure(self) -> bool:
        return self.protocol is not None and self.protocol.session.is_secure

    async def login(
        self,
        username: str | bytes,
        password: str | bytes,
        /,
        timeout: Timeout = _default,
        *,
        authzid: str | bytes = "",
    ) -> SMTPResponse:
        """Log in by the first of `supported_auth_methods`, then the next if it is refused.

        `authzid` is who to act as, if that is somebody else.  The options `stop_on_refusal` and
        `allow_cleartext` make it more careful.  Raises SMTPAuthenticationError, the last one, if
        all were refused (RFC 4954, 6); SMTPException if there is no mechanism in common or none
        that may be used, RuntimeError if `AUTH_METHODS` names one for which there is no method.
        """
        timeout = await self._greet(timeout)
        if not self.supports_extension("auth"):
            hint = "" if self._is_secure else " Try connecting via TLS (or STARTTLS)."
            raise SMTPException(f"The SMTP AUTH extension is not supported by this server.{hint}")
        more = {"authzid": authzid} if authzid else {}
        refusal: SMTPAuthenticationError | None = None
        for name in self._permitted():
            method = getattr(self, f"auth_{name.replace('-', '')}", None)
            if method is None:
                raise RuntimeError(f"Missing handler for auth method {name}")
            try:
                answer: SMTPResponse = await method(username, password, timeout=timeout, **more)
                return answer
            except SMTPAuthenticationError as error:
                refusal = error
            if not self.is_connected or self._is_final(refusal.failure):
                break
        if refusal is None:
            raise SMTPException("No suitable authentication method found.")
        raise refusal

    def _permitted(self) -> list[str]:
        """What may be tried; SMTPException if only what would show the password."""
        names = self.supported_auth_methods
        if self._options.allow_cleartext or self._is_secure:
            return names
        sound = [name for name in names if not _exposes(name)]
        if names and not sound:
            raise SMTPException(
                f"{' and '.join(names).upper()} would show the password to whoever reads the "
                "wire; use TLS, or allow_cleartext"
            )
        return sound

    def _is_final(self, failure: Failure | None) -> bool:
        """No other mechanism is to be tried after this failure."""
        from smtpconsole.client import engine

        if failure is engine.Failure.UNPROVEN:
            return True
        if failure is None or not self._options.stop_on_refusal:
            return False
        return not engine.logins.MEANINGS[failure].goes_on

    # --- mechanism by mechanism ---------------------------------------------------------------

    async def auth(
        self,
        mechanism: str,
        username: str | bytes = "",
        password: str | bytes = "",
        /,
        *,
        token: str | bytes = "",
        authzid: str | bytes = "",
        timeout: Timeout = _default,
    ) -> SMTPResponse:
        """Log in by the mechanism of this name (RFC 4954, 4), offered or not.

        `token` is an OAuth access token, for OAUTHBEARER and XOAUTH2; EXTERNAL and ANONYMOUS
        need no password.  It does not greet.  Raises SMTPAuthenticationError, whose `failure`
        tells of what kind it is; ValueError for a mechanism that is not known here.
        """
        from smtpconsole.client import engine

        sasl = engine.sasl
        known = sasl.MECHANISMS.get(mechanism.upper())
        if known is None:
            raise ValueError(f"{mechanism} is none of {', '.join(sasl.MECHANISMS)}")
        around = engine.channel(self.protocol) if self.protocol is not None else None
        who = sasl.credentials(username, password, token=token, authzid=authzid, channel=around)
        attempt = await self._through(engine.logins.attempt(known, who), timeout)
        if attempt.is_logged_in and attempt.reply is not None:
            # RFC 4954, 4: no other code says that we are logged in.
            if attempt.reply.code == SMTPStatus.auth_successful:
                return response(attempt.reply)
            raise SMTPAuthenticationError(*response(attempt.reply))
        if attempt.failure is engine.Failure.UNPROVEN:
            self.close()  # nothing more is said to an impostor
        raise _refused(attempt)

    async def auth_crammd5(
        self, username: str | bytes, password: str | bytes, /, *, timeout: Timeout = _default
    ) -> SMTPResponse:
        """CRAM-MD5 (RFC 2195).  Raises SMTPAuthenticationError."""
        return await self.auth("CRAM-MD5", username, password, timeout=timeout)

    async def auth_plain(
        self,
        username: str | bytes,
        password: str | bytes,
        /,
        *,
        timeout: Timeout = _default,
        authzid: str | bytes = "",
    ) -> SMTPResponse:
        """PLAIN (RFC 4616).  Raises SMTPAuthenticationError."""
        return await self.auth("PLAIN", username, password, authzid=authzid, timeout=timeout)

    async def auth_login(
        self, username: str | bytes, password: str | bytes, /, *, timeout: Timeout = _default
    ) -> SMTPResponse:
        """LOGIN (draft-murchison-sasl-login).  Raises SMTPAuthenticationError."""
        return await self.auth("LOGIN", username, password, timeout=timeout)

    async def auth_xoauth2(
        self, username: str | bytes, access_token: str | bytes, /, *, timeout: Timeout = _default
    ) -> SMTPResponse:
        """XOAUTH2 (Google's protocol): a token instead of a password; greets if needed.

        Raises SMTPAuthenticationError; what the server says of the reason is asked for.
        """
        timeout = await self._greet(timeout)
        return await self.auth("XOAUTH2", username, token=access_token, timeout=timeout)

    async def auth_oauthbearer(
        self, username: str | bytes, access_token: str | bytes, /, *, timeout: Timeout = _default
    ) -> SMTPResponse:
        """OAUTHBEARER (RFC 7628): as XOAUTH2, by the standard."""
        timeout = await self._greet(timeout)
        return await self.auth("OAUTHBEARER", username, token=access_token, timeout=timeout)

    async def auth_external(
        self, authzid: str | bytes = "", /, *, timeout: Timeout = _default
    ) -> SMTPResponse:
        """EXTERNAL (RFC 4422, A): the server knows us, as a rule by a client certificate."""
        return await self.auth("EXTERNAL", authzid=authzid, timeout=timeout)

    async def auth_anonymous(
        self, trace: str | bytes = "", /, *, timeout: Timeout = _default
    ) -> SMTPResponse:
        """ANONYMOUS (RFC 4505): `trace` is a word to be found by, such as an address."""
        return await self.auth("ANONYMOUS", trace, timeout=timeout)

    auth_scramsha1 = _by("SCRAM-SHA-1", "RFC 5802")
    auth_scramsha256 = _by("SCRAM-SHA-256", "RFC 7677")
    auth_scramsha512 = _by("SCRAM-SHA-512", "draft-melnikov-scram-sha-512")
    auth_scramsha1plus = _by("SCRAM-SHA-1-PLUS", "RFC 5802, bound to TLS")
    auth_scramsha256plus = _by("SCRAM-SHA-256-PLUS", "RFC 7677, bound to TLS")
    auth_scramsha512plus = _by("SCRAM-SHA-512-PLUS", "bound to TLS")
    auth_digestmd5 = _by("DIGEST-MD5", "RFC 2831")
    auth_ntlm = _by("NTLM", "MS-SMTPNTLM")


def _exposes(name: str) -> bool:
    from smtpconsole.client import engine

    known = engine.sasl.MECHANISMS.get(name.upper())
    return known is None or known.exposes


def _refused(attempt: Attempt) -> SMTPAuthenticationError:
    if attempt.error is None and attempt.reply is not None:
        error = SMTPAuthenticationError(*response(attempt.reply))
    else:
        text = f"Invalid {attempt.mechanism} challenge: {attempt.words}"
        error = SMTPAuthenticationError(SMTPStatus.auth_continue.value, text)
        error.__cause__ = attempt.error
    error.failure = attempt.failure
    return error
