"""Where to connect, out of what people write."""

from __future__ import annotations

import re

from smtpconsole.console.answers import ConsoleError
from smtpconsole.smtp.events import Target

SCHEMES = {
    "smtp": (25, False),
    "smtps": (465, True),
    "submission": (587, False),
    "submissions": (465, True),
}
IMPLICIT_TLS_PORT = 465  # RFC 8314

_FORM = re.compile(
    r"(?:(?P<scheme>[a-z]+)://)?"
    r"(?:\[(?P<literal>[^\]]+)\]|(?P<host>[^\s:/\[\]]+|[0-9a-f:]*:[0-9a-f:]*:[0-9a-f:.]*))"
    r"(?::(?P<port>\d+))?/?",
    re.IGNORECASE,
)
_FORMS = "host, host:port, [address]:port, smtp://host, smtps://host, submission://host"


def parse_target(text: str) -> Target:
    """The target in `host`, `host:port`, `[v6]:port` or a URL; ConsoleError if it is none."""
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise ConsoleError(f"{text!r} is not a server", f"write it as {_FORMS}")
    scheme = (found["scheme"] or "smtp").lower()
    if scheme not in SCHEMES:
        raise ConsoleError(f"{scheme}:// is not known", f"known are {', '.join(SCHEMES)}")
    port, implicit_tls = SCHEMES[scheme]
    if found["port"] is not None:
        port = int(found["port"])
        if not 0 < port < 65536:
            raise ConsoleError(f"{port} is not a port", "ports go from 1 to 65535")
        if found["scheme"] is None:
            implicit_tls = port == IMPLICIT_TLS_PORT
    return Target(found["literal"] or found["host"], port, implicit_tls)


def written(target: Target) -> str:
    """A target as /connect takes it."""
    if target.implicit_tls and target.port != 465:
        return f"smtps://{target}"
    return str(target)
