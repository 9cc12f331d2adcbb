"""From options to a connection, and from the engine's errors to the library's."""

from __future__ import annotations

from smtpconsole.client.errors import SMTPConnectError, SMTPConnectTimeoutError
from smtpconsole.client.options import Options
from smtpconsole.net.connection import Connection
from smtpconsole.net.dial import dial
from smtpconsole.net.route import Route
from smtpconsole.smtp.errors import Silence, Unreachable
from smtpconsole.smtp.session import Observer


async def connected(
    options: Options, *, observe: Observer | None, timeout: float | None
) -> Connection:
    """A connection that has been greeted, whatever the greeting; `timeout` in seconds.

    Raises SMTPConnectError or SMTPConnectTimeoutError.
    """
    target = options.target()
    where = f"{target.host} on port {target.port}"
    try:
        return await dial(
            target,
            observe=observe,
            tls=options.policy() if target.implicit_tls else None,
            timeout=timeout,
            route=Route(source=options.source_address),
        )
    except Silence as error:
        raise SMTPConnectTimeoutError(f"Timed out connecting to {where}") from error
    except Unreachable as error:
        if error.attempts and all("no answer" in each.error for each in error.attempts):
            raise SMTPConnectTimeoutError(f"Timed out connecting to {where}") from error
        raise SMTPConnectError(f"Error connecting to {where}: {error}") from error
    except OSError as error:
        raise SMTPConnectError(f"Error connecting to {where}: {error}") from error
