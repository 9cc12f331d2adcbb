"""aiosmtplib's module of that name: the protocol of a client is the engine's connection."""

from __future__ import annotations

from smtpconsole.net.connection import Connection as SMTPProtocol

__all__ = ("SMTPProtocol",)
