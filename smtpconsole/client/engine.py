"""The parts of the engine that the client uses, loaded when it first has something to do.

Whoever imports the library does not pay for TLS, SASL and the rest before there is a connection;
methods say `from smtpconsole.client import engine`.
"""

from __future__ import annotations

from smtpconsole.client import email as messages
from smtpconsole.client.connecting import connected
from smtpconsole.client.merging import result
from smtpconsole.client.transport import SSLTransport
from smtpconsole.net.surroundings import channel
from smtpconsole.smtp import exchanges, sasl
from smtpconsole.smtp import login as logins
from smtpconsole.smtp.capabilities import Capabilities, Keyword
from smtpconsole.smtp.envelope import envelope, groups, size_of, wished
from smtpconsole.smtp.errors import HandshakeFailed
from smtpconsole.smtp.exchanges import Delivery
from smtpconsole.smtp.parameters import Unfit
from smtpconsole.smtp.sasl import Failure
from smtpconsole.smtp.streams import Stream, file_size

__all__ = [
    "Capabilities",
    "Delivery",
    "Failure",
    "HandshakeFailed",
    "Keyword",
    "SSLTransport",
    "Stream",
    "Unfit",
    "channel",
    "connected",
    "envelope",
    "exchanges",
    "file_size",
    "groups",
    "logins",
    "messages",
    "result",
    "sasl",
    "size_of",
    "wished",
]
