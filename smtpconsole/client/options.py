"""The options of a client, checked in one place for `send`, `SMTP()`, `connect` and `starttls`."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Generic, Literal, Self, TypedDict, TypeVar, overload

from smtpconsole.client.typing import Default, SMTPTokenGenerator, SocketPathType

if TYPE_CHECKING:
    from smtpconsole.net.policy import TlsPolicy
    from smtpconsole.net.route import Route
    from smtpconsole.net.timeouts import Timeouts
    from smtpconsole.smtp.events import Target
    from smtpconsole.smtp.session import Observer

T = TypeVar("T")

SMTP_PORT = 25
SMTP_TLS_PORT = 465  # RFC 8314
SMTP_STARTTLS_PORT = 587  # RFC 6409
DEFAULT_TIMEOUT: float = 60  # seconds

StartTls = bool | Literal["require"] | None


class MoreOptions(TypedDict, total=False):
    """Options that aiosmtplib does not have; `SMTP()`, `connect` and `send` take them all.

    lmtp: speak LMTP (RFC 2033): LHLO, and a reply for each recipient.
    pipelining: send commands in groups where the server offers it (RFC 2920); True.
    chunking: send messages by BDAT where the server offers it (RFC 3030); False.
    observe: called with every event of the engine (`smtpconsole.smtp.events`).
    route: how to reach the server: through a proxy, from a program, with a PROXY header.
    tls_policy: how TLS is done, instead of validate_certs, client_cert, client_key,
        cert_bundle and tls_context.
    stop_on_refusal: `login` tries no further mechanism after the credentials were refused;
        False, since aiosmtplib goes on.
    allow_cleartext: `login` uses mechanisms that show the password to whoever reads the wire
        also without TLS; True, since aiosmtplib does.
    tolerant: take malformed replies as well as they can be read, and do not close; False.
    """

    lmtp: bool
    pipelining: bool
    chunking: bool
    observe: Observer | None
    route: Route | None
    tls_policy: TlsPolicy | None
    stop_on_refusal: bool
    allow_cleartext: bool
    tolerant: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to connect; None means the default, which is chosen when connecting."""

    hostname: str | None = None
    port: int | None = None
    username: str | bytes | None = None
    password: str | bytes | None = None
    oauth_token_generator: SMTPTokenGenerator | None = None
    local_hostname: str | None = None
    source_address: tuple[str, int] | None = None
    timeout: float | Timeouts | None = DEFAULT_TIMEOUT
    use_tls: bool = False
    start_tls: StartTls = None
    validate_certs: bool = True
    client_cert: str | None = None
    client_key: str | None = None
    tls_context: ssl.SSLContext | None = None
    cert_bundle: str | None = None
    socket_path: SocketPathType | None = None
    sock: socket.socket | None = None
    lmtp: bool = False
    pipelining: bool = True
    chunking: bool = False
    observe: Observer | None = None
    route: Route | None = None
    tls_policy: TlsPolicy | None = None
    stop_on_refusal: bool = False
    allow_cleartext: bool = True
    tolerant: bool = False

    def __repr__(self) -> str:
        return f"Options({self.place})"  # and no password

    def changed(self, given: Mapping[str, Any]) -> Options:
        """The same with some changed; ValueError where they clash, TypeError for a strange one."""
        strange = [name for name in given if name != "timeout" and name not in _NAMES]
        if strange:
            raise TypeError(f"SMTP got an unexpected keyword argument {strange[0]!r}")
        options = replace(self, **given)
        if given.get("local_hostname") is not None:
            options = replace(options, local_hostname=host_name(given["local_hostname"]))
        for clash, text in _CLASHES:
            if clash(options):
                raise ValueError(text)
        return options

    @property
    def target(self) -> Target:
        """Where to connect."""
        from smtpconsole.smtp.events import Target

        port = self.port
        if port is None:
            port = SMTP_PORT
            if self.use_tls:
                port = SMTP_TLS_PORT
            elif self.start_tls:
                port = SMTP_STARTTLS_PORT
        return Target(self.hostname or "localhost", port, self.use_tls)

    @property
    def place(self) -> str:
        """Where, in the words of an error."""
        if self.socket_path is not None:
            return os.fsdecode(self.socket_path)
        return f"{self.target.host} on port {self.target.port}"

    @property
    def is_local(self) -> bool:
        """A socket is given, in place of a host."""
        return self.sock is not None or self.socket_path is not None

    @property
    def way(self) -> Route:
        """How to get there."""
        from smtpconsole.net.route import Route

        if self.route is not None:
            return self.route
        source = None if self.is_local else self.source_address
        return Route(source=source, path=self.socket_path, sock=self.sock)

    def policy(self, server_name: str | None = None) -> TlsPolicy:
        """How TLS is to be done; OSError or ssl.SSLError if a file cannot be used.

        The name of the server's certificate is that of the host connected to, unless another
        is given; ValueError if it is to be verified and there is none.
        """
        from smtpconsole.net.policy import TlsPolicy

        if self.tls_policy is not None:
            policy = self.tls_policy
            return replace(policy, server_name=server_name) if server_name else policy
        context = self.tls_context
        if context is None:
            context = ssl.create_default_context()
            if not self.validate_certs:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            if self.cert_bundle is not None:
                context.load_verify_locations(self.cert_bundle)  # added to the system's store
            if self.client_cert is not None:
                context.load_cert_chain(self.client_cert, self.client_key)
        if context.check_hostname and self.is_local and not (server_name or self.hostname):
            raise ValueError("A certificate cannot be verified without a hostname")
        is_shared = self.tls_context is not None
        return TlsPolicy(given=context, is_shared=is_shared, server_name=server_name)


