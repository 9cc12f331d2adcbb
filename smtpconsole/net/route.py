"""How a connection reaches its server: over TCP if nothing else is said.

Route(source=("192.0.2.7", 0))                  from this address
Route(proxy="socks5h://user:secret@proxy:1080") through a proxy
Route(path="/run/dovecot/lmtp")                 to a UNIX socket
Route(command="/usr/sbin/sendmail -bs")         to a program of our own
Route(sock=connected)                           on a socket that is there already
"""

from __future__ import annotations

import os
import shlex
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from smtpconsole.net.proxies import Proxy
from smtpconsole.net.proxy_header import ProxyHeader
from smtpconsole.smtp.events import Target

SocketPath = str | bytes | os.PathLike[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The way to a server.  Raises ValueError for ways that exclude each other."""

    source: tuple[str, int] | None = None  # our address ("" for any) and port (0 for any)
    family: Literal[4, 6] | None = None  # only IPv4, or only IPv6
    proxy: str | None = field(default=None, repr=False)  # socks5://, socks5h:// or http://
    path: SocketPath | None = None  # of a UNIX socket
    command: str | Sequence[str] | None = None  # speaks SMTP on stdin and stdout; no shell
    sock: socket.socket | None = None  # connected; owned by the connection from then on
    header: ProxyHeader | bytes | None = None  # PROXY protocol; bytes go out as they are

    def __post_init__(self) -> None:
        others = {"path": self.path, "command": self.command, "sock": self.sock}
        given = [name for name, value in others.items() if value is not None]
        tcp = {"source": self.source, "family": self.family, "proxy": self.proxy}
        if given:
            given += [name for name, value in tcp.items() if value is not None]
        if len(given) > 1:
            raise ValueError(f"a route has either a {given[0]} or a {given[1]}, not both")
        if self.family not in (None, 4, 6):
            raise ValueError(f"the family is 4 or 6, not {self.family!r}")
        if self.proxy is not None:
            Proxy.parse(self.proxy)
        if self.command is not None and not self.words:
            raise ValueError("the command is empty")

    def towards(self, target: Target) -> Route:
        """The same, to what the target names."""
        if self.path is None and self.command is None and self.sock is None:
            if target.path:
                return replace(self, path=target.path)
            if target.command:
                return replace(self, command=target.command)
        return self

    def named(self, target: Target) -> Target:
        """The target, saying how it is reached where that is not by host and port."""
        if self.path is not None and not target.path:
            return replace(target, path=os.fsdecode(self.path))
        if self.command is not None and not target.command:
            return replace(target, command=shlex.join(self.words))
        return target

    @property
    def words(self) -> list[str]:
        """The command as words; ValueError if its quotes do not match."""
        if isinstance(self.command, str):
            return shlex.split(self.command)
        return list(self.command or ())
