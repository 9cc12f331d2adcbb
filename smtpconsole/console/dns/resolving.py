"""The resolver that the settings ask for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.settings import Settings
from smtpconsole.net.dns.names import NoName, ascii_name
from smtpconsole.net.dns.resolver import LIFETIME, Resolver
from smtpconsole.net.dns.servers import given
from smtpconsole.smtp.session import Observer


def resolver(
    servers: Sequence[str],
    *,
    trust_ad: bool = False,
    observe: Observer | None = None,
    lifetime: float = LIFETIME,
) -> Resolver:
    """A resolver that asks these servers, or the system's; ConsoleError if one is none."""
    try:
        found = given(servers, trust_ad=trust_ad)
    except ValueError as error:
        raise ConsoleError(str(error), "write 127.0.0.1 or 192.0.2.53:5353") from error
    return Resolver(found, observe=observe, lifetime=lifetime)


def of(settings: Settings, observe: Observer | None = None) -> Resolver:
    """The resolver of these settings."""
    servers = settings.dns.split(",") if settings.dns else []
    return resolver(servers, trust_ad=settings.trustad, observe=observe)


def domain(text: str) -> str:
    """A mail domain, also out of an address; ConsoleError if it is none."""
    name = text.rpartition("@")[2].removeprefix("mx:")
    try:
        return ascii_name(name)
    except NoName as error:
        raise ConsoleError(f"this is no mail domain: {error}", "write example.com") from error


def ca_file(settings: Settings) -> str | None:
    """The file whose certificates also a web server is judged by, if one is set."""
    return settings.ca if Path(settings.ca or "/no/").is_file() else None
