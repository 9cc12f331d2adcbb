"""aiosmtpd on loopback: SMTP with everything that it has, and LMTP, in a process of its own."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trustme
from aiosmtpd import lmtp
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from ports import WAIT, free_port

DOMAIN = "example.test"
HOST = "mail.example.test"
USER = f"alice@{DOMAIN}"
PASSWORD = "queen-of-hearts-52"
SIZE = 10 * 2**20
MECHANISMS = ("LOGIN", "PLAIN")  # and only under TLS


@dataclass(frozen=True)
class Controllers:
    """aiosmtpd, listening."""

    port: int  # STARTTLS, AUTH after it
    tls_port: int
    lmtp_port: int
    proxy_port: int  # wants a PROXY header first
    impatient_port: int  # dismisses who is silent for a second
    ca: Path


class Rules:
    """Whose mail is taken; it goes nowhere."""

    async def handle_RCPT(
        self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        name, _, domain = address.rpartition("@")
        if domain != DOMAIN and not session.authenticated:
            return "550 5.7.1 relaying denied"
        if name == "nobody":
            return "550 5.1.1 User unknown"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        count = len(envelope.rcpt_tos) if isinstance(server, lmtp.LMTP) else 1
        return "\r\n".join(["250 2.0.0 taken"] * count)

    async def handle_PROXY(self, server: SMTP, session: Any, envelope: Any, data: Any) -> bool:
        return bool(data.valid)


class LmtpController(Controller):
    """The same for LMTP."""

    def factory(self) -> SMTP:
        return lmtp.LMTP(self.handler, **self.SMTP_kwargs)


def _is_right(server: SMTP, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    given = (data.login, data.password) if isinstance(data, LoginPassword) else None
    is_right = given == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=is_right, handled=False, auth_data=data)


@contextmanager
def running(folder: Path) -> Iterator[Controllers]:
    """Start them in a process of their own, and stop it at the end."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    identity = authority.issue_cert("localhost", HOST, "127.0.0.1")
    identity.private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    server = subprocess.Popen(
        [sys.executable, __file__, folder / "server.pem"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    assert server.stdout is not None
    try:
        ports = json.loads(server.stdout.readline())
        yield Controllers(**ports, ca=folder / "ca.pem")
    finally:
        server.terminate()
        server.wait(WAIT)
        server.stdout.close()


def main(pem: str) -> None:
    """Listen until somebody ends this process; says its ports as a line of JSON."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    common: dict[str, Any] = {
        "ident": "aiosmtpd",
        "server_hostname": HOST,
        "data_size_limit": SIZE,
        "enable_SMTPUTF8": True,
        "authenticator": _is_right,
    }
    wishes: dict[str, tuple[type[Controller], dict[str, Any]]] = {
        "port": (Controller, {"tls_context": context}),
        "tls_port": (Controller, {"ssl_context": context, "auth_require_tls": False}),
        "lmtp_port": (LmtpController, {}),
        "proxy_port": (Controller, {"proxy_protocol_timeout": 5}),
        "impatient_port": (Controller, {"timeout": 1}),
    }
    ports = {}
    for name, (kind, wish) in wishes.items():
        controller = kind(Rules(), "127.0.0.1", free_port(), **common, **wish)
        controller.start()
        ports[name] = controller.port
    print(json.dumps(ports), flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1])
