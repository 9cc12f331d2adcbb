"""TLS over `ssl.MemoryBIO`: the same layer for client and sandbox, and it moves no octets itself.

Not `loop.start_tls`: asyncio keeps or swallows plaintext that was injected behind the 220,
depending on its patch level, sends no alert when verification fails, and hides truncation.
"""

from __future__ import annotations

import contextlib
import ssl
import time
from dataclasses import replace
from typing import Any

from smtpconsole.net.policy import TlsPolicy
from smtpconsole.net.records import Sniffer
from smtpconsole.smtp.events import TlsFacts

_ENCODING_DER = 2  # _ssl.ENCODING_DER


class TlsLayer:
    """One end of a TLS connection; whoever owns it carries the octets.

    `feed` takes what the network brought, `take_outgoing` gives what it shall carry.
    """

    def __init__(
        self,
        context: ssl.SSLContext,
        *,
        server_name: str | None = None,
        server_side: bool = False,
    ) -> None:
        self.server_name = server_name
        self.is_ready = False
        self.is_closed = False  # the peer has said close_notify
        self.seconds = 0.0
        self.round_trips = 0
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._theirs, self._ours = Sniffer(), Sniffer()
        self._began = time.monotonic()
        self._object = context.wrap_bio(
            self._incoming, self._outgoing, server_side=server_side, server_hostname=server_name
        )

    def feed(self, data: bytes) -> None:
        """Octets from the peer."""
        self._theirs.feed(data)
        self._incoming.write(data)

    def feed_eof(self) -> None:
        """The peer sends no more."""
        self._incoming.write_eof()

    def take_outgoing(self) -> bytes:
        """Octets for the peer."""
        data = self._outgoing.read()
        if data and not self.is_ready:
            self._ours.feed(data)
            self.round_trips += 1
        return data

    def handshake(self) -> bool:
        """Go on with the handshake; true when it is over.  ssl.SSLError if it failed.

        Also after a failure there may be something to carry: the alert that tells the peer why.
        """
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return False
        finally:
            self.seconds = time.monotonic() - self._began
        self.is_ready = True
        return True

    def read(self) -> bytes:
        """What has been decrypted, b"" if nothing has; ssl.SSLError if the stream is broken."""
        pieces = []
        try:
            while piece := self._object.read(65536):
                pieces.append(piece)
            self.is_closed = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.is_closed = True
        return b"".join(pieces)

    def write(self, data: bytes | memoryview) -> None:
        """Encrypt; the result is to be had from `take_outgoing`."""
        self._object.write(data)

    def close(self) -> None:
        """Say close_notify; the answer is not waited for."""
        # It is on its way with an error too, or the stream is broken and needs none.
        with contextlib.suppress(OSError):
            self._object.unwrap()

    @property
    def object(self) -> ssl.SSLObject:
        """OpenSSL's own view of the session."""
        return self._object

    @property
    def stranger(self) -> bytes:
        """What the peer said instead of TLS."""
        return self._theirs.stranger

    def facts(self) -> TlsFacts:
        """What is known of the session itself; the chain is `chain()`."""
        cipher = self._object.cipher()
        alert = None
        if self._theirs.alert is not None:
            alert = f"{self._theirs.alert}, from the server"
        elif self._ours.alert is not None:
            alert = f"{self._ours.alert}, from us"
        return TlsFacts(
            version=self._object.version() if cipher else None,
            cipher=cipher[0] if cipher else None,
            bits=cipher[2] if cipher else None,
            group=self._theirs.group,
            alpn=self._object.selected_alpn_protocol(),
            server_name=self.server_name,
            seconds=self.seconds,
            round_trips=self.round_trips,
            alert=alert,
        )

    def chain(self) -> list[bytes]:
        """The certificates the server presented, DER, its own first; also after a failure."""
        source: Any = self._object
        if not hasattr(source, "get_unverified_chain"):  # public from Python 3.13 on
            source = getattr(source, "_sslobj", None)
        presented = source.get_unverified_chain() if source is not None else None
        return [
            each if isinstance(each, bytes) else each.public_bytes(_ENCODING_DER)
            for each in presented or ()
        ]


def judged(facts: TlsFacts, chain: list[bytes], host: str, policy: TlsPolicy) -> TlsFacts:
    """The facts with each certificate read, and every problem of the chain named."""
    # Heavy, and of no use to a client whose TLS just works.
    from smtpconsole.net import certificates, diagnosis

    if policy.ca_file is not None:
        roots = certificates.roots_from(policy.ca_file)
    else:
        roots = certificates.system_roots()
    return replace(
        facts,
        chain=tuple(certificates.facts(der) for der in chain),
        problems=diagnosis.diagnose(chain, host, roots),
        store=policy.store,
        strict=policy.strict,
    )


def reason(error: Exception, layer: TlsLayer) -> str:
    """Why a handshake failed, in words."""
    if layer.stranger:
        said = ascii(layer.stranger.split(b"\r\n", 1)[0])[2:-1]
        return f"the server does not speak TLS here; it said: {said}"
    alert = layer.facts().alert
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted (CERTIFICATE_VERIFY_FAILED): {error.verify_message}"
    if alert is not None and alert.endswith("from the server"):
        return f"the server ended the TLS handshake: {alert.partition(',')[0]}"
    if isinstance(error, ssl.SSLEOFError):
        return "the server closed the connection during the TLS handshake"
    if isinstance(error, ssl.SSLError) and error.reason:
        return f"the TLS handshake failed: {error.reason.replace('_', ' ').lower()}"
    return f"the TLS handshake failed: {error}"
