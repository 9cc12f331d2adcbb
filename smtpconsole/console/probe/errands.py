"""How to visit a server, as the settings have it."""

from __future__ import annotations

import ssl

from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.probe.visit import TIMEOUT, Errand
from smtpconsole.console.settings import Settings
from smtpconsole.net.policy import TlsPolicy
from smtpconsole.net.route import Route


def errand_for(
    settings: Settings,
    timeout: float = TIMEOUT,
    *,
    servername: str = "",
    route: Route | None = None,
) -> Errand:
    """An errand; ConsoleError if the CA file cannot be used.

    A certificate is always looked at, and never ends the visit.
    """
    policy = TlsPolicy(
        strict=False,
        ca_file=settings.ca or None,
        server_name=servername or settings.servername or None,
    )
    try:
        policy.context()
    except (OSError, ssl.SSLError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise ConsoleError(
            f"{settings.ca} holds no certificates that can be used: {reason}",
            "it must be a PEM file",
        ) from error
    return Errand(settings.name, policy, timeout, route)
