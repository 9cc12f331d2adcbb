"""How to connect, as a person says it: options of /connect and the shell, and settings.

A `Way` is all three at once: `/connect --tls-min 1.2`, `/set tls-min 1.2` and
`smtpconsole --tls-min 1.2` read the same word by the same rule.  Settings keep the words;
`route`, `policy` and `patience` make of them what the engine takes, which is loaded then: the
program's --help needs the words alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.arguments import DURATION, PATH, SWITCH, Kind, choice, duration
from smtpconsole.console.filenames import path_of
from smtpconsole.console.targets import password_of
from smtpconsole.smtp.targets import Target

if TYPE_CHECKING:
    from smtpconsole.console.settings import Settings
    from smtpconsole.net.policy import TlsPolicy
    from smtpconsole.net.resumption import TlsSessions
    from smtpconsole.net.route import Route
    from smtpconsole.net.timeouts import Timeouts

T = TypeVar("T")
Group = Literal["Route", "TLS", "Time"]

NO_NAME = "none"  # for SNI: send none at all
STORES = ("system", "certifi", "none")


@cache
def _sessions() -> TlsSessions:
    """Those of this program's run."""
    from smtpconsole.net.resumption import TlsSessions

    return TlsSessions()


@dataclass(frozen=True, slots=True)
class Way:
    """Something that can be said about how to connect."""

    name: str  # as it is typed
    group: Group
    kind: Kind
    sentence: str
    is_flag: bool = False

    @property
    def field(self) -> str:
        """The field of the settings."""
        return self.name.replace("-", "_")


def _told(read: Callable[[str], T], text: str, remedy: str) -> T:
    """What a text means to the engine; ConsoleError where it means nothing."""
    try:
        return read(text)
    except (ValueError, OSError) as error:  # ssl.SSLError is an OSError
        raise ConsoleError(str(error), remedy) from error


# --- what is typed ----------------------------------------------------------------------------


def source(text: str) -> tuple[str, int] | None:
    """The address and port to connect from, of ADDRESS, ADDRESS:PORT, [V6]:PORT or :PORT."""
    if not text:
        return None
    host, colon, port = text.rpartition(":")
    if not colon or (":" in host and not host.endswith("]")) or host == ":":
        host, port = text, "0"
    if not port.isascii() or not port.isdecimal() or len(port) > 5 or int(port) > 65535:
        raise ConsoleError(f"{text!r} is not an address to connect from", "192.0.2.7 or [::1]:2525")
    return host.strip("[]"), int(port)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip())


def timers(text: str, each: float) -> float | Timeouts:
    """Timeouts of `rfc`, or of NAME=TIME and commas; those that are not named are all the same."""
    words = _listed(text)
    if not words:
        return each
    from smtpconsole.net.timeouts import Timeouts

    base = Timeouts() if "rfc" in words else Timeouts.each(each)
    names = [field.name for field in fields(Timeouts)]
    given: dict[str, float | None] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if word == "rfc":
            continue
        if name not in names or not equals:
            raise ConsoleError(
                f"{word!r} is no timer", f"write rfc, or NAME=TIME of {', '.join(names)}"
            )
        given[name] = None if value == "none" else duration(value)
    return Timeouts(**{name: given.get(name, getattr(base, name)) for name in names})


def _read_source(text: str) -> str:
    source(text)
    return text


def _read_proxy(text: str) -> str:
    if text:
        from smtpconsole.net.proxies import Proxy

        _told(Proxy.parse, text, "socks5h://user:password@host:1080, or http://host:3128")
    return text


def _read_header(text: str) -> str:
    if text:
        from smtpconsole.console import headers

        headers.parse(text)
    return text


def _read_pins(text: str) -> str:
    from smtpconsole.net import pins

    for pin in _listed(text):
        _told(pins.parse, pin, "/tls chain shows the pins of a server")
    return text


def _read_ciphers(text: str) -> str:
    if text:
        import ssl

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            context.set_ciphers(text)
        except (ssl.SSLError, ValueError) as error:  # a NUL is a ValueError
            raise ConsoleError(
                f"OpenSSL knows no ciphers in {text!r}", "`openssl ciphers -s` lists them"
            ) from error
    return text


def _read_timers(text: str) -> str:
    timers(text, 30.0)
    return text


def _read_version(text: str) -> str:
    from smtpconsole.net.policy import VERSIONS

    return choice(*VERSIONS).parse(text.upper().removeprefix("TLS").removeprefix("V")) or ""


def _read_file(text: str) -> str:
    """A file that can be read, by its whole path."""
    if not text:
        return ""
    path = path_of(text).absolute()
    if not path.is_file() or not os.access(path, os.R_OK):
        raise ConsoleError(f"{path} is not a file that can be read", "check the path")
    return str(path)


def _read_ca(text: str) -> str:
    if text in STORES or not text:
        return text
    path = path_of(text).absolute()
    return str(path) if path.is_dir() else _read_file(text)


