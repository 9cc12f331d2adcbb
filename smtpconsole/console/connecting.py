"""From settings to a connection: files are tried, and a key's password is asked for."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import replace

from smtpconsole.console import ways
from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.settings import Settings
from smtpconsole.net.connection import Connection
from smtpconsole.net.dial import dial
from smtpconsole.net.policy import TlsPolicy
from smtpconsole.smtp.events import Target
from smtpconsole.smtp.session import Observer

Ask = Callable[[str], Awaitable[str]]


async def connection(
    target: Target, settings: Settings, observe: Observer, passwords: dict[str, str], ask: Ask
) -> Connection:
    """A connection that has been greeted; `passwords` are those of keys asked for before."""
    policy = await _policy(settings, passwords, ask)
    return await dial(
        target,
        observe=observe,
        tls=policy,
        timeout=settings.patience,
        route=ways.route(settings, target),
    )


async def _policy(settings: Settings, passwords: dict[str, str], ask: Ask) -> TlsPolicy:
    key = settings.client_key or settings.client_cert
    policy = replace(ways.policy(settings), client_password=passwords.get(key))
    problem = _problem(policy)
    if "has a password" in problem and key not in passwords:
        policy = replace(policy, client_password=await ask(f"Password of the key {key}:"))
        problem = _problem(policy)
        if not problem and policy.client_password is not None:
            passwords[key] = policy.client_password
    return usable(policy, settings)


def usable(policy: TlsPolicy, settings: Settings) -> TlsPolicy:
    """The policy, if a context can be made of it; ConsoleError, saying why, if not."""
    if problem := _problem(policy):
        is_clients = not _problem(replace(policy, client_cert=None))
        raise ConsoleError(*_told(problem, settings, is_clients))
    return policy


def _problem(policy: TlsPolicy) -> str:
    """Why no context can be made; "" if one can."""
    # The system's store can always be had, and takes its time; the key log is made when needed.
    store = "none" if policy.trusts == "system" else policy.store
    try:
        replace(policy, key_log=None, sessions=None, store=store).context()
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        named = getattr(error, "filename", None)
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
        words = reason.replace("_", " ").lower() if isinstance(error, ssl.SSLError) else reason
        return f"{named}: {words.lower()}" if named else words
    return ""


def _told(problem: str, settings: Settings, is_clients: bool) -> tuple[str, str]:
    if settings.client_cert and is_clients:
        return (
            f"the client certificate {settings.client_cert} cannot be used: {problem}",
            "it must be a PEM file with the key in it, or beside it as client-key; is the"
            " password right?",
        )
    if settings.ca and settings.ca not in ways.STORES:
        return (
            f"{settings.ca} holds no certificates that can be used: {problem}",
            "it must be a PEM file; /set ca '' goes back to the system's",
        )
    return f"TLS cannot be prepared: {problem}", "/set shows the settings"
