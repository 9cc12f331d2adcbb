"""Which resolvers are asked, and whether their word about DNSSEC can be taken.

The AD bit says that a resolver has validated an answer.  It is worth what the path to the resolver
is worth (RFC 4035, 4.9.3): it is believed of resolvers on this machine, where `resolv.conf` says
`options trust-ad`, and where a person says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from smtpconsole.smtp.targets import port_of

PORT = 53
RESOLV_CONF = Path("/etc/resolv.conf")


@dataclass(frozen=True, slots=True)
class Server:
    """A resolver's address."""

    address: str
    port: int = PORT

    def __str__(self) -> str:
        host = f"[{self.address}]" if ":" in self.address and self.port != PORT else self.address
        return host if self.port == PORT else f"{host}:{self.port}"

    @property
    def is_local(self) -> bool:
        """It is on this machine."""
        return ip_address(self.address).is_loopback


@dataclass(frozen=True, slots=True)
class Servers:
    """The resolvers to ask, in their order."""

    servers: tuple[Server, ...]
    trust: str = ""  # why the AD bit of all of them is believed; empty if it is not

    def trust_in(self, server: Server) -> str:
        """Why the AD bit of this one is believed; empty if it is not."""
        return self.trust or ("the resolver is on this machine" if server.is_local else "")

    @property
    def doubt(self) -> str:
        """Why the AD bit is not believed; empty if it is."""
        for server in self.servers:
            if not self.trust_in(server):
                return f"AD not trusted: the resolver {server} is reached over plain UDP"
        return "" if self.servers else "there is no resolver"


def parse_server(text: str) -> Server:
    """ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT; ValueError, in words, if it is none."""
    host, port = text.strip(), ""
    if host.startswith("["):
        host, _, port = host[1:].partition("]")
        port = port.removeprefix(":")
    elif host.count(":") == 1:
        host, _, port = host.partition(":")
    try:
        address = str(ip_address(host))
    except ValueError:
        raise ValueError(f"{text!r} is not the address of a resolver") from None
    number = port_of(port) if port else PORT
    if number is None:
        raise ValueError(f"{port[:40]!r} is not a port")
    return Server(address, number)


def given(texts: Sequence[str], *, trust_ad: bool = False) -> Servers:
    """The resolvers somebody named, or the system's; ValueError if one is none."""
    trust = "you said so" if trust_ad else ""
    if not texts:
        found = system()
        return Servers(found.servers, trust or found.trust)
    return Servers(tuple(parse_server(text) for text in texts), trust)


def system(file: Path = RESOLV_CONF) -> Servers:
    """The resolvers this machine is told to ask."""
    try:
        lines = file.read_text("ascii", "replace").splitlines()
    except OSError:
        return Servers(_elsewhere())
    servers: list[Server] = []
    trust = ""
    for keyword, *words in (line.split() for line in lines if line.strip()):
        if keyword == "nameserver" and words:
            try:  # a scope, fe80::1%eth0, belongs to the address
                servers.append(Server(str(ip_address(words[0]))))
            except ValueError:
                continue
        elif keyword == "options" and "trust-ad" in words:
            trust = f"options trust-ad in {file}"
    # resolv.conf(5): without a nameserver it is the one on this machine.
    return Servers(tuple(servers) or (Server("127.0.0.1"),), trust)


def _elsewhere() -> tuple[Server, ...]:
    """The resolvers of a system without resolv.conf."""
    import dns.resolver

    try:
        found = dns.resolver.Resolver().nameservers
    except dns.resolver.NoResolverConfiguration:
        return ()
    return tuple(Server(each) for each in found if isinstance(each, str) and "/" not in each)
