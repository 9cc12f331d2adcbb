"""class SSLTransport: a secured connection as an `asyncio.Transport`.

The engine does TLS itself, on a plain transport; users of the library expect `client.transport`
to be one whose name says SSL, and which knows certificates and ciphers.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smtpconsole.net.connection import Connection


class SSLTransport(asyncio.Transport):
    """What is written is encrypted; what is asked about TLS is answered."""

    def __init__(self, connection: Connection, plain: asyncio.Transport) -> None:
        super().__init__()
        self._connection = connection
        self._plain = plain

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What the plain transport knows; and `ssl_object`, `sslcontext`, `peercert`, `cipher`
        and `compression`."""
        layer = self._connection.layer
        tls = layer.object if layer is not None else None
        if tls is None:
            return self._plain.get_extra_info(name, default)
        match name:
            case "ssl_object":
                return tls
            case "sslcontext":
                return tls.context
            case "peercert":
                return tls.getpeercert()
            case "cipher":
                return tls.cipher()
            case "compression":
                return tls.compression()
        return self._plain.get_extra_info(name, default)

    def write(self, data: bytes | bytearray | memoryview[int]) -> None:
        """Not for users: only the engine knows which reply answers what."""
        raise NotImplementedError("Say it by execute_command")

    def is_closing(self) -> bool:
        """It is closed, or about to be."""
        return self._plain.is_closing() or not self._connection.is_open

    def close(self) -> None:
        """Say close_notify, and close."""
        self._connection.close()

    def abort(self) -> None:
        """Close at once."""
        self._connection.abort()

    def get_protocol(self) -> asyncio.BaseProtocol:
        """The engine's connection."""
        return self._connection

    def is_reading(self) -> bool:
        """Octets are taken from the network."""
        return self._plain.is_reading()

    def pause_reading(self) -> None:
        """Take no octets from the network."""
        self._plain.pause_reading()

    def resume_reading(self) -> None:
        """Take octets again."""
        self._plain.resume_reading()

    def get_write_buffer_size(self) -> int:
        """Octets, encrypted, that the network has not taken yet."""
        return self._plain.get_write_buffer_size()

    def can_write_eof(self) -> bool:
        """TLS has no half-closed state that servers would understand."""
        return False
