"""What a person can set, by name; /set shows and changes it."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from typing import Any

from smtpconsole.console import ways
from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.targets import password_of
from smtpconsole.net.timeouts import Timeouts

_YES = {"yes": True, "on": True, "true": True, "no": False, "off": False, "false": False}


def _own_name() -> str:
    """A name for EHLO without asking the DNS, which could take its time."""
    name = socket.gethostname().strip(".")
    return name if name and name.isascii() and " " not in name else "localhost"


@dataclass(slots=True)
class Settings:
    """The settings of a console."""

    name: str = field(default_factory=_own_name)  # said in EHLO
    source: str = ""
    family: str = ""
    proxy: str = field(default="", repr=False)
    proxy_header: str = ""
    timeout: float = 30.0  # seconds, for each reply
    timers: str = ""
    ca: str = ""  # a file, a folder, or the name of a store
    servername: str = ""  # for SNI and verification, instead of the host
    sni: str = ""
    strict: bool = False  # end the connection at a certificate that does not verify
    pin: str = ""
    client_cert: str = ""
    client_key: str = ""
    tls_min: str = ""
    tls_max: str = ""
    ciphers: str = ""
    suites: str = ""
    alpn: str = ""
    keylog: str = ""
    resume: bool = False
    coach: bool = True
    dns: str = ""  # resolvers to ask, with commas between; empty for the system's
    trustad: bool = False  # believe the AD bit of any resolver
    remember: bool = True  # what servers are like, to tell what has changed
    journal_days: float = 90.0  # sessions are kept so long
    journal_size: float = 1000.0  # MB, of all of them

    @property
    def journal_octets(self) -> int:
        """How many octets all journals may take."""
        return int(self.journal_size * 1_000_000)

    def set(self, name: str, text: str) -> None:
        """Give a setting the value that was typed; ConsoleError if it cannot have it."""
        if name not in SENTENCES:
            raise ConsoleError(f"there is no setting {name!r}", f"there are {', '.join(SENTENCES)}")
        setattr(self, name.replace("-", "_"), _READERS[name](text))

    @property
    def patience(self) -> float | Timeouts:
        """How long to wait for what."""
        return ways.timers(self.timers, self.timeout)

    def shown(self, name: str) -> str:
        """A setting as a person reads it; a password in it is not shown."""
        value = getattr(self, name.replace("-", "_"))
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, float):
            return f"{value:g}"
        secret = password_of(value) if name == "proxy" else ""
        return (value.replace(secret, "[not shown]") if secret else value) or "-"


SENTENCES = {
    "name": "how we introduce ourselves in EHLO",
    **{name: way.sentence for name, way in ways.WAYS.items()},
    "dns": "resolvers to ask, ADDRESS or ADDRESS:PORT with commas between; empty for the system's",
    "trustad": "believe what any resolver says of DNSSEC, as the path to it is safe",
    "coach": "say above the prompt what is sensible next",
    "remember": "keep certificate and promises of servers, to tell what has changed",
    "journal-days": "days for which a session without a name is kept",
    "journal-size": "MB that all kept sessions may take, before the oldest are deleted",
}


def _read_name(text: str) -> str:
    if not text or not text.isascii() or any(char.isspace() for char in text):
        raise ConsoleError(f"{text!r} is not a host name", "a name has no blanks and is ASCII")
    return text


def _read_amount(text: str) -> float:
    try:
        amount = float(text)
    except ValueError:
        amount = -1.0
    if not 0 <= amount <= 1_000_000:
        raise ConsoleError(f"{text!r} is not a number", "give one such as 30")
    return amount


def _read_resolvers(text: str) -> str:
    from smtpconsole.net.dns.servers import parse_server

    try:
        return ",".join(str(parse_server(each)) for each in text.split(",") if each.strip())
    except ValueError as error:
        raise ConsoleError(str(error), "write 127.0.0.1 or 192.0.2.53:5353") from error


def _read_switch(text: str) -> bool:
    if text.lower() not in _YES:
        raise ConsoleError(f"{text!r} is neither yes nor no")
    return _YES[text.lower()]


_READERS: dict[str, Any] = {
    "name": _read_name,
    **{name: way.kind.parse for name, way in ways.WAYS.items()},
    "strict": _read_switch,
    "resume": _read_switch,
    "coach": _read_switch,
    "dns": _read_resolvers,
    "trustad": _read_switch,
    "remember": _read_switch,
    "journal-days": _read_amount,
    "journal-size": _read_amount,
}
