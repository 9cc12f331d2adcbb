"""A server to play with: it keeps what it is sent, and never sends anything on."""

from smtpconsole.sandbox.mailbox import Letter, Mailbox
from smtpconsole.sandbox.server import Sandbox

__all__ = ["Letter", "Mailbox", "Sandbox"]