def _read_new_file(text: str) -> str:
    if not text:
        return ""
    path = path_of(text).absolute()
    if not path.parent.is_dir():
        raise ConsoleError(f"{path.parent} is not a folder", "check the path")
    return str(path)


def _or_nothing(kind: Kind) -> Kind:
    """The same, where an empty word takes it back."""

    def parse(text: str) -> Any:
        return kind.parse(text) if text else ""

    return Kind(kind.name, parse, kind.complete)


FILE = Kind("FILE", _read_file, PATH.complete)
NAME, LIST = Kind("NAME"), Kind("LIST")

WAYS: dict[str, Way] = {
    way.name: way
    for way in (
        Way("source", "Route", Kind("ADDRESS[:PORT]", _read_source), "connect from this address"),
        Way("family", "Route", _or_nothing(choice("4", "6")), "only IPv4, or only IPv6"),
        Way(
            "proxy",
            "Route",
            Kind("URL", _read_proxy, hides=password_of),
            "go through a proxy: socks5h://, socks5:// (resolves here) or http://",
        ),
        Way(
            "proxy-header",
            "Route",
            Kind("HEADER", _read_header),
            "say a PROXY header first: v1, v2, v2:local, v2:192.0.2.7:1234, raw:OCTETS",
        ),
        Way("timeout", "Time", DURATION, "wait so long for each reply: 30s, 5m"),
        Way(
            "timers",
            "Time",
            Kind("TIMERS", _read_timers),
            "other times by phase: rfc for those of RFC 5321, or end=10m,total=1h",
        ),
        Way(
            "ca",
            "TLS",
            Kind("FILE|FOLDER|STORE", _read_ca, PATH.complete),
            "trust these certificates: a file, a folder, or system, certifi, none",
        ),
        Way("servername", "TLS", NAME, "verify this name in TLS, and ask for it, not the host's"),
        Way("sni", "TLS", NAME, "ask for this name in TLS, whatever is verified; none for none"),
        Way("strict", "TLS", SWITCH, "end at a certificate that does not verify", is_flag=True),
        Way(
            "pin",
            "TLS",
            Kind("PIN", _read_pins),
            "the server's key or certificate: sha256//BASE64, spki:HEX, cert:HEX; commas between",
        ),
        Way("client-cert", "TLS", FILE, "show the server this certificate of ours"),
        Way("client-key", "TLS", FILE, "its key, where that is in a file of its own"),
        Way(
            "tls-min", "TLS", _or_nothing(Kind("VERSION", _read_version)), "the lowest TLS version"
        ),
        Way(
            "tls-max", "TLS", _or_nothing(Kind("VERSION", _read_version)), "the highest TLS version"
        ),
        Way(
            "ciphers",
            "TLS",
            Kind("LIST", _read_ciphers),
            "for TLS 1.2 and older, as OpenSSL has it",
        ),
        Way("suites", "TLS", LIST, "for TLS 1.3, colons between; needs Python 3.15"),
        Way("alpn", "TLS", LIST, "offer these protocols, commas between"),
        Way(
            "keylog",
            "TLS",
            Kind("FILE", _read_new_file, PATH.complete),
            "write the secrets of TLS there, for Wireshark; also SSLKEYLOGFILE",
        ),
        Way("resume", "TLS", SWITCH, "resume the session of an earlier connection", is_flag=True),
    )
}


# --- what the engine takes --------------------------------------------------------------------


def route(settings: Settings, target: Target) -> Route:
    """The route of these settings; what concerns the network is void without one."""
    from smtpconsole.console import headers
    from smtpconsole.net.route import Route

    header = headers.parse(settings.proxy_header) if settings.proxy_header else None
    if target.is_local:
        return Route(header=header)
    family: Literal[4, 6] | None = {"4": 4, "6": 6}.get(settings.family)  # type: ignore[assignment]  # 4 or 6
    return Route(
        source=source(settings.source),
        family=family,
        proxy=settings.proxy or None,
        header=header,
    )


def policy(settings: Settings) -> TlsPolicy:
    """The policy of these settings; ConsoleError where they do not go together."""
    from smtpconsole.net.policy import TlsPolicy

    ca = settings.ca
    is_store = ca in STORES
    store: Any = ca if is_store else None
    is_folder = not is_store and Path(ca or "/no/").is_dir()
    try:
        return TlsPolicy(
            strict=settings.strict,
            ca_file=ca if ca and not is_store and not is_folder else None,
            ca_folder=ca if is_folder else None,
            store=store,
            server_name=settings.servername or None,
            sni="" if settings.sni == NO_NAME else settings.sni or None,
            client_cert=settings.client_cert or None,
            client_key=settings.client_key or None,
            minimum=settings.tls_min or None,
            maximum=settings.tls_max or None,
            ciphers=settings.ciphers or None,
            suites=settings.suites or None,
            alpn=_listed(settings.alpn),
            pins=_listed(settings.pin),
            sessions=_sessions() if settings.resume else None,
            key_log=settings.keylog or None,
        )
    except ValueError as error:
        raise ConsoleError(str(error), "/set shows the settings") from error
