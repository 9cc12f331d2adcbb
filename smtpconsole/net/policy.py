"""How TLS is to be done, and who judges the server: the wishes, without the doing.

Two ways to judge a certificate:
1. *strict*: OpenSSL decides, the handshake fails, and the chain is read from the failed
   connection, so that every problem can still be named.
2. *inspect*: the handshake is completed unverified, every problem is named, and whoever uses
   the connection decides.  Old protocol versions and weak suites are offered as well.

In both a pin that does not match is an error, however good the chain is.
"""

from __future__ import annotations

import contextlib
import os
import ssl
import warnings
from dataclasses import dataclass, field, replace
from typing import Literal

from smtpconsole.net import keylog, pins
from smtpconsole.net.resumption import TlsSessions
from smtpconsole.smtp.errors import NoName

Store = Literal["system", "certifi", "none"]

VERSIONS = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}


@dataclass(frozen=True, slots=True)
class TlsPolicy:
    """How TLS is to be done, and who judges the server.

    Raises ValueError for what cannot be read or does not go together; a file is looked at when
    a context is made of it.
    """

    strict: bool = True
    ca_file: str | None = None  # trusted instead of the system's store, or beside `store`
    server_name: str | None = None  # to verify, and for SNI; the host if None
    client_cert: str | None = None
    client_key: str | None = None
    given: ssl.SSLContext | None = None  # a ready context: all but the names is its own
    is_shared: bool = True  # the given context belongs to somebody else, and must not be changed
    ca_folder: str | None = None  # of hashed certificates (`openssl rehash`); as `ca_file`
    store: Store | None = None  # None: the system's, unless there is a file or a folder
    sni: str | None = None  # to send instead of server_name; "" sends none
    client_password: str | None = field(default=None, repr=False)  # of the client's key
    minimum: str | None = None  # "1.2"; None: OpenSSL's own, or all there are to inspect
    maximum: str | None = None
    ciphers: str | None = None  # OpenSSL's list, for TLS 1.2 and older
    suites: str | None = None  # for TLS 1.3, separated by colons; Python 3.15 and newer
    alpn: tuple[str, ...] = ()  # RFC 7301: what to offer
    pins: tuple[str, ...] = ()  # of which one must match; see `pins`
    sessions: TlsSessions | None = None  # where sessions are kept, to be resumed
    key_log: str | None = None  # a file for the secrets; the variable SSLKEYLOGFILE if None

    def __post_init__(self) -> None:
        for version in (self.minimum, self.maximum):
            if version is not None:
                _version(version)
        if self.minimum and self.maximum and _version(self.minimum) > _version(self.maximum):
            raise ValueError(f"TLS {self.minimum} is above the maximum, {self.maximum}")
        if self.store not in (None, "system", "certifi", "none"):
            raise ValueError(f"a store is system, certifi or none, not {self.store!r}")
        for protocol in self.alpn:
            if not 0 < len(protocol.encode()) < 256:
                raise ValueError("a name for ALPN has 1 to 255 octets")
        for pin in self.pins:
            pins.parse(pin)

    def name(self, host: str) -> str:
        """The name to verify; NoName where there is none, and one is needed."""
        name = self.server_name or host
        if not name and self._checks_a_name:
            raise NoName(
                "there is no name to verify the certificate against: name the server, or do not"
                " verify"
            )
        return name

    def indicated(self, host: str) -> str | None:
        """The name to send as SNI (RFC 6066, 3), before it is encoded; None for none at all."""
        name = self.server_name or host if self.sni is None else self.sni
        return name or None

    @property
    def is_split(self) -> bool:
        """The name to verify is not the one that is sent: OpenSSL cannot check it, we do."""
        return self.sni is not None and self.sni != self.server_name

    @property
    def is_pinned_only(self) -> bool:
        """No authority is trusted: a pin is all the proof there can be, and enough."""
        return bool(self.pins) and self.given is None and self.trusts == "none"

    @property
    def _checks_a_name(self) -> bool:
        if self.given is not None:
            return self.given.check_hostname
        return self.strict and not self.is_pinned_only

    @property
    def trusts(self) -> Store:
        """The store beside file and folder."""
        if self.store is not None:
            return self.store
        return "none" if self.ca_file or self.ca_folder else "system"

    def in_words(self) -> str:
        """Which trust store judges."""
        if self.given is not None:
            return "the store of the given context"
        stores = {"system": "the system's store", "certifi": "certifi's store", "none": ""}
        parts = [stores[self.trusts]]
        parts += [f"the file {self.ca_file}"] if self.ca_file else []
        parts += [f"the folder {self.ca_folder}"] if self.ca_folder else []
        return " and ".join(filter(None, parts)) or "no store"

    @property
    def is_ours(self) -> bool:
        """Each context is made for one connection."""
        return self.sessions is None if self.given is None else not self.is_shared

    def resolved(self) -> TlsPolicy:
        """The same with the key log that the environment asks for."""
        if self.key_log is None and self.given is None:
            return replace(self, key_log=os.environ.get("SSLKEYLOGFILE") or None)
        return self

    def context(self) -> ssl.SSLContext:
        """The context for one connection; OSError, ssl.SSLError or ValueError if it cannot be."""
        if self.given is not None:
            return self.given
        for path in (self.ca_file, self.ca_folder, self.client_cert, self.client_key):
            if path is not None:
                os.stat(path)  # OpenSSL's error would not tell which it is
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.hostname_checks_common_name = False  # RFC 9525
        if not self.strict:
            _lower(context)
        elif self.is_split or self.is_pinned_only:
            context.check_hostname = False
        if self.is_pinned_only:
            context.verify_mode = ssl.CERT_NONE
        self._load(context)
        self._restrict(context)
        if self.client_cert is not None:
            context.load_cert_chain(self.client_cert, self.client_key, self._password)
        if self.key_log is not None:
            keylog.prepare(self.key_log)
            context.keylog_filename = self.key_log
        return context

    def _load(self, context: ssl.SSLContext) -> None:
        if self.trusts == "system":
            context.load_default_certs()
        elif self.trusts == "certifi":
            import certifi

            context.load_verify_locations(certifi.where())
        if self.ca_file or self.ca_folder:
            context.load_verify_locations(self.ca_file, self.ca_folder)

    def _restrict(self, context: ssl.SSLContext) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            if self.minimum is not None:
                context.minimum_version = _version(self.minimum)
            if self.maximum is not None:
                context.maximum_version = _version(self.maximum)
                if context.minimum_version > context.maximum_version:
                    context.minimum_version = context.maximum_version
        if self.ciphers is not None:
            _or_say(context.set_ciphers, self.ciphers, "ciphers")
        if self.suites is not None:
            choose = getattr(context, "set_ciphersuites", None)
            if choose is None:
                raise ValueError("this Python cannot choose among the suites of TLS 1.3; 3.15 can")
            _or_say(choose, self.suites, "suites of TLS 1.3")
        if self.alpn:
            context.set_alpn_protocols(list(self.alpn))

    def _password(self) -> str:
        """Asked for where the key is encrypted; without this OpenSSL would ask the terminal."""
        if self.client_password is None:
            raise ValueError(f"the key in {self.client_key or self.client_cert} has a password")
        return self.client_password


def _version(text: str) -> ssl.TLSVersion:
    number = text.upper().removeprefix("TLS").removeprefix("V")
    with contextlib.suppress(KeyError):
        return VERSIONS["1.0" if number == "1" else number]
    raise ValueError(f"{text!r} is no version of TLS; there are {', '.join(VERSIONS)}")


def _or_say(choose: object, names: str, what: str) -> None:
    try:
        choose(names)  # type: ignore[operator]  # a method of the context
    except ssl.SSLError as error:
        raise ValueError(f"OpenSSL knows no {what} in {names!r}") from error


def _lower(context: ssl.SSLContext) -> None:
    """Offer all there is, so that also an old server can be looked at."""
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    # Plain ALL would let the server choose an anonymous suite, and send no certificate at all.
    context.set_ciphers("ALL:!aNULL:!eNULL:@SECLEVEL=0")
