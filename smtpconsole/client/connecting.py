"""From options to a connection, and from the engine's errors to the library's."""

from __future__ import annotations

import asyncio

from smtpconsole.client.errors import SMTPConnectError, SMTPConnectTimeoutError
from smtpconsole.client.options import Options
from smtpconsole.net.connection import Connection
from smtpconsole.net.dial import dial
from smtpconsole.net.timeouts import Timeouts
from smtpconsole.smtp.errors import Silence, Unreachable


async def connected(options: Options, timeout: float | Timeouts | None) -> Connection:
    """A connection that has been greeted, whatever the greeting.

    `timeout` is a number of seconds for each step, or Timeouts.  Raises SMTPConnectError,
    SMTPConnectTimeoutError, or ValueError if a certificate is to be verified and there is no
    name to verify.
    """
    where = options.place
    if not isinstance(timeout, Timeouts) and timeout is not None and timeout <= 0:
        raise SMTPConnectTimeoutError(f"Timed out connecting to {where}")
    # Outside of the try: a file that is missing is not the server's fault.
    policy = await asyncio.to_thread(options.policy) if options.use_tls else None
    try:
        return await dial(
            options.target,
            observe=options.observe,
            tls=policy,
            lmtp=options.lmtp,
            timeout=timeout,
            route=options.way,
        )
    except TimeoutError as error:  # Silence is one, too
        raise SMTPConnectTimeoutError(_lateness(error, where)) from error
    except Unreachable as error:
        if error.attempts and all("no answer" in each.error for each in error.attempts):
            raise SMTPConnectTimeoutError(f"Timed out connecting to {where}") from error
        raise SMTPConnectError(f"Error connecting to {where}: {error}") from error
    except OSError as error:
        raise SMTPConnectError(f"Error connecting to {where}: {error}") from error


def _lateness(error: TimeoutError, where: str) -> str:
    if isinstance(error, Silence) and error.timer == "greeting":
        return "Timed out waiting for server ready message"
    return f"Timed out connecting to {where}"
