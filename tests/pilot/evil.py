"""A server that says everything a terminal, a markup parser or a careless tool could obey."""

from __future__ import annotations

import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

# Escapes that clear, colour, set the title, write the clipboard and ask the terminal for input;
# markup that would act or crash; bidirectional overrides; line ends of other alphabets.
TEXT = (
    "user[/x]@e [b]y[/b] [@click=app.quit]z[/] \x1b[31m\x1b[2J\x1b]0;owned\x07"
    "\x1b]52;c;ZXZpbA==\x07\x1b[5n\x9b31m\u202eesrever\u2028line\x00nul\x08\x85"
)
# What must never reach a terminal, as octets.
LIVE = (b"\x1b]0;owned", b"\x1b]52;c;ZXZpbA", b"\x1b[5n", b"\xc2\x9b31m", b"\xe2\x80\xae")
# What must be seen instead.
SEEN = ("user[/x]@e [b]y[/b] [@click=app.quit]z[/]", "␛[31m␛[2J␛]0;owned␇", "\\u{202e}esrever")


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        self._say(f"220 {TEXT}")
        while line := self.rfile.readline(4096):
            verb = line.split(None, 1)[0].upper() if line.strip() else b""
            if verb == b"EHLO":
                self._say(f"250-{TEXT}", f"250-X{TEXT}", "250-STARTTLS", f"250 AUTH {TEXT}")
            elif verb == b"STARTTLS":
                self._say(f"220 {TEXT}")
                self.request = self.server.tls.wrap_socket(self.request, server_side=True)
                self.setup()
            else:
                self._say(f"550 5.7.1 {TEXT}")

    def finish(self) -> None:
        super().finish()
        self.request.close()  # under TLS it is not the socket that the server closes

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    tls: ssl.SSLContext

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is none of our business."""


@contextmanager
def evil(folder: Path) -> Iterator[int]:
    """Run it; the port."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.tls = _context(folder)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def _context(folder: Path) -> ssl.SSLContext:
    """A certificate whose subject is hostile too."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, TEXT.replace("\0", "")[:60])])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=9))
        .not_valid_after(now - timedelta(days=2))
        .sign(key, hashes.SHA256())
    )
    file = folder / "evil.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
