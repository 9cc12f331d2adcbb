"""The PROXY protocol: what a load balancer tells a server of the client behind it.

https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt.  Version 1 is a line of text,
version 2 is binary and may carry TLVs.  It is the first thing on a connection, before TLS.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Literal

Address = tuple[str, int]

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
_LOCAL, _PROXY = 0x20, 0x21  # version 2, command
_UNSPECIFIED, _TCP4, _TCP6 = 0x00, 0x11, 0x21
MOST_V1 = 107  # octets of a line, CRLF included

TLVS = {
    "alpn": 0x01,
    "authority": 0x02,
    "crc32c": 0x03,
    "noop": 0x04,
    "unique-id": 0x05,
    "ssl": 0x20,
    "netns": 0x30,
}
_NAMES = {number: name for name, number in TLVS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyHeader:
    """A header; addresses that are not given are those of the connection itself.

    `kind` is "proxy" for a client behind us, "local" for ourselves, as a health check does it
    (version 1 calls it UNKNOWN: a server then uses the connection's own addresses).
    Raises ValueError for what the version cannot say.
    """

    version: Literal[1, 2] = 2
    kind: Literal["proxy", "local"] = "proxy"
    source: Address | None = None  # the client's address and port
    destination: Address | None = None  # the address and port it connected to
    tlvs: tuple[tuple[int, bytes], ...] = ()  # type and value, version 2 only

    def __post_init__(self) -> None:
        if self.version not in (1, 2):
            raise ValueError(f"the PROXY protocol has no version {self.version}, but 1 and 2")
        if self.kind not in ("proxy", "local"):
            raise ValueError(f"a PROXY header is of kind proxy or local, not {self.kind!r}")
        if self.tlvs and self.version == 1:
            raise ValueError("version 1 of the PROXY protocol has no TLVs; use version 2")
        for kind, value in self.tlvs:
            if not 0 <= kind <= 255 or len(value) > 65535:
                raise ValueError("a TLV has a type of 0 to 255 and a value of 65535 octets at most")
        for address in (self.source, self.destination):
            if address is not None:
                _checked(address)
        if self.source and self.destination:
            self._same_family(self.source, self.destination)

    def octets(self, sock: socket.socket) -> bytes:
        """The header as it goes out on this connection."""
        source, destination = self._addresses(sock)
        if self.version == 1:
            return _line(source, destination)
        return _binary(self.kind, source, destination, self.tlvs)

    def told(self, sock: socket.socket) -> str:
        """The header in words."""
        source, destination = self._addresses(sock)
        if source is None or destination is None:
            words = "no addresses"
        else:
            words = f"{_shown(source)} to {_shown(destination)}"
        if self.kind == "local":
            words = "unknown" if self.version == 1 else "local"
        tlvs = "".join(f", {_tlv(kind, value)}" for kind, value in self.tlvs)
        return f"PROXY protocol {self.version}: {words}{tlvs}"

    def _addresses(self, sock: socket.socket) -> tuple[Address | None, Address | None]:
        """What it says; None for both where there is nothing to say."""
        if self.kind == "local":
            return None, None
        source = self.source or _inet(sock.getsockname())
        destination = self.destination or _inet(sock.getpeername())
        if source is None or destination is None:
            return None, None
        self._same_family(source, destination)
        return source, destination

    @staticmethod
    def _same_family(source: Address, destination: Address) -> None:
        if _checked(source).version != _checked(destination).version:
            raise ValueError(
                f"a PROXY header holds addresses of one family, not {source[0]} and "
                f"{destination[0]}; give both"
            )


def _checked(address: Address) -> IPv4Address | IPv6Address:
    host, port = address
    if not 0 <= port <= 65535:
        raise ValueError(f"{port} is not a port: ports go from 0 to 65535")
    return ip_address(host.partition("%")[0])


def _inet(name: object) -> Address | None:
    """Address and port of a TCP socket's end; None for another kind of socket."""
    if isinstance(name, tuple) and len(name) >= 2:
        return str(name[0]).partition("%")[0], int(name[1])
    return None


def _line(source: Address | None, destination: Address | None) -> bytes:
    if source is None or destination is None:
        return b"PROXY UNKNOWN\r\n"
    family = f"TCP{_checked(source).version}"
    words = (family, source[0], destination[0], str(source[1]), str(destination[1]))
    return f"PROXY {' '.join(words)}\r\n".encode("ascii")


def _binary(
    kind: str,
    source: Address | None,
    destination: Address | None,
    tlvs: tuple[tuple[int, bytes], ...],
) -> bytes:
    command, family, addresses = (_PROXY if kind == "proxy" else _LOCAL), _UNSPECIFIED, b""
    if source is not None and destination is not None:
        ours, theirs = _checked(source), _checked(destination)
        family = _TCP4 if ours.version == 4 else _TCP6
        addresses = ours.packed + theirs.packed + struct.pack("!HH", source[1], destination[1])
    rest = b"".join(struct.pack("!BH", kind, len(value)) + value for kind, value in tlvs)
    length = len(addresses) + len(rest)
    if length > 65535:
        raise ValueError(f"the TLVs make a header of {length} octets, and 65535 is the most")
    return SIGNATURE + struct.pack("!BBH", command, family, length) + addresses + rest


def _shown(address: Address) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _tlv(kind: int, value: bytes) -> str:
    text = value.decode("latin-1") if value.isascii() else value.hex()
    return f"{_NAMES.get(kind, f'type {kind:#04x}')} {text}"
