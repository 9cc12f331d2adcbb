"""A connection as SASL mechanisms see it."""

from __future__ import annotations

import time

from smtpconsole.net.connection import Connection
from smtpconsole.smtp.sasl import Channel


def channel(connection: Connection) -> Channel:
    """Host, port, offer and channel bindings; these are computed when a mechanism asks."""
    layer = connection.layer
    return Channel(
        host=connection.tls_policy.server_name or connection.target.host,
        port=connection.target.port,
        offered=connection.session.capabilities.mechanisms,
        bindings=layer.channel_bindings if layer is not None else None,
        now=time.time(),
    )
