"""Through a proxy: SOCKS5 (RFC 1928, RFC 1929) and HTTP CONNECT (RFC 9110, 9.3.6).

Ours, because an SMTP server speaks first: its greeting may come in one segment with a proxy's
answer, and a library that reads "what there is" swallows it.  Not an octet too many is read.
"""

from __future__ import annotations

import asyncio
import base64
import socket
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Literal
from urllib.parse import unquote, urlsplit

PORTS = {"socks5": 1080, "socks5h": 1080, "http": 8080}
_MOST = 16 * 1024  # octets of an HTTP answer

_SOCKS_REPLIES = {  # RFC 1928, 6
    1: "general failure",
    2: "its rules do not allow this connection",
    3: "the network is unreachable",
    4: "the host is unreachable",
    5: "the connection was refused",
    6: "the time to live expired",
    7: "it does not know CONNECT",
    8: "it does not know this kind of address",
}


class ProxyRefused(ConnectionError):
    """The proxy does not connect us; the text is its reason."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy's address and what it wants to know."""

    scheme: Literal["socks5", "socks5h", "http"]
    host: str
    port: int
    user: str | None = None
    password: str = field(default="", repr=False)

    @classmethod
    def parse(cls, url: str) -> Proxy:
        """The proxy of a URL; ValueError, without the URL in it, if it is none."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise ValueError(
                "the proxy's URL cannot be read; write it as socks5://host:1080"
            ) from (error)
        scheme = parts.scheme.lower()
        if scheme not in PORTS:
            raise ValueError(f"a proxy is {', '.join(f'{each}://' for each in PORTS)}")
        if not parts.hostname or parts.path.strip("/") or parts.query:
            raise ValueError(
                f"the proxy needs a host, and no more: {scheme}://host:{PORTS[scheme]}"
            )
        user = unquote(parts.username) if parts.username is not None else None
        password = unquote(parts.password or "")
        if len((user or "").encode()) > 255 or len(password.encode()) > 255:
            raise ValueError("the user and the password of a proxy have 255 octets at most")
        return cls(scheme, parts.hostname, port or PORTS[scheme], user, password)  # type: ignore[arg-type]  # a key of PORTS

    @property
    def resolves(self) -> bool:
        """The proxy is told the name, and looks it up itself."""
        return self.scheme != "socks5"

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    async def tunnel(self, sock: socket.socket, host: str, port: int) -> None:
        """Have the proxy at the other end connect to a host; ProxyRefused or OSError if not."""
        wire = _Wire(sock)
        if self.scheme == "http":
            await self._connect(wire, host, port)
        else:
            await self._socks(wire, host, port)

    # --- SOCKS5 -------------------------------------------------------------------------------

    async def _socks(self, wire: _Wire, host: str, port: int) -> None:
        methods = b"\0" if self.user is None else b"\0\2"
        await wire.write(bytes((5, len(methods))) + methods)
        version, method = await wire.exactly(2)
        if version != 5:
            raise ProxyRefused("it does not speak SOCKS5")
        if method == 2 and self.user is not None:
            await self._log_in(wire)
        elif method != 0:
            wants = (
                "it wants a user and a password" if self.user is None else "it wants another login"
            )
            raise ProxyRefused(wants)
        await wire.write(b"\5\1\0" + _socks_address(host) + port.to_bytes(2, "big"))
        _, reply, _, kind = await wire.exactly(4)
        if reply != 0:
            raise ProxyRefused(_SOCKS_REPLIES.get(reply, f"it answers {reply}"))
        length = {1: 4, 4: 16}.get(kind) or (await wire.exactly(1))[0]
        await wire.exactly(length + 2)  # the address it connects from

    async def _log_in(self, wire: _Wire) -> None:
        user, password = (self.user or "").encode(), self.password.encode()
        await wire.write(b"\1" + bytes((len(user),)) + user + bytes((len(password),)) + password)
        if (await wire.exactly(2))[1] != 0:
            raise ProxyRefused("it does not take the user and password")

    # --- HTTP ---------------------------------------------------------------------------------

    async def _connect(self, wire: _Wire, host: str, port: int) -> None:
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        head = [f"CONNECT {where} HTTP/1.1", f"Host: {where}"]
        if self.user is not None:
            token = base64.b64encode(f"{self.user}:{self.password}".encode()).decode("ascii")
            head.append(f"Proxy-Authorization: Basic {token}")
        await wire.write("\r\n".join([*head, "", ""]).encode("utf-8"))
        answer = b""
        while not answer.endswith((b"\r\n\r\n", b"\n\n")):
            answer += await wire.exactly(1)
            if len(answer) > _MOST or not b"HTTP/".startswith(answer[:5]):
                raise ProxyRefused("it does not speak HTTP")
        status = answer.split(b"\n", 1)[0].strip().decode("latin-1").partition(" ")[2]
        if not status.startswith("2"):
            wants = "; it wants a user and a password" if status.startswith("407") else ""
            raise ProxyRefused(f"it answers {status or 'without a status'}{wants}")


def _socks_address(host: str) -> bytes:
    try:
        address = ip_address(host)
    except ValueError:
        name = host.encode("idna") if not host.isascii() else host.encode("ascii")
        if not 0 < len(name) < 256:
            raise ProxyRefused("the host's name is too long for SOCKS5") from None
        return b"\3" + bytes((len(name),)) + name
    return (b"\1" if address.version == 4 else b"\4") + address.packed


class _Wire:
    """Exactly as many octets as are asked for."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._loop = asyncio.get_running_loop()

    async def write(self, data: bytes) -> None:
        await self._loop.sock_sendall(self._socket, data)

    async def exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            piece = await self._loop.sock_recv(self._socket, count - len(data))
            if not piece:
                raise ProxyRefused("it closed the connection")
            data += piece
        return data
