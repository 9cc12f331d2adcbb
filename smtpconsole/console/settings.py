"""What a person can set, in one table: the fields of `Settings`, each with what there is to know.

A setting is one entry there: its default, how its words are read, a sentence, a unit.  /set, the
file, the environment, the schema and docs/settings.md are made from it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal

from smtpconsole.console import ways
from smtpconsole.console.answers import ConsoleError, nearest
from smtpconsole.console.arguments import SWITCH, Kind, choice
from smtpconsole.console.targets import password_of

if TYPE_CHECKING:
    from smtpconsole.net.timeouts import Timeouts

Type = Literal["text", "number", "yes or no"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A setting, as help, file and shell know it."""

    name: str  # as it is typed
    type: Type
    kind: Kind
    sentence: str
    unit: str
    default: str  # for people

    @property
    def field(self) -> str:
        """The field of `Settings`."""
        return self.name.replace("-", "_")

    @property
    def variable(self) -> str:
        """The variable of the environment that sets it."""
        return f"SMTPCONSOLE_{self.field.upper()}"


def setting(default: Any, kind: Kind, sentence: str, unit: str = "") -> Any:
    """A field of the settings; `default` may be a function that finds it, told in its docstring."""
    told = {"kind": kind, "sentence": sentence, "unit": unit}
    if callable(default):
        return field(default_factory=default, metadata=told)
    return field(default=default, metadata=told)


def _way(name: str, default: Any = "", unit: str = "") -> Any:
    """A field for a way to connect."""
    way = ways.WAYS[name]
    kind = SWITCH if way.is_flag else way.kind
    if name == "proxy":
        told = {"kind": kind, "sentence": way.sentence, "unit": unit}
        return field(default=default, repr=False, metadata=told)  # it may hold a password
    return setting(default, kind, way.sentence, unit)


def _own_name() -> str:
    """the name of this machine"""
    import socket  # which is slow to load, for a program that only prints its help

    # Without asking the DNS, which could take its time.
    name = socket.gethostname().strip(".")
    return name if name and name.isascii() and " " not in name else "localhost"


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


def _read_theme(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9-]*", text, re.ASCII):
        raise ConsoleError(
            f"{text!r} is no theme", "in the application Ctrl+P and Theme lists them"
        )
    return text


NAME = Kind("HOST", _read_name)
THEME = Kind("THEME", _read_theme, choice("smtpconsole", "smtpconsole-light").complete)
AMOUNT = Kind("NUMBER", _read_amount)
RESOLVERS = Kind("ADDRESS,...", _read_resolvers)


@dataclass(slots=True)
class Settings:
    """The settings of a console."""

    name: str = setting(_own_name, NAME, "how we introduce ourselves in EHLO")
    source: str = _way("source")
    family: str = _way("family")
    proxy: str = _way("proxy")
    proxy_header: str = _way("proxy-header")
    timeout: float = _way("timeout", 30.0, "seconds")
    timers: str = _way("timers")
    ca: str = _way("ca")
    servername: str = _way("servername")
    sni: str = _way("sni")
    strict: bool = _way("strict", False)
    pin: str = _way("pin")
    client_cert: str = _way("client-cert")
    client_key: str = _way("client-key")
    tls_min: str = _way("tls-min")
    tls_max: str = _way("tls-max")
    ciphers: str = _way("ciphers")
    suites: str = _way("suites")
    alpn: str = _way("alpn")
    keylog: str = _way("keylog")
    resume: bool = _way("resume", False)
    dns: str = setting(
        "",
        RESOLVERS,
        "resolvers to ask, ADDRESS or ADDRESS:PORT with commas between; empty for the system's",
    )
    trustad: bool = setting(
        False, SWITCH, "believe what any resolver says of DNSSEC, as the path to it is safe"
    )
    coach: bool = setting(True, SWITCH, "say above the prompt what is sensible next")
    theme: str = setting(
        "",
        THEME,
        "colours of the application: smtpconsole, smtpconsole-light, or one of Textual's; empty "
        "for what fits the terminal",
    )
    accessible: bool = setting(
        False, SWITCH, "line mode without colours, and nothing drawn anew, for screen readers"
    )
    remember: bool = setting(
        True, SWITCH, "keep certificate and promises of servers, to tell what has changed"
    )
    journal_days: float = setting(90.0, AMOUNT, "how long a session without a name is kept", "days")
    journal_size: float = setting(
        1000.0, AMOUNT, "what all kept sessions may take, before the oldest are deleted", "MB"
    )
    # The keys that a person wants, by action: see `actions`.
    keys: dict[str, str] = field(default_factory=dict)
    # Where a value comes from, by field, unless it is the default.
    origins: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    @property
    def journal_octets(self) -> int:
        """How many octets all journals may take."""
        return int(self.journal_size * 1_000_000)

    @property
    def patience(self) -> float | Timeouts:
        """How long to wait for what."""
        return ways.timers(self.timers, self.timeout)

    def set(self, name: str, text: str, origin: str = "/set") -> None:
        """Give a setting the value that was typed; ConsoleError if it cannot have it."""
        entry = entry_of(name)
        value = entry.kind.parse(text)
        if entry.type == "yes or no" and isinstance(value, str):
            value = value == "yes"
        setattr(self, entry.field, value)
        self.origins[entry.field] = origin

    def reset(self, name: str) -> None:
        """Give a setting its default again."""
        entry = entry_of(name)
        setattr(self, entry.field, getattr(Settings(), entry.field))
        self.origins.pop(entry.field, None)

    def shown(self, name: str) -> str:
        """A setting as a person reads it; a password in it is not shown."""
        value = getattr(self, name.replace("-", "_"))
        secret = password_of(value) if name == "proxy" else ""
        return _written(value.replace(secret, "[not shown]") if secret else value) or "-"

    def origin(self, name: str) -> str:
        """Where the value of a setting comes from."""
        return self.origins.get(name.replace("-", "_"), "default")


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _entries() -> dict[str, Entry]:
    types: dict[Any, Type] = {"str": "text", "float": "number", "bool": "yes or no"}
    found = {}
    for each in fields(Settings):
        if "kind" not in each.metadata:
            continue
        make: Callable[[], Any] | Any = each.default_factory
        default = make.__doc__ if each.default is MISSING else _written(each.default)
        name = each.name.replace("_", "-")
        told = each.metadata
        entry = Entry(
            name, types[each.type], told["kind"], told["sentence"], told["unit"], default or ""
        )
        found[name] = entry
    return found


SETTINGS: dict[str, Entry] = _entries()


def entry_of(name: str) -> Entry:
    """The setting of that name; ConsoleError names what is nearest."""
    if name in SETTINGS:
        return SETTINGS[name]
    near = nearest(name, SETTINGS)
    hint = f"nearest is {near}" if near else f"there are {', '.join(SETTINGS)}"
    raise ConsoleError(f"there is no setting {name!r}", hint)
