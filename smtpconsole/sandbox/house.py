"""The house rules of the sandbox: whose mail it takes, from whom, and how much; data, no sockets.

They come from a small TOML file, of which `default.toml` beside this module is the ready one; a
file of one's own says only what is different.
"""

from __future__ import annotations

import hmac
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

DOMAIN = "sandbox.example"

_MOST = 10**15  # octets, seconds, messages
_REPLY = re.compile(r"[2-5][0-9]{2} [^\x00-\x1f\x7f]+")
_RELAY = ("authenticated", "everybody", "nobody")


class HouseError(ValueError):
    """The rules cannot be read; says where, and what would be right."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a recipient: the reply, and why."""

    reply: str
    why: str
    mailboxes: tuple[str, ...] = ()

    @property
    def is_accepted(self) -> bool:
        """Mail for it is taken."""
        return self.reply.startswith("2")


@dataclass(frozen=True, slots=True)
class House:
    """The rules."""

    domain: str = DOMAIN
    size: int = 10 * 2**20  # octets of a message
    recipients: int = 1000  # of a message
    messages: int = 0  # of a connection; 0 is no limit
    idle: float = 300.0  # seconds (RFC 5321, 4.5.3.2.7)
    relay: str = "authenticated"
    relay_domains: tuple[str, ...] = ()
    greylist: float = 0.0  # seconds that a new triplet has to wait; 0 does without
    users: Mapping[str, str] = field(default_factory=dict, repr=False)  # address: password
    replies: Mapping[str, str] = field(default_factory=dict)  # local part: reply to RCPT
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    quota: Mapping[str, int] = field(default_factory=dict)  # local part: octets
    withdraw: tuple[str, ...] = ()  # keywords that are not offered

    def is_local(self, address: str) -> bool:
        """Whether mail for this address ends here."""
        _, at, domain = address.rpartition("@")
        return not at or domain.lower() == self.domain

    def password(self, user: str) -> str | None:
        """The password of a user; None if there is none of the name."""
        name = user if "@" in user else f"{user}@{self.domain}"
        return self.users.get(name.lower())

    def has_login(self, user: str, password: str) -> bool:
        """Whether these are a user's name and password."""
        known = self.password(user)
        return known is not None and hmac.compare_digest(password.encode(), known.encode())

    def recipient(self, address: str, *, user: str | None) -> Verdict:
        """What to answer for a recipient, when this user (or nobody) is logged in."""
        local, _, domain = address.rpartition("@")
        if not local and domain.lower() != "postmaster":  # RFC 5321, 4.1.1.3
            reply = f"553 5.1.3 The address needs a domain, such as @{self.domain}"
            return Verdict(reply, "it has no domain")
        if self.is_local(address):
            return self._mailbox(local or domain)
        if domain.lower() in self.relay_domains:
            return self._relayed(address, f"{domain} is among the domains to relay for")
        if self.relay == "everybody":
            return self._relayed(address, "this house relays for everybody")
        if self.relay == "authenticated" and user is not None:
            return self._relayed(address, f"{user} is logged in")
        why = "nobody is logged in" if self.relay == "authenticated" else "it relays for nobody"
        return Verdict("554 5.7.1 Relay access denied", f"{domain} is not of this house, and {why}")

    def _mailbox(self, local: str) -> Verdict:
        name = local.lower()
        if name in self.replies:
            return Verdict(self.replies[name], f"the rules give {name} this reply")
        if name in self.aliases:
            boxes = tuple(self.expanded(name))
            return Verdict("250 2.1.5 Ok", f"an alias for {', '.join(boxes)}", boxes)
        return Verdict("250 2.1.5 Ok", f"every name in {self.domain} has a mailbox", (name,))

    def _relayed(self, address: str, why: str) -> Verdict:
        reply = "250 2.1.5 Ok; kept here, the sandbox never relays"
        return Verdict(reply, why, (address.lower(),))

    def expanded(self, name: str) -> list[str]:
        """The mailboxes behind a name; an alias that leads back to itself is followed once."""
        found: dict[str, None] = {}
        pending, seen = [name.lower()], set[str]()
        while pending:
            each = pending.pop(0)
            if each in self.aliases and each not in seen:
                seen.add(each)
                pending = [*(target.lower() for target in self.aliases[each]), *pending]
            elif each not in self.aliases:
                found[each] = None
        return list(found)


@cache
def default() -> House:
    """The rules that are ready."""
    text = files(__package__).joinpath("default.toml").read_text("utf-8")
    return parsed(text, House(), "default.toml")


def load(path: Path) -> House:
    """Rules of one's own on top of the ready ones; HouseError says what is wrong in them."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        raise HouseError(f"{path} cannot be read: {why.lower()}") from error
    return parsed(text, default(), str(path))


def parsed(text: str, base: House, name: str) -> House:
    """Rules out of TOML; HouseError says what is wrong in it."""
    try:
        found = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number may be beyond all measure, too
        raise HouseError(f"{name} is not TOML: {str(error).lower()}") from error
    return read(found, base, name)


def read(found: Mapping[str, Any], base: House, name: str) -> House:
    """Rules out of values as TOML has them; HouseError says what is wrong with them."""
    known = {each.name for each in fields(House)}
    if unknown := sorted(set(found) - known):
        raise HouseError(
            f"{name} has {unknown[0]!r}, and there are only {', '.join(sorted(known))}"
        )
    return replace(base, **{key: _read(name, key, value, base) for key, value in found.items()})


def _read(name: str, key: str, value: Any, base: House) -> Any:
    wanted = getattr(base, key)
    if isinstance(wanted, (int, float)) and _is_amount(value):
        return type(wanted)(value)
    if key == "relay":
        if value not in _RELAY:
            raise HouseError(f"{name}: relay is one of {', '.join(_RELAY)}, not {_told(value)}")
        return value
    if isinstance(wanted, str) and isinstance(value, str) and value and value.isprintable():
        return value.lower()
    if isinstance(wanted, tuple) and _is_texts(value):
        return tuple(value if key == "withdraw" else (each.lower() for each in value))
    if isinstance(wanted, Mapping) and isinstance(value, dict):
        return {**wanted, **{each.lower(): _entry(name, key, each, value[each]) for each in value}}
    raise HouseError(f"{name}: {key} cannot be {_told(value)}")


def _entry(name: str, key: str, entry: str, value: Any) -> Any:
    if key == "aliases" and _is_texts(value):
        return tuple(value)
    if key == "quota" and isinstance(value, int) and value >= 0:
        return value
    if key == "users" and isinstance(value, str) and "@" in entry:
        return value
    if key == "replies" and isinstance(value, str) and _REPLY.fullmatch(value):
        return value
    raise HouseError(f"{name}: {entry!r} in {key} cannot be {_told(value)}; see default.toml")


def _told(value: Any) -> str:
    try:
        return repr(value)[:80]
    except ValueError:  # Python writes no number of more than 4,300 digits
        return "a number of so many digits"


def _is_amount(value: Any) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and 0 <= value <= _MOST


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)
