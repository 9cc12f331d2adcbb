"""A real OpenSMTPD on loopback, of the Debian package `opensmtpd`, which is not installed.

It is unpacked beside (see `beside`), because it cannot be installed together with Postfix.

`alice`, `bob` and `postmaster` have mailboxes; u0 to u1999 are taken and go nowhere.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import beside
import trustme
from ports import free_port

DOMAIN = "example.test"
HOST = "mail.example.test"
USER = f"alice@{DOMAIN}"
PASSWORD = "mock-turtle-4410"
SIZE = 10 * 2**20
MECHANISMS = ("PLAIN", "LOGIN")  # and only under TLS

_USERS = {"opensmtpd": 64051, "opensmtpq": 64052}  # compiled in
_EMPTY = "/var/lib/opensmtpd/empty"


@dataclass(frozen=True)
class OpenSmtpd:
    """A running OpenSMTPD."""

    port: int  # STARTTLS, AUTH after it
    tls_port: int
    proxy_port: int  # wants a PROXY header of version 2 first
    ca: Path
    folder: Path

    def log(self) -> str:
        """What it has logged."""
        return (self.folder / "scratch.log").read_text("utf-8", "replace")


@contextmanager
def running(folder: Path, kept: Path) -> Iterator[OpenSmtpd]:
    """Start it in a folder that its users can reach, and stop it at the end."""
    root = beside.fetched("opensmtpd", kept)
    server = OpenSmtpd(free_port(), free_port(), free_port(), folder / "ca.pem", folder)
    _prepare(server)
    command = ["/usr/sbin/smtpd", "-d", "-f", folder / "smtpd.conf"]
    scratch = folder / "scratch"
    ports = (server.port, server.tls_port, server.proxy_port)
    folders = (_EMPTY, "/var/spool")
    with beside.started(root, command, scratch, ports=ports, users=_USERS, folders=folders):
        yield server


def _prepare(server: OpenSmtpd) -> None:
    folder = server.folder
    folder.chmod(0o755)
    for name in ("mail", "scratch"):
        (folder / name).mkdir()
    shutil.chown(folder / "mail", "mail", "mail")
    _certificates(folder)
    hashed = subprocess.run(
        ["openssl", "passwd", "-6", "-stdin"], input=PASSWORD, capture_output=True, text=True
    )
    (folder / "logins").write_text(f"{USER} {hashed.stdout}")
    (folder / "logins").chmod(0o640)
    shutil.chown(folder / "logins", group=_USERS["opensmtpd"])
    boxes = [f"{name}@{DOMAIN}" for name in ("alice", "bob", "postmaster")]
    sinks = [f"u{number}@{DOMAIN}" for number in range(2000)]
    (folder / "virtual").write_text("".join(f"{each} box\n" for each in boxes))
    (folder / "boxes").write_text("\n".join((*boxes, "")))
    (folder / "sinks").write_text("\n".join((*sinks, "")))
    (folder / "users").write_text(f"box 8:8:{folder}/mail\n")
    (folder / "smtpd.conf").write_text(_configuration(server))


def _certificates(folder: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    identity = authority.issue_cert("localhost", HOST, "127.0.0.1")
    identity.cert_chain_pems[0].write_to_path(str(folder / "server.pem"))
    identity.private_key_pem.write_to_path(str(folder / "server.key"))
    (folder / "server.key").chmod(0o600)


def _configuration(server: OpenSmtpd) -> str:
    folder = server.folder
    return f"""\
pki lab cert "{folder}/server.pem"
pki lab key "{folder}/server.key"
table logins file:{folder}/logins
table to_box file:{folder}/virtual
table boxes file:{folder}/boxes
table sinks file:{folder}/sinks
table owners file:{folder}/users
smtp max-message-size {SIZE}
smtp limit max-rcpt 2000
listen on 127.0.0.1 port {server.port} tls pki lab auth-optional <logins> hostname {HOST}
listen on 127.0.0.1 port {server.tls_port} smtps pki lab auth-optional <logins> hostname {HOST}
listen on 127.0.0.1 port {server.proxy_port} hostname {HOST} proxy-v2
action "box" maildir "{folder}/mail/%{{rcpt.user}}" virtual <to_box> userbase <owners>
# Nothing listens there: what is relayed waits in a queue that is gone with the server.
action "nowhere" relay host "smtp://127.0.0.1:1"
match from any for domain "{DOMAIN}" rcpt-to <boxes> action "box"
match from any for domain "{DOMAIN}" rcpt-to <sinks> action "nowhere"
match auth from any for any action "nowhere"
"""
