"""A server somebody wants to talk to, and how that is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote

SCHEMES = {  # the port, TLS from the first octet, LMTP
    "smtp": (25, False, False),
    "smtps": (465, True, False),
    "submission": (587, False, False),
    "submissions": (465, True, False),
    "lmtp": (24, False, True),
    "lmtps": (24, True, True),
}
IMPLICIT_TLS_PORT = 465  # RFC 8314
MX_PORT = 25
_NAMES = {(False, False): "smtp", (True, False): "smtps", (False, True): "lmtp"}


def port_of(text: str) -> int | None:
    """The port that is written so; None if it is none."""
    is_number = text.isascii() and text.isdecimal() and len(text) < 6
    return int(text) if is_number and 0 < int(text) < 65536 else None


@dataclass(frozen=True, slots=True)
class Target:
    """A server: a host and a port, or a path or a command, which need no host."""

    host: str
    port: int
    implicit_tls: bool = False  # RFC 8314: TLS from the first octet
    lmtp: bool = False  # RFC 2033
    path: str = ""  # of a UNIX socket
    command: str = ""  # a program that speaks SMTP on its stdin and stdout
    user: str = ""  # who to log in as
    mx: bool = False  # the host is a mail domain, and one of its servers is meant
    profile: str = field(default="", compare=False)  # the word that stood for it: its rules hold

    @property
    def is_local(self) -> bool:
        """No network is in between."""
        return bool(self.path or self.command)

    def __str__(self) -> str:
        if self.path or self.command:
            return self.path or self.command
        if self.mx:
            return f"mx:{self.host}" + (f":{self.port}" if self.port != MX_PORT else "")
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def written(self) -> str:
        """The target such that it can be read back, in the shortest form."""
        scheme = _NAMES.get((self.implicit_tls, self.lmtp), "lmtps")
        user = f"{_quoted(self.user)}@" if self.user else ""
        if self.command:
            return f"exec:{self.command}" if scheme == "smtp" else f"{scheme}+exec:{self.command}"
        if self.path:
            return f"{scheme}+unix://{user}{_quoted(self.path, safe='/')}"
        if self.mx:
            return str(self)
        is_plain = not self.lmtp and self.implicit_tls == (self.port == IMPLICIT_TLS_PORT)
        return f"{user}{self}" if is_plain else f"{scheme}://{user}{self}"


def _quoted(text: str, safe: str = "") -> str:
    """Percent signs for all that would be taken for something else."""
    return quote(text, safe=f"{safe}@+~!$&'*,=", errors="surrogateescape")
