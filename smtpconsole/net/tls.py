"""TLS over `ssl.MemoryBIO`: the same layer for client and sandbox, and it moves no octets itself.

Not `loop.start_tls`: asyncio keeps or swallows plaintext that was injected behind the 220,
depending on its patch level, sends no alert when verification fails, and hides truncation.
"""

from __future__ import annotations

import contextlib
import re
import ssl
import time
import weakref
from dataclasses import replace
from typing import Any

from smtpconsole.net.bindings import ExporterLog, bindings
from smtpconsole.net.messages import Reader, Tell
from smtpconsole.net.policy import TlsPolicy
from smtpconsole.net.records import ALERT, CHANGE_CIPHER_SPEC, HANDSHAKE, Sniffer, is_record
from smtpconsole.smtp.facts import Party, TlsFacts

_ENCODING_DER = 2  # _ssl.ENCODING_DER
_TEXT = re.compile(rb"[\x20-\x7e]{3,}\r?\n")


class TlsLayer:
    """One end of a TLS connection; whoever owns it carries the octets.

    `feed` takes what the network brought, `take_outgoing` gives what it shall carry.  `tell` is
    told each message of the handshake and each alert.  A context that `is_ours`, and of this
    session alone, lets it tell also what is encrypted, and gives `tls-exporter`.
    """

    def __init__(
        self,
        context: ssl.SSLContext,
        *,
        server_name: str | None = None,
        server_side: bool = False,
        session: ssl.SSLSession | None = None,
        tell: Tell | None = None,
        is_ours: bool = False,
    ) -> None:
        self.server_name = server_name
        self.is_ready = False
        self.is_closed = False  # the peer has said close_notify
        self.seconds = 0.0
        self.round_trips = 0
        self.seen = Reader(tell)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._own: Party = "server" if server_side else "client"
        self._peer: Party = "client" if server_side else "server"
        is_traced = is_ours and tell is not None and self._trace(context)
        clear = None if is_traced else self.seen
        self._theirs, self._ours = Sniffer(self._peer, clear), Sniffer(self._own, clear)
        self._last = b""  # the last octets of the peer, to tell what broke the stream
        self._exports = ExporterLog(context) if is_ours else None
        self._secret: bytes | None = None  # of the exporter of TLS 1.3
        self._began = time.monotonic()
        self._object = context.wrap_bio(
            self._incoming,
            self._outgoing,
            server_side=server_side,
            server_hostname=server_name,
            session=session,
        )

    def _trace(self, context: ssl.SSLContext) -> bool:
        """Have OpenSSL tell every message, the encrypted ones too; false if it cannot."""
        # Private since 3.8 and unchanged since; without it, what is in the clear is read.
        if not hasattr(context, "_msg_callback"):
            return False

        # The context holds the callback, and the layer the context: `ssl` does not let the
        # collector see that, so a layer that is held here would never be let go.
        layer = weakref.ref(self)

        def told(
            _: object, direction: str, __: object, content: int, ___: object, data: bytes
        ) -> None:
            if (own := layer()) is not None:
                own._told(own._peer if direction == "read" else own._own, int(content), data)

        context._msg_callback = told
        return True

    def _told(self, party: Party, content: int, data: bytes) -> None:
        if content == HANDSHAKE and len(data) >= 4:
            self.seen.message(party, data[0], data[4:])
        elif content == ALERT and len(data) == 2:
            self.seen.alert(party, data[0], data[1])
        elif content == CHANGE_CIPHER_SPEC:
            self.seen.change_cipher_spec(party)

    def feed(self, data: bytes) -> None:
        """Octets from the peer."""
        self._theirs.feed(data)
        self._last = data
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
        if self._exports is not None:
            self._secret = self._exports.take()
        return True

    def forget(self) -> None:
        """The connection is gone: nothing of a handshake that did not come to its end is kept."""
        if self._exports is not None:
            self._exports.forget()

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

    def rest(self) -> bytes:
        """What came behind the peer's close_notify, and is no TLS."""
        return self._incoming.read() if self.is_closed else b""

    @property
    def object(self) -> ssl.SSLObject:
        """OpenSSL's own view of the session."""
        return self._object

    @property
    def stranger(self) -> bytes:
        """What the peer said instead of TLS."""
        if self._theirs.stranger or not self._last or is_record(self._last):
            return self._theirs.stranger
        # Within TLS a segment may begin in the middle of a record: only text is a stranger.
        return self._last[:200] if _TEXT.match(self._last) else b""

    def facts(self) -> TlsFacts:
        """What is known of the session itself; the chain is `chain()`."""
        cipher = self._object.cipher()
        seen = self.seen
        return TlsFacts(
            version=self._object.version() if cipher else None,
            cipher=cipher[0] if cipher else None,
            bits=cipher[2] if cipher else None,
            group=seen.group,
            alpn=self._object.selected_alpn_protocol(),
            server_name=self.server_name,
            seconds=self.seconds,
            round_trips=self.round_trips,
            signature=seen.signature,
            is_resumed=bool(self._object.session_reused),
            extended_master_secret=seen.extended_master_secret,
            compression=self._object.compression(),
            is_retried=seen.is_retried,
            downgraded_from=seen.downgraded_from,
            client_certificate_requested=seen.client_certificate_requested,
            authorities=seen.authorities,
            alerts=tuple(seen.alerts),
            messages=tuple(seen.messages),
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

    def channel_bindings(self) -> dict[str, bytes]:
        """What mechanisms can be bound to (RFC 5056), by type, the best first."""
        leaf = self._object.getpeercert(binary_form=True)
        return bindings(self._object, self._secret, leaf)


def judged(facts: TlsFacts, chain: list[bytes], host: str, policy: TlsPolicy) -> TlsFacts:
    """The facts with each certificate read, and every problem named."""
    # Heavy, and of no use to a client whose TLS just works.
    from smtpconsole.net import certificates, diagnosis, remarks, roots

    trusted = roots.trusted_by(policy)
    is_shown = bool(chain) or not facts.is_resumed
    problems = diagnosis.diagnose(chain, host, trusted) if is_shown else ()
    return replace(
        facts,
        chain=tuple(certificates.facts(der) for der in chain),
        problems=problems + remarks.remarks(facts),
        store=policy.in_words(),
        strict=policy.strict,
    )


def indicated(name: str) -> str:
    """A host name as SNI carries it: A-labels, no final dot."""
    name = name.rstrip(".")
    if name.isascii():
        return name
    import idna

    with contextlib.suppress(idna.IDNAError):
        return idna.encode(name, uts46=True).decode("ascii")
    return name
