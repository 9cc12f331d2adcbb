"""class Login: AUTH (RFC 4954), mechanism by mechanism, or as many as it takes."""

from __future__ import annotations

from typing import ClassVar

from smtpconsole.client.auth import auth_xoauth2_encode
from smtpconsole.client.commands import Commands
from smtpconsole.client.errors import SMTPAuthenticationError, SMTPException
from smtpconsole.client.response import SMTPResponse
from smtpconsole.client.status import SMTPStatus
from smtpconsole.client.typing import Default, Timeout
from smtpconsole.smtp import login as logins
from smtpconsole.smtp import sasl

_default = Default.token

_CLEARTEXT = {"plain", "login"}  # they show the password to whoever reads the wire


class Login(Commands):
    """Logging in."""

    AUTH_METHODS: ClassVar[tuple[str, ...]] = ("cram-md5", "plain", "login")

    @property
    def supported_auth_methods(self) -> list[str]:
        """The mechanisms of `AUTH_METHODS`, in its order, that the server offers."""
        return [name for name in self.AUTH_METHODS if name in self.server_auth_methods]

    async def login(
        self, username: str | bytes, password: str | bytes, /, timeout: Timeout = _default
    ) -> SMTPResponse:
        """Log in by the first of `supported_auth_methods`, then the next if it is refused.

        The options `stop_on_refusal` and `allow_cleartext` make it more careful.  Raises
        SMTPAuthenticationError, the last one, if all were refused (RFC 4954, 6);
        SMTPException if there is no mechanism in common, RuntimeError if `AUTH_METHODS` names
        one for which there is no method.
        """
        await self._greet(timeout)
        if not self.supports_extension("auth"):
            raise SMTPException(
                f"The SMTP AUTH extension is not supported by this server.{self._hint}"
            )
        refusal: SMTPAuthenticationError | None = None
        for name in self._usable():
            method = getattr(self, f"auth_{name.replace('-', '')}", None)
            if method is None:
                raise RuntimeError(f"Missing handler for auth method {name}")
            try:
                answer: SMTPResponse = await method(username, password, timeout=timeout)
                return answer
            except SMTPAuthenticationError as error:
                refusal = error
            if not self.is_connected or self._is_final(refusal):
                break
        if refusal is None:
            raise SMTPException("No suitable authentication method found.")
        raise refusal

    @property
    def _hint(self) -> str:
        connection = self.protocol
        is_secure = connection is not None and connection.session.is_secure
        return "" if is_secure else " Try connecting via TLS (or STARTTLS)."

    def _usable(self) -> list[str]:
        """What may be tried; SMTPException if only what would show the password."""
        names = self.supported_auth_methods
        if self._options.allow_cleartext or not self._hint:
            return names
        sound = [name for name in names if name not in _CLEARTEXT]
        if names and not sound:
            raise SMTPException(
                f"{' and '.join(names).upper()} would show the password to whoever reads the "
                "wire; use TLS, or allow_cleartext"
            )
        return sound

    def _is_final(self, refusal: SMTPAuthenticationError) -> bool:
        return self._options.stop_on_refusal and refusal.code == SMTPStatus.auth_failed

    async def auth_crammd5(
        self, username: str | bytes, password: str | bytes, /, *, timeout: Timeout = _default
    ) -> SMTPResponse:
        """CRAM-MD5 (RFC 2195).  Raises SMTPAuthenticationError."""
        return await self._authenticate("CRAM-MD5", username, password, timeout)

    async def auth_plain(
        self, username: str | bytes, password: str | bytes, /, *, timeout: Timeout = _default
    ) -> SMTPResponse:
        """PLAIN (RFC 4616).  Raises SMTPAuthenticationError."""
        return await self._authenticate("PLAIN", username, password, timeout)

    async def auth_login(
        self, username: str | bytes, password: str | bytes, /, *, timeout: Timeout = _default
    ) -> SMTPResponse:
        """LOGIN (draft-murchison-sasl-login).  Raises SMTPAuthenticationError."""
        return await self._authenticate("LOGIN", username, password, timeout)

    async def auth_xoauth2(
        self, username: str | bytes, access_token: str | bytes, /, *, timeout: Timeout = _default
    ) -> SMTPResponse:
        """XOAUTH2 (Google's protocol): a token instead of a password; greets if needed.

        Raises SMTPAuthenticationError; what the server says of the reason is asked for.
        """
        await self._greet(timeout)
        token = auth_xoauth2_encode(username, access_token)
        answer = await self.execute_command(b"AUTH", b"XOAUTH2", token, timeout=timeout)
        if answer.code == SMTPStatus.auth_continue:
            answer = await self.execute_command(b"", timeout=timeout)
        return _successful(answer)

    async def _authenticate(
        self,
        name: str,
        username: str | bytes,
        password: str | bytes,
        timeout: Timeout,
    ) -> SMTPResponse:
        exchange = logins.authenticate(sasl.MECHANISMS[name], sasl.credentials(username, password))
        try:
            reply = await self._through(exchange, timeout)
        except sasl.MechanismError as error:
            raise SMTPAuthenticationError(
                SMTPStatus.auth_continue.value, f"Invalid {name} challenge: {error}"
            ) from error
        return _successful(SMTPResponse(reply.code, reply.text))


def _successful(answer: SMTPResponse) -> SMTPResponse:
    # RFC 4954, 4: no other code says that we are logged in.
    if answer.code != SMTPStatus.auth_successful:
        raise SMTPAuthenticationError(*answer)
    return answer
