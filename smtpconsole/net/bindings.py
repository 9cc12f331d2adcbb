"""Channel bindings (RFC 5056): octets that both ends of one TLS session know, and nobody else.

1. `tls-exporter` (RFC 9266) is for TLS 1.3 only: under 1.2 it would need more than is told here.
2. `tls-unique` (RFC 5929, 3) is for TLS up to 1.2, though `ssl` gives something under 1.3, too.
3. `tls-server-end-point` (RFC 5929, 4) is a hash of the server's certificate, and proves less.

`ssl` cannot export keying material (cpython#82133), but logs what that is made of: into memory
that has no name, of which the one secret is taken and the rest forgotten.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import ssl
import struct

_LABEL = b"EXPORTER-Channel-Binding"
_LENGTH = 32  # octets, RFC 9266, 2


class ExporterLog:
    """Where OpenSSL leaves the secrets of one handshake; None of it is on a disk."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._descriptor = -1
        self._context = context
        # A file that somebody else has asked for is not ours to replace.
        if context.keylog_filename is not None or not hasattr(os, "memfd_create"):
            return
        descriptor = os.memfd_create("tls", os.MFD_CLOEXEC)
        try:
            context.keylog_filename = f"/proc/self/fd/{descriptor}"
        except OSError:  # no /proc
            os.close(descriptor)
            return
        self._descriptor = descriptor

    def take(self) -> bytes | None:
        """The exporter secret of TLS 1.3, if there is one; all else is forgotten."""
        if self._descriptor < 0:
            return None
        log = os.pread(self._descriptor, 64 * 1024, 0)
        self.forget()
        for line in log.splitlines():
            words = line.split()
            if len(words) == 3 and words[0] == b"EXPORTER_SECRET":
                return bytes.fromhex(words[2].decode("ascii"))
        return None

    def forget(self) -> None:
        """Leave nothing behind."""
        if self._descriptor >= 0:
            # OpenSSL has a descriptor of its own; typeshed does not know that None closes it.
            self._context.keylog_filename = None  # type: ignore[assignment]
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = -1

    def __del__(self) -> None:
        self.forget()


def bindings(session: ssl.SSLObject, secret: bytes | None, leaf: bytes | None) -> dict[str, bytes]:
    """The bindings of a session by type, the best first."""
    found: dict[str, bytes] = {}
    if session.version() == "TLSv1.3":
        if secret is not None:
            cipher = session.cipher()
            is_long = cipher is not None and cipher[0].endswith("SHA384")
            found["tls-exporter"] = exporter(secret, "sha384" if is_long else "sha256")
    elif (unique := session.get_channel_binding("tls-unique")) is not None:
        found["tls-unique"] = unique
    end_point = _end_point(leaf) if leaf is not None else None
    if end_point is not None:
        found["tls-server-end-point"] = end_point
    return found


def exporter(secret: bytes, digest: str) -> bytes:
    """`tls-exporter` out of the exporter secret (RFC 8446, 7.5)."""
    empty = hashlib.new(digest).digest()
    derived = _expanded(secret, _LABEL, empty, len(empty), digest)
    return _expanded(derived, b"exporter", empty, _LENGTH, digest)


def _expanded(secret: bytes, label: bytes, context: bytes, length: int, digest: str) -> bytes:
    """HKDF-Expand-Label (RFC 8446, 7.1) for a length of one digest at most."""
    label = b"tls13 " + label
    info = struct.pack(">HB", length, len(label)) + label + bytes([len(context)]) + context
    return hmac.digest(secret, info + b"\1", digest)[:length]


def _end_point(der: bytes) -> bytes | None:
    """The hash of a certificate; None where RFC 5929 leaves it open, as for Ed25519."""
    from cryptography import x509  # Heavy, and seldom needed.
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        algorithm = x509.load_der_x509_certificate(der).signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm):
        return None
    if algorithm is None:
        return None
    name = "sha256" if algorithm.name in ("md5", "sha1") else algorithm.name
    return hashlib.new(name.replace("-", "_"), der).digest()
