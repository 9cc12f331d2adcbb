"""SASL mechanisms (RFC 4422), one a file, each a generator: `challenge = yield response`.

1. A mechanism in which the server speaks first begins with an empty response, which is not
   sent (`speaks_first`).
2. A response that is more than octets is a `Response`: it says what its answer must prove, or
   what the server has told already.
3. A mechanism gives up by raising `MechanismError`; its `failure` says of what kind it is.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from smtpconsole import registry


class Failure(Enum):
    """Why nobody is logged in; what each means and what to do is in `smtp.login`."""

    CREDENTIALS = "wrong credentials"
    MECHANISM = "mechanism refused"
    ENCRYPTION = "encryption needed"
    POLICY = "policy"
    TEMPORARY = "temporary"
    UNPROVEN = "server not proven"
    PROTOCOL = "protocol broken"
    UNUSABLE = "not possible here"


class MechanismError(ValueError):
    """A mechanism gave up; says why."""

    def __init__(self, message: str, failure: Failure = Failure.PROTOCOL) -> None:
        super().__init__(message)
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Response:
    """A response, and what its answer means."""

    octets: bytes
    proves_later: bool = False  # a success now would leave the server unproven
    failure: Failure | None = None  # the server has told that it will refuse, and why
    words: str = ""  # the same in a sentence


Turns = Generator[bytes | Response, bytes, None]


@dataclass(frozen=True, slots=True)
class Channel:
    """The connection as mechanisms see it."""

    host: str = ""
    port: int = 0
    offered: tuple[str, ...] = ()  # the server's mechanisms
    # Channel bindings (RFC 5056) by type, the best first; None where there is no TLS.
    bindings: Callable[[], Mapping[str, bytes]] | None = None
    now: float = 0.0  # seconds since 1970, for mechanisms that tell the time


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who logs in, and with what, as octets."""

    user: bytes
    password: bytes = field(default=b"", repr=False)
    authzid: bytes = b""  # who to act as, if that is somebody else (RFC 4422, 3.4.1)
    token: bytes = field(default=b"", repr=False)  # of OAuth
    channel: Channel = Channel()


def credentials(
    user: str | bytes,
    password: str | bytes = b"",
    *,
    authzid: str | bytes = b"",
    token: str | bytes = b"",
    channel: Channel | None = None,
) -> Credentials:
    """Credentials from what people have; str becomes UTF-8."""
    return Credentials(
        _octets(user),
        _octets(password),
        _octets(authzid),
        _octets(token),
        channel if channel is not None else Channel(),
    )


def _octets(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


Need = Literal["password", "token", "nothing"]


@dataclass(frozen=True, slots=True)
class Mechanism:
    """A way to log in."""

    name: str  # as the server announces it
    strength: int  # the higher, the sooner it is tried; 0: only if it is asked for by name
    turns: Callable[[Credentials], Turns]
    speaks_first: bool  # the client's response may go with the AUTH command
    needs: Need = "password"
    exposes: bool = False  # the secret itself is said, for whoever reads the wire

    def __call__(self, who: Credentials) -> Turns:
        return self.turns(who)

    @property
    def binds(self) -> bool:
        """It is tied to the TLS session (RFC 5801, 4)."""
        return self.name.endswith("-PLUS")


class _Mechanisms(Mapping[str, Mechanism]):
    """By name; their modules are loaded when somebody looks, which a client may never do."""

    def __init__(self) -> None:
        self._known: dict[str, Mechanism] = {}
        self._is_loaded = False

    def add(self, mechanism: Mechanism) -> None:
        self._known[mechanism.name] = mechanism

    def _loaded(self) -> dict[str, Mechanism]:
        if not self._is_loaded:
            registry.load(__name__, __path__)
            self._is_loaded = True  # not before: another thread would find some of them
        return self._known

    def __getitem__(self, name: str) -> Mechanism:
        return self._loaded()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._loaded())

    def __len__(self) -> int:
        return len(self._loaded())


MECHANISMS = _Mechanisms()


def mechanism(
    name: str,
    *,
    strength: int,
    speaks_first: bool = True,
    needs: Need = "password",
    exposes: bool = False,
) -> Callable[[Callable[[Credentials], Turns]], Callable[[Credentials], Turns]]:
    """Register a generator function as a mechanism."""

    def register(turns: Callable[[Credentials], Turns]) -> Callable[[Credentials], Turns]:
        MECHANISMS.add(Mechanism(name, strength, turns, speaks_first, needs, exposes))
        return turns

    return register


def family(name: str) -> str:
    """The name that mechanisms of one kind have in common."""
    name = name.upper()
    return "SCRAM" if name.startswith("SCRAM-") else name


def usable(
    offered: tuple[str, ...], *, need: Need = "password", is_secure: bool = True
) -> list[Mechanism]:
    """The mechanisms that server and client have in common, in the order to try them.

    The strongest first; without TLS those that say the secret itself come last, and those that
    are bound to TLS not at all.
    """
    known = [MECHANISMS[name] for name in offered if name in MECHANISMS]
    fitting = [
        each
        for each in known
        if each.needs == need and each.strength and (is_secure or not each.binds)
    ]
    return sorted(fitting, key=lambda each: (each.exposes and not is_secure, -each.strength))
