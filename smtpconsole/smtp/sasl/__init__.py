"""SASL mechanisms (RFC 4422), one a file, each a generator: `challenge = yield response`.

`yield` nothing-yet is an empty response: a mechanism in which the server speaks first begins
with one, and `authenticate()` knows from `speaks_first` that it is not to be sent.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Generator
from dataclasses import dataclass, field

from smtpconsole import registry

Turns = Generator[bytes, bytes, None]


class MechanismError(ValueError):
    """The server's challenge makes no sense, or the server is not to be trusted; says why."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who logs in, and with what; str is sent as UTF-8."""

    user: bytes
    password: bytes = field(repr=False)


def credentials(user: str | bytes, password: str | bytes) -> Credentials:
    """Credentials from what people have."""
    return Credentials(_octets(user), _octets(password))


def _octets(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


@dataclass(frozen=True, slots=True)
class Mechanism:
    """A way to log in."""

    name: str  # as the server announces it
    strength: int  # the higher, the sooner it is tried
    turns: Callable[[Credentials], Turns]
    speaks_first: bool  # the client's response may go with the AUTH command

    def __call__(self, who: Credentials) -> Turns:
        return self.turns(who)


MECHANISMS: dict[str, Mechanism] = {}


def mechanism(
    name: str, *, strength: int, speaks_first: bool = True
) -> Callable[[Callable[[Credentials], Turns]], Callable[[Credentials], Turns]]:
    """Register a generator function as a mechanism."""

    def register(turns: Callable[[Credentials], Turns]) -> Callable[[Credentials], Turns]:
        MECHANISMS[name] = Mechanism(name, strength, turns, speaks_first)
        return turns

    return register


def usable(offered: tuple[str, ...]) -> list[Mechanism]:
    """The mechanisms that server and client have in common, the strongest first."""
    known = [MECHANISMS[name] for name in offered if name in MECHANISMS]
    return sorted(known, key=lambda each: -each.strength)


def claimed_user(response: bytes, challenge: bytes) -> str | None:
    """Whom a response in base64 says to be; None where that cannot be read from it."""
    try:
        text = base64.b64decode(response, validate=True)
    except ValueError:
        return None
    if text.count(b"\0") == 2:  # PLAIN: authorization identity, user, password
        name = text.split(b"\0")[1]
    elif challenge.lower().startswith(b"user"):
        name = text
    elif challenge.startswith(b"<"):  # CRAM-MD5: user, blank, digest
        name = text.rpartition(b" ")[0]
    else:
        return None
    return name.decode("utf-8", "surrogateescape")


registry.load(__name__, __path__)
