"""Reading a PROXY header (haproxy's proxy-protocol, 2): who the client behind a balancer is."""

from __future__ import annotations

import ipaddress
import struct

from smtpconsole.net.proxy_header import MOST_V1, SIGNATURE
from smtpconsole.sandbox.wire import Wire

_SIZES = {0x11: 4, 0x21: 16}  # octets of an address: TCP over IPv4, over IPv6


class NotProxied(ValueError):
    """There is no header, or it makes no sense."""


async def read_header(wire: Wire) -> str | None:
    """The client's address and port; None where the header says that there is none to tell."""
    if await wire.begins_with(SIGNATURE):
        return await _version_2(wire)
    if await wire.begins_with(b"PROXY "):
        line, is_whole = await wire.until(b"\r\n", MOST_V1)
        if not is_whole:
            raise NotProxied("the line has no end")
        return _version_1(line)
    raise NotProxied("the connection does not begin with a header")


def _version_1(line: bytes) -> str | None:
    words = line.decode("ascii", "replace").split()
    if words[1:2] == ["UNKNOWN"]:
        return None
    try:
        _, family, source, _, port, _ = words
        address = ipaddress.ip_address(source)
        if family != f"TCP{address.version}":
            raise ValueError("the family is another")
        return _shown(address, int(port))
    except ValueError as error:
        raise NotProxied(f"the line cannot be read ({error})") from error


async def _version_2(wire: Wire) -> str | None:
    head = await _exactly(wire, len(SIGNATURE) + 4)
    command, family, length = struct.unpack("!BBH", head[len(SIGNATURE) :])
    rest = await _exactly(wire, length)
    if command >> 4 != 2 or command & 0xF > 1:
        raise NotProxied(f"command {command:#x} is not known")
    if command & 0xF == 0 or family == 0:
        return None
    if family not in _SIZES:
        raise NotProxied(f"family {family:#x} is not known")
    size = _SIZES[family]
    if len(rest) < 2 * size + 4:
        raise NotProxied("the addresses are cut off")
    (port,) = struct.unpack("!H", rest[2 * size : 2 * size + 2])
    return _shown(ipaddress.ip_address(rest[:size]), port)


async def _exactly(wire: Wire, count: int) -> bytes:
    data = b""
    while len(data) < count:
        data += await wire.some(count - len(data))
    return data


def _shown(address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int) -> str:
    return f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"