def _has_no_host(options: Options) -> bool:
    return options.use_tls and options.is_local and not options.hostname


_CLASHES = (
    (
        lambda given: given.password is not None and given.oauth_token_generator is not None,
        "password and oauth_token_generator are mutually exclusive",
    ),
    (
        lambda given: bool(given.start_tls) and given.use_tls,
        "The start_tls and use_tls options are not compatible.",
    ),
    (
        lambda given: given.tls_context is not None and given.client_cert is not None,
        "Either a TLS context or a certificate/key must be provided",
    ),
    (
        lambda given: (
            given.tls_policy is not None
            and (given.tls_context, given.client_cert, given.cert_bundle) != (None, None, None)
        ),
        "Either a TLS policy or a TLS context and files must be provided, not both",
    ),
    (
        lambda given: given.route is not None and (given.is_local or given.source_address),
        "Either a route or a socket or source address must be provided, not both",
    ),
    (
        lambda given: given.sock is not None and given.socket_path is not None,
        "Either a socket or a socket path must be provided, not both",
    ),
    (
        lambda given: given.is_local and given.port is not None,
        "If using a socket, port is not required",
    ),
    (_has_no_host, "If using a socket with TLS, hostname is required"),
    (
        lambda given: given.hostname is not None and any(c in given.hostname for c in "\r\n"),
        "The hostname param contains prohibited newline characters",
    ),
)


def given(values: dict[str, Any]) -> dict[str, Any]:
    """The options among the arguments of a method (its `locals()`): those that were given.

    Not `timeout`, which most methods have for themselves alone.
    """
    named = {
        name: value
        for name, value in values.items()
        if name in _NAMES and value is not Default.token
    }
    return {**named, **values.get("more", {})}


_NAMES = {each.name for each in fields(Options)} - {"timeout"}


def host_name(text: str) -> str:
    """A name as EHLO takes it (RFC 5321, 4.1.1.1); ValueError if it is none."""
    name = text.strip()
    if not name:
        raise ValueError("The local_hostname param must not be empty")
    if any(char.isspace() or ord(char) < 32 or ord(char) == 127 for char in name):
        raise ValueError(
            "The local_hostname param contains prohibited whitespace or control characters"
        )
    return name


class Setting(Generic[T]):
    """An option as an attribute of the client; what is set holds from then on."""

    __slots__ = ("_name",)

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, client: None, owner: type) -> Self: ...

    @overload
    def __get__(self, client: Any, owner: type) -> T: ...

    def __get__(self, client: Any, owner: type) -> Self | T:
        if client is None:
            return self
        value: T = getattr(client._options, self._name)
        return value

    def __set__(self, client: Any, value: T) -> None:
        client._options = replace(client._options, **{self._name: value})
