"""Why TLS did not come about, as a stable code and a sentence.

1. The code is for programs and for the way on (`TlsFacts.failure`); the sentence says which
   side ended it and why.
2. OpenSSL's own words never stand alone: they come in brackets behind ours.
3. What the server said instead of TLS is shown as it came, in ASCII.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from smtpconsole.smtp.facts import Alert

if TYPE_CHECKING:
    from smtpconsole.net.tls import TlsLayer

# What OpenSSL gives as its reason for ending a handshake: our code and our sentence.
_REASONS = {
    "UNSUPPORTED_PROTOCOL": ("version", "the server takes only a TLS version that is not offered"),
    "NO_PROTOCOLS_AVAILABLE": ("prepare", "no TLS version is left to offer"),
    "NO_CIPHERS_AVAILABLE": ("prepare", "no cipher suite is left to offer"),
    "INAPPROPRIATE_FALLBACK": (
        "downgrade",
        "somebody on the path, or the server, takes a lower TLS version than both sides know",
    ),
    "DH_KEY_TOO_SMALL": ("weak-group", "the server's Diffie-Hellman group is too weak"),
    "BAD_DH_VALUE": ("weak-group", "the server's Diffie-Hellman value is unsound"),
    "UNSAFE_LEGACY_RENEGOTIATION_DISABLED": (
        "renegotiation",
        "the server does not know secure renegotiation (RFC 5746)",
    ),
    "EE_KEY_TOO_SMALL": ("certificate", "the server's key is too weak"),
    "CA_MD_TOO_WEAK": ("certificate", "the certificate is signed too weakly"),
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": (
        "client-certificate",
        "the server demands a client certificate",
    ),
    "DECRYPTION_FAILED_OR_BAD_RECORD_MAC": ("garbage", "a record was damaged on the way"),
    "EXCESSIVE_MESSAGE_SIZE": ("garbage", "the server sends a message that is far too long"),
}
_REFUSALS = (43, 44, 45, 46, 48)  # of a certificate, so of ours
_ALERTS = {
    40: "no-common-suite",
    41: "client-certificate",
    42: "client-certificate",
    **dict.fromkeys(_REFUSALS, "client-certificate"),
    70: "version",
    71: "no-common-suite",
    86: "downgrade",
    112: "name",
    116: "client-certificate",
    120: "alpn",
}


def failure(error: Exception, layer: TlsLayer) -> tuple[str, str]:
    """The code and the sentence for a handshake, or a TLS stream, that broke."""
    if layer.stranger:
        return _not_tls(layer)
    alert = _fatal(layer)
    if alert is not None:
        return _by_alert(alert, layer)
    if isinstance(error, ssl.SSLCertVerificationError):
        told = f"the certificate is not trusted (CERTIFICATE_VERIFY_FAILED): {error.verify_message}"
        return "certificate", told
    if isinstance(error, ssl.SSLEOFError):
        return "closed", f"the server closed the connection during {_when(layer)}"
    unsound = "garbage", f"what the server sent during {_when(layer)} is unsound"
    if isinstance(error, ssl.SSLError) and error.reason:
        words = error.reason.replace("_", " ").lower()
        code, told = _REASONS.get(error.reason, unsound)
        return code, f"{told} ({words})"
    return unsound


def _when(layer: TlsLayer) -> str:
    return "the TLS session" if layer.is_ready else "the TLS handshake"


def _not_tls(layer: TlsLayer) -> tuple[str, str]:
    said = ascii(layer.stranger.split(b"\r\n", 1)[0])[2:-1]
    if layer.is_ready:
        return "clear-in-tls", f"the server went on in the clear inside of TLS; it said: {said}"
    if layer.seen.messages and any(each.party == "server" for each in layer.seen.messages):
        return "clear-in-tls", f"the server broke off the TLS handshake; it said: {said}"
    return "not-tls", f"the server does not speak TLS here; it said: {said}"


def _fatal(layer: TlsLayer) -> Alert | None:
    """The alert by which the server ended it."""
    for alert in reversed(layer.seen.alerts):
        if alert.party == "server" and (alert.is_fatal or alert.code != 0):
            return alert
    return None


def _by_alert(alert: Alert, layer: TlsLayer) -> tuple[str, str]:
    code = _ALERTS.get(alert.code, "alert")
    if code == "no-common-suite" and layer.seen.client_certificate_requested:
        code = "client-certificate"
    more = ""
    if alert.code in _REFUSALS:
        more = "; it does not take our certificate"
    elif code == "client-certificate":
        more = "; it demands a client certificate"
    return code, f"the server ended {_when(layer)}: {alert.name} (alert {alert.code}){more}"
