"""Nodemailer's smtp-server on loopback, of the version that `node/package-lock.json` pins.

Node.js and npm are needed, and npm's registry: the package is installed for each run.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme
from ports import WAIT

HOST = "mail.example.test"
USER = "alice@example.test"
PASSWORD = "white-rabbit-5120"
TOKEN = "a-token-that-it-takes-77"
MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2")

_SOURCE = Path(__file__).parent / "node"


@dataclass(frozen=True)
class Nodemailer:
    """A running smtp-server."""

    port: int  # STARTTLS, AUTH after it
    tls_port: int
    plain_port: int  # no TLS, AUTH all the same
    lmtp_port: int
    proxy_port: int  # wants a PROXY header of version 1 first
    xclient_port: int
    impatient_port: int  # dismisses who is silent for a second
    ca: Path
    process: subprocess.Popen[bytes]


@contextmanager
def running(folder: Path) -> Iterator[Nodemailer]:
    """Install and start it in a folder, and stop it at the end."""
    for program in ("node", "npm"):
        assert shutil.which(program), f"{program} is missing: apt-get install nodejs npm"
    for name in ("package.json", "package-lock.json", "server.js"):
        shutil.copy(_SOURCE / name, folder / name)
    command = ["npm", "ci", "--omit=optional", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    identity = authority.issue_cert("localhost", HOST, "127.0.0.1")
    identity.private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    with _started(folder) as node:
        yield node


@contextmanager
def fragile(node: Nodemailer) -> Iterator[Nodemailer]:
    """Another, as people write them: it does not survive its first error."""
    with _started(node.ca.parent, FRAGILE="1") as another:
        yield another


@contextmanager
def _started(folder: Path, **environment: str) -> Iterator[Nodemailer]:
    server = subprocess.Popen(
        ["node", "server.js", HOST, USER, PASSWORD, TOKEN, "server.pem"],
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL if environment else None,
    )
    try:
        assert server.stdout is not None
        ports = json.loads(server.stdout.readline())
        yield Nodemailer(**ports, ca=folder / "ca.pem", process=server)
    finally:
        server.terminate()
        server.wait(WAIT)
        if server.stdout is not None:
            server.stdout.close()
